"""Pollers, workers and the database are killed at random: no update lost, none twice.

The double of Telegram is a file: how many updates there are, and how many of them were
confirmed. A deed is a row of a table without a key, so one that is done twice is seen.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.bot.inbox import LostUpdateError, accept, claim, figures, finish, sent
from pipelines.bot.updates import HeldUpdate, Update
from pipelines.errors import TransientError
from pipelines.etl_db import etl_db_errors, etl_engine
from tests.kit.postgres import Postgres, running, why_not

logger = logging.getLogger(__name__)

FORK = multiprocessing.get_context("fork")
WORKERS, CHATS = 3, 4
BATCH, AHEAD = 5, 16
LEASE = 0.3
WAIT = 90.0
WRITTEN = datetime(2026, 3, 14, tzinfo=UTC)
RENUMBERED = 150
"""After so many updates Telegram goes on with lower ids."""

deeds_table = sa.Table(
    "deeds",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)
T = TypeVar("T")


def update_at(at: int) -> Update:
    """The update that came at this place, whatever it is called."""
    generation, behind = divmod(at, RENUMBERED)
    update_id = 10**9 - generation * 1_000 + behind
    return Update(update_id, str(at % CHATS), WRITTEN, "message", {"at": at})


class Telegram:
    """A server's side of getUpdates: two numbers in a file, for all processes."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_RDWR)
        if not os.fstat(self._file).st_size:
            os.pwrite(self._file, struct.pack("QQ", 0, 0), 0)

    @property
    def confirmed(self) -> int:
        return self._number(0)

    @property
    def written(self) -> int:
        return self._number(8)

    def write(self, count: int) -> None:
        os.pwrite(self._file, struct.pack("Q", count), 8)

    def updates(self) -> range:
        first = self.confirmed
        return range(first, min(self.written, first + BATCH))

    def confirm(self, places: range) -> None:
        """Whatever is asked for, what was confirmed once never comes again."""
        if places.stop > self.confirmed:
            os.pwrite(self._file, struct.pack("Q", places.stop), 0)

    def _number(self, at: int) -> int:
        return int(struct.unpack("Q", os.pread(self._file, 8, at))[0])


class Journal:
    """What the chats have seen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def send(self, reply: int) -> None:
        os.write(self._file, f"{reply}\n".encode())

    def sent(self) -> list[int]:
        return [int(line) for line in self._path.read_text().splitlines()]


def persist(step: Callable[[], None]) -> None:
    """Again and again, also without the database, until somebody kills the process."""
    while True:
        try:
            step()
        except (LostUpdateError, TransientError):
            time.sleep(0.02)


def poll(url: str, folder: Path) -> None:
    engine, telegram = etl_engine(SecretStr(url)), Telegram(folder / "telegram")

    def step() -> None:
        places = telegram.updates()
        accept(engine, [update_at(at) for at in places])
        telegram.confirm(places)
        time.sleep(0.01)

    persist(step)


def work(url: str, folder: Path) -> None:
    engine, journal = etl_engine(SecretStr(url)), Journal(folder / "journal")
    rng, me = random.Random(), f"worker {os.getpid()}"

    def step() -> None:
        held = claim(engine, me, LEASE)
        if held is None:
            time.sleep(0.02)
            return
        reply = held.reply if held.is_answered else answer(engine, held, rng)
        assert reply is not None
        journal.send(reply["to"])
        sent(engine, held)

    persist(step)


def answer(engine: sa.Engine, held: HeldUpdate, rng: random.Random) -> dict[str, int]:
    """Do what is wished; now and then so slowly that another does it meanwhile."""
    assert held.update.body is not None
    place: int = held.update.body["at"]
    reply = {"to": place}
    time.sleep(rng.choices([0, 0.02, 1.5 * LEASE], [8, 4, 1])[0])
    with etl_db_errors("no deed"), engine.begin() as connection:
        connection.execute(sa.insert(deeds_table).values(at=place))
        finish(connection, held, reply)
    return reply


@dataclass
class Scene:
    """Who is at work, and who is killed.

    Attributes:
        died: How processes ended that nobody had killed.
    """

    url: str
    folder: Path
    rng: random.Random
    server: Postgres | None
    processes: list[tuple[str, BaseProcess]] = field(default_factory=list)
    died: list[int | None] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.engine = etl_engine(SecretStr(self.url))
        self.telegram = Telegram(self.folder / "telegram")
        self.journal = Journal(self.folder / "journal")
        deeds_table.create(self.engine)

    def man(self) -> None:
        """Have a poller, and as many workers as there ought to be."""
        gone = [one for one in self.processes if one[1].exitcode is not None]
        self.died += [one.exitcode for _, one in gone if one.exitcode != -9]
        self.processes = [one for one in self.processes if one not in gone]
        there = Counter(name for name, _ in self.processes)
        for name, count, run in (("poller", 1, poll), ("worker", WORKERS, work)):
            for _ in range(count - there[name]):
                process = FORK.Process(target=run, args=(self.url, self.folder))
                process.start()
                self.processes.append((name, process))

    def keep_busy(self) -> None:
        if insistently(lambda: figures(self.engine)).waiting < AHEAD:
            self.telegram.write(self.telegram.confirmed + AHEAD)

    def kill_somebody(self) -> None:
        odds = [10, 20, 1 if self.server else 0]
        (whom,) = self.rng.choices(["poller", "worker", "database"], odds)
        self.killed[whom] += 1
        if whom == "database" and self.server:
            self.server.kill()
            return
        named = [process for name, process in self.processes if name == whom]
        process = self.rng.choice(named)
        process.kill()
        process.join(WAIT)

    def drain(self) -> None:
        """Let them come to an end with all that was written."""
        deadline = time.monotonic() + WAIT
        while True:
            self.man()
            is_all_there = self.telegram.confirmed == self.telegram.written
            waiting = insistently(lambda: figures(self.engine)).waiting
            if is_all_there and not waiting:
                return
            assert time.monotonic() < deadline, waiting
            time.sleep(0.05)

    def deeds(self) -> list[int]:
        look = sa.select(deeds_table.c.at).order_by(deeds_table.c.number)
        with self.engine.connect() as connection:
            return list(connection.scalars(look))


def insistently(ask: Callable[[], T]) -> T:
    """Ask until the database is there."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            return ask()
        except TransientError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@contextmanager
