"""How soon the bot answers 20 chats while it draws reports and writes a spreadsheet.

    python -m benchmarks.bot_answers

In each chat a button is pressed every two seconds, whether the one before was answered
or not. Against the sandbox's Bot API, whose limits are raised: Telegram's own of one
message a second in a chat is not what is measured. Three times: beside nothing else;
while five chats ask for a report, again as soon as they have it; and while a
spreadsheet of 1,000,000 rows is written besides, as XLSX if XlsxWriter is installed.
A loop that does nothing, in a process of its own, tells meanwhile how late the machine
is by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from configparser import RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count, cycle
from pathlib import Path
from statistics import median, quantiles
from threading import Thread

from pydantic import SecretStr
from sqlalchemy import Engine, select

from benchmarks.bot_service import LONGEST
from benchmarks.idle_loop import LAG, OWN_LAG, Lag, bot_lag, free_port, idle_loop
from benchmarks.spreadsheet import ROWS, kind
from pipelines.etl_db import as_utc, etl_engine, updates_table
from pipelines.operations import Identity, IdentityKind, Role, accept, invite
from pipelines.text import Console
from sandbox.fill.requests import Days
from sandbox.fill.tables import TABLES
from sandbox.process import SandboxProcess
from sandbox.shards import Shard, write_shards
from sandbox.telegram.chats import Message
from sandbox.telegram.control import TelegramControl

DAY = date(2019, 3, 14)
SHARDS = 30
TAPPING = range(101, 121)
REPORTING = range(201, 206)
PACE = 10_000.0
"""How many times faster than Telegram's the limits of the sandbox's Bot API are."""

EVERY = 2.0
"""Seconds between two taps of a chat: more often nobody may, in the long run."""

SECONDS = 30.0
"""How long each part takes that does not end by itself."""

READY = 10.0
"""Seconds of taps that do not count: the first have much imported."""

ANSWERED = 60.0
"""Most seconds for the last answers."""

LOOK = 0.1


@dataclass
class People:
    """Who taps, and who asks for reports.

    Attributes:
        telegram: Where.
        engine: The ETL database, which has when an answer was sent.
        buttons: The message of each chat below which there is the button.
        taps: When each update of a tap was sent.
        reports: The same of those that ask for a report.
    """

    telegram: TelegramControl
    engine: Engine
    buttons: dict[int, int]
    taps: dict[int, datetime] = field(default_factory=dict)
    reports: dict[int, datetime] = field(default_factory=dict)

    def tap(self, chat: int) -> None:
        """Press a button."""
        now = datetime.now(UTC)
        pressed = self.telegram.press(chat, chat, self.buttons[chat], "wish:jobs list")
        self.taps[pressed.update] = now

    def ask(self, chat: int) -> int:
        """Ask for a report."""
        now = datetime.now(UTC)
        update = self.telegram.say(chat, chat, f"/report {DAY}").update
        self.reports[update] = now
        return update

    def answers(self, sent: dict[int, datetime]) -> dict[int, float]:
        """How many seconds each of some updates that is over took."""
        its = updates_table.c
        query = select(its.update_id, its.ended).where(its.ended.is_not(None))
        with self.engine.connect() as connection:
            return {
                update: (as_utc(ended) - sent[update]).total_seconds()
                for update, ended in connection.execute(query)
                if update in sent
            }


@dataclass(frozen=True)
class Part:
    """What was measured beside something.

    Attributes:
        title: Beside what.
        taps: Seconds until the answer to each tap was sent.
        reports: The same of reports.
        bot: How late the bot's loop was.
        own: The same, less the time for which it waited for a processor.
        machine: How late an idle loop was.
        cpu: Seconds of a processor that the bot took, without its processes.
    """

    title: str
    taps: Sequence[float]
    reports: Sequence[float]
    bot: Lag
    own: Lag
    machine: Lag
    cpu: float


def main() -> None:
    """Measure and show."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        for part in measured(Path(folder), console.print):
            taps = f"{len(part.taps)} taps {_spread(part.taps)}"
            reports = f"{len(part.reports)} reports {_spread(part.reports)}"
            told = f"{taps}; {reports}" if part.reports else taps
            console.print(f"{part.title}: {told}", soft_wrap=True)
            console.print(f"  the bot's loop: {part.bot}", soft_wrap=True)
            console.print(
                f"  without waits for a processor: {part.own}", soft_wrap=True
            )
            console.print(f"  an idle loop: {part.machine}", soft_wrap=True)
            each = part.cpu / (len(part.taps) + len(part.reports)) * 1e3
            console.print(f"  the bot's CPU: {part.cpu:.1f} s, {each:.0f} ms an answer")


def measured(home: Path, tell: Callable[[str], None]) -> Iterator[Part]:
    """Each part, after all is made ready."""
    listed = home / "shards.csv"
    write_shards(listed, [Shard(f"mssql_{at % 3}", f"s{at}") for at in range(SHARDS)])
    with SandboxProcess(home / "sandbox", "--shards", str(listed)) as sandbox:
        port = free_port()
        config, engine = _configured(home, sandbox, listed, port)
        days = Days(DAY - timedelta(days=1), DAY)
        for table in TABLES:
            sandbox.control.fill_samples(table, days, rows=200, seed=1)
        _shardline(config, "refresh", "--date", str(DAY))
        with _bot(config) as bot:
            people = _people(sandbox.control.telegram, engine)
            look = _Look(port, bot.pid)
            _part(people, look, "to get ready", lambda at: at < READY, asks=False)
            yield _part(people, look, "taps", lambda at: at < SECONDS, asks=False)
            yield _part(people, look, "and reports", lambda at: at < SECONDS)
            written = _Written(bot, home / f"many.{kind()}")
            title = f"and {ROWS:,} rows of {kind()}"
            yield _part(
                people, look, title, lambda at: at < LONGEST and not written.is_there()
            )
            tell(f"the spreadsheet took {written.seconds} s")