def scene(kind: str, folder: Path, seed: int) -> Iterator[Scene]:
    with running() if kind == "postgresql" else nullcontext() as server:
        url = server.fresh_database() if server else f"sqlite:///{folder / 'etl.db'}"
        made = Scene(url, folder, random.Random(seed), server)
        try:
            yield made
        finally:
            for _, process in made.processes:
                process.kill()
                process.join(WAIT)
            made.engine.dispose()


def of_chat(places: list[int], chat: int) -> list[int]:
    return [at for at in places if at % CHATS == chat]


def kill_at_random(kind: str, folder: Path, seed: int, kills: int) -> None:
    with scene(kind, folder, seed) as at:
        while at.killed.total() < kills:
            at.man()
            at.keep_busy()
            time.sleep(at.rng.uniform(0, 0.12))
            at.kill_somebody()
        at.drain()
        written, deeds, replies = at.telegram.written, at.deeds(), at.journal.sent()
    counts = f"{written} updates, {len(deeds)} deeds, {len(replies)} replies"
    logger.info("seed %s: killed %s; %s", seed, dict(at.killed), counts)
    assert at.died == []
    # Nothing lost, nothing twice, and each chat in its order.
    assert sorted(deeds) == list(range(written))
    for chat in range(CHATS):
        assert of_chat(deeds, chat) == list(range(chat, written, CHATS))
        first_replies = list(dict.fromkeys(of_chat(replies, chat)))
        assert first_replies == list(range(chat, written, CHATS))
    # Of a reply whose sender was killed, a repeat, and of few others.
    assert len(replies) - written <= kills


KINDS = [
    "sqlite",
    pytest.param(
        "postgresql", marks=pytest.mark.skipif(bool(why_not()), reason="none")
    ),
]


def test_no_update_is_lost_or_twice_whoever_is_killed(tmp_path: Path) -> None:
    kill_at_random("sqlite", tmp_path, seed=16, kills=60)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kind", KINDS)
def test_no_update_is_lost_or_twice_after_a_thousand_kills(
    kind: str, tmp_path: Path
) -> None:
    kill_at_random(kind, tmp_path, seed=random.randrange(10**6), kills=1_000)