def _part(
    people: People,
    look: _Look,
    title: str,
    goes_on: Callable[[float], bool],
    *,
    asks: bool = True,
) -> Part:
    """Have people tap while something goes on, and some ask for reports, or none."""
    people.taps.clear()
    people.reports.clear()
    bot, own, cpu = look.lag(LAG), look.lag(OWN_LAG), look.cpu()
    with idle_loop() as machine:
        _tap(people, goes_on, REPORTING if asks else ())
        bot, own = look.lag(LAG).since(bot), look.lag(OWN_LAG).since(own)
    _await(lambda: len(people.answers(people.taps)) == len(people.taps))
    _await(lambda: len(people.answers(people.reports)) == len(people.reports))
    taps, reports = people.answers(people.taps), people.answers(people.reports)
    return Part(
        title,
        list(taps.values()),
        list(reports.values()),
        bot,
        own,
        machine[0],
        look.cpu() - cpu,
    )


@dataclass(frozen=True)
class _Look:
    """At the process of a bot.

    Attributes:
        port: Where it serves its figures.
        process: Its number.
    """

    port: int
    process: int

    def lag(self, figure: str) -> Lag:
        """How late its loop was."""
        return bot_lag(self.port, figure)

    def cpu(self) -> float:
        """Seconds of a processor that it took so far (proc(5))."""
        stat = Path(f"/proc/{self.process}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _tap(
    people: People, goes_on: Callable[[float], bool], reporting: Sequence[int]
) -> None:
    began = time.monotonic()
    asked = dict.fromkeys(reporting, 0)
    pause = EVERY / len(TAPPING)
    for number, chat in zip(count(1), cycle(TAPPING), strict=False):
        people.tap(chat)
        done = {0, *people.answers(people.reports)}
        asked = {
            one: people.ask(one) if update in done else update
            for one, update in asked.items()
        }
        now = time.monotonic() - began
        if not goes_on(now):
            return
        time.sleep(max(0.0, number * pause - now))


class _Written:
    """A spreadsheet that the bot is told to write."""

    def __init__(self, bot: subprocess.Popen[str], path: Path) -> None:
        self.seconds = ""
        self._bot = bot
        if bot.stdin:
            bot.stdin.write(f"{path}\n")
            bot.stdin.flush()
        Thread(target=self._read, daemon=True).start()

    def is_there(self) -> bool:
        return bool(self.seconds)

    def _read(self) -> None:
        if self._bot.stdout:
            self.seconds = self._bot.stdout.readline().strip() or "no"


def _configured(
    home: Path, sandbox: SandboxProcess, shards: Path, port: int
) -> tuple[Path, Engine]:
    database = f"sqlite:///{home / 'etl.db'}"
    config = RawConfigParser()
    config.read(sandbox.luigi_cfg)
    config["sessions"] = {"database": database}
    config["catalog"] = {"shards": str(shards)}
    config["bot"] = {"port": str(port)}
    path = home / "product.cfg"
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return path, etl_engine(SecretStr(database))


def _shardline(config: Path, *arguments: str) -> None:
    subprocess.run(  # noqa: S603 - our own interpreter and package
        [sys.executable, "-m", "pipelines", *arguments],
        env={**os.environ, "LUIGI_CONFIG_PATH": str(config)},
        check=True,
        stdout=subprocess.DEVNULL,
    )


@contextmanager
def _bot(config: Path) -> Iterator[subprocess.Popen[str]]:
    """The bot, until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bot_service"],
        env={**os.environ, "LUIGI_CONFIG_PATH": str(config)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as bot:
        try:
            yield bot
        finally:
            if bot.stdin:
                bot.stdin.close()


def _people(telegram: TelegramControl, engine: Engine) -> People:
    """Everybody, once each of them has had an answer."""
    telegram.set_pace(PACE)
    people = People(telegram, engine, {})
    for chat in (*TAPPING, *REPORTING):
        telegram.add_chat(chat)
        with engine.begin() as connection:
            code = invite(connection, f"person {chat}", Role.VIEWER).code
        identity = Identity(IdentityKind.TELEGRAM, str(chat))
        accept(engine, code, identity, f"telegram:{chat}")
    for chat in TAPPING:
        telegram.say(chat, chat, "/jobs")
        answers = telegram.wait(partial(_answers, telegram, chat))
        people.buttons[chat] = answers[-1].id
    for chat in REPORTING:
        people.ask(chat)
    _await(lambda: len(people.answers(people.reports)) == len(people.reports))
    return people


def _answers(telegram: TelegramControl, chat: int) -> list[Message]:
    return [one for one in telegram.messages(chat) if not one.sender]


def _await(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ANSWERED
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError("not everything was answered")
        time.sleep(LOOK)


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) <= 1:
        return "none"
    p95 = quantiles(seconds, n=20)[-1]
    return (
        f"median {median(seconds) * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms,"
        f" longest {max(seconds) * 1e3:.0f} ms"
    )


if __name__ == "__main__":
    main()
