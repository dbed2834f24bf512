"""The demo: load while a shard is broken, mend it by the chat, refresh the reports."""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.demo_broken import moved_away
from sandbox.demo_checks import (
    DemoError,
    check_mail,
    check_pass,
    check_reports,
    compare,
    incident,
    number_of,
    recovery,
)
from sandbox.demo_shown import Pass, bar, page_of_luigid, summary, title
from sandbox.demo_talk import Talk
from sandbox.fill.tables import TABLES
from sandbox.private_files import private_folder
from sandbox.process import SandboxProcess
from sandbox.product import Product
from sandbox.shards import write_shards
from sandbox.shown import save, show_mail, show_message
from sandbox.totals import Warehouse, totals_of_shards

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipelines.text import Console
    from sandbox.control import Control
    from sandbox.fill.requests import Days
    from sandbox.shards import Shard

_SEED = 7
_ORDERS = "orders"
_FAILED = 30  # the product's exit code when something failed


@dataclass(frozen=True)
class Demo:
    """What is shown.

    Attributes:
        shards: The shards; the first one is broken for a while.
        days: The days that are filled and loaded.
        rows: Orders of a shard and day; calls and rates come with them.
        workers: Processes that load at a time.
        mail: The file where the mail is saved.
    """

    shards: Sequence[Shard]
    days: Days
    rows: int
    workers: int
    mail: Path

    def run(self, console: Console) -> None:
        """Show it, and leave nothing behind but the mail.

        Raises:
            DemoError: Something did not go as the demo promises.
        """
        private_folder(self.mail.parent)
        with ExitStack() as running:
            running.enter_context(_terminated_like_interrupted())
            home = Path(running.enter_context(tempfile.TemporaryDirectory()))
            console.print("Starting SQL Servers, Vertica, luigid, Telegram and mail")
            shards = home / "shards.csv"
            write_shards(shards, self.shards)
            sandbox = running.enter_context(
                SandboxProcess(home, "--luigid", "--shards", str(shards))
            )
            page = page_of_luigid(sandbox.addresses)
            console.print(f"luigid's page, while this runs: {page}")
            shown = _Shown(
                self,
                console,
                sandbox,
                Product(home, sandbox.luigi_cfg, shards),
                running.enter_context(closing(Warehouse(sandbox.addresses))),
            )
            shown.loads(self._fill(console, sandbox.control))
            shown.reports()

    def _fill(self, console: Console, control: Control) -> dict[str, int]:
        """Fill each table; return how many rows it got."""
        rows = {
            table: control.fill_samples(
                table, self.days, rows=self.rows, seed=_SEED
            ).rows
            for table in TABLES
        }
        told = ", ".join(f"{count:,} {table}" for table, count in rows.items())
        console.print(f"Filled {len(self.shards)} shards: {told}")
        return rows


@dataclass(frozen=True)
class _Shown:
    """What is shown in one running sandbox."""

    demo: Demo
    console: Console
    sandbox: SandboxProcess
    product: Product
    warehouse: Warehouse

    def loads(self, rows: dict[str, int]) -> None:
        """Load while one shard is broken, by the chat when it is mended, once more."""
        broken = self.demo.shards[0]
        telegram, addresses = self.sandbox.control.telegram, self.sandbox.addresses
        title(self.console, f"The table Orders of {broken.name} is away")
        with moved_away(addresses, broken, TABLES[_ORDERS]):
            first = self._load("First pass", _FAILED)
            self.console.print("What the chat shows of it, a message for one cause:")
            told = incident(telegram)
            show_message(self.console, told)
        title(self.console, f"The table Orders of {broken.name} is back")
        second = self._talk(broken.name, number_of(told))
        # The bot would look for that within half a minute, if it went on.
        self._run("the alerts", "alerts", "send", "--once")
        self.console.print("The group is told that it is over:")
        show_message(self.console, recovery(telegram, told))
        title(self.console, "The same once more: nothing comes twice")
        third = self._load("Last pass")
        days = len(self.demo.days)
        partitions = len(TABLES) * len(self.demo.shards) * days
        check_pass(
            "the first pass and the re-run",
            first + second,
            partitions,
            sum(rows.values()),
        )
        check_pass("the re-run", second, days)
        check_pass("the last pass", third, 0, 0)
        held = totals_of_shards(addresses, self.demo.shards)
        compare(held, self.warehouse.totals())
        size = f"{len(TABLES)} tables, {len(self.demo.shards)} shards, {days} days"
        self.console.print(summary([first, second, third], size))

    def reports(self) -> None:
        """Refresh the reports of the last day, twice, and save the one mail."""
        last = self.demo.days.last.isoformat()
        title(self.console, f"The reports of {last}, and the mail that they are fresh")
        refresh = ("refresh", "--date", last, "--workers", str(self.demo.workers))
        before = self.warehouse.marked()
        with self.console.status("Refreshing the reports"):
            self._run("the refresh", *refresh)
            self._run("the second refresh", *refresh)
        if self.warehouse.marked() != before:
            raise DemoError("the refresh loaded something again")
        check_reports(self.warehouse)
        mail = check_mail(self.sandbox.control.smtp.mails())
        save(mail, self.demo.mail)
        self.console.print()
        show_mail(self.console, mail, self.demo.mail)

    def _talk(self, shard: str, number: int) -> Pass:
        """Let somebody on call ask the bot, and have what is missing loaded."""
        before, started = self.warehouse.marked(), time.monotonic()
        talk = Talk(self.console, self.sandbox.control.telegram, self.product)
        talk.hold(shard, self.demo.days.last.isoformat(), number)
        after = self.warehouse.marked()
        return Pass(
            partitions=after.partitions - before.partitions,
            rows=after.rows - before.rows,
            seconds=time.monotonic() - started,
        )

    def _load(self, name: str, exit_code: int = 0) -> Pass:
        """Load all days by the product, under a bar that counts the markers."""
        first, days = self.demo.days.first, range(len(self.demo.days))
        dates = [f"--date={first + timedelta(days=at)}" for at in days]
        before = self.warehouse.marked()
        started = time.monotonic()
        total = len(TABLES) * len(self.demo.shards) * len(dates)
        workers = ("--workers", str(self.demo.workers))
        with bar(self.console) as progress:
            task = progress.add_task(name, total=total)
            with self.product.running("run", "all", *workers, *dates) as child:
                while child.runs():
                    now = self.warehouse.marked().partitions
                    progress.update(task, completed=now)
            after = self.warehouse.marked()
            progress.update(task, completed=after.partitions)
        self._say(child.output())
        if child.exit_code != exit_code:
            raise DemoError(
                f"{name}: shardline ended with code {child.exit_code}, not {exit_code}"
            )
        return Pass(
            partitions=after.partitions - before.partitions,
            rows=after.rows - before.rows,
            seconds=time.monotonic() - started,
        )

    def _run(self, name: str, *arguments: str) -> None:
        with self.product.running(*arguments) as child:
            while child.runs():
                pass
        if child.output():
            self._say(child.output())
        if child.exit_code:
            raise DemoError(f"{name}: shardline ended with code {child.exit_code}")

    def _say(self, output: str) -> None:
        self.console.print(output.rstrip(), soft_wrap=True)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM clean up as Ctrl-C does, and Ctrl-C do so in the background too."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, signal.default_int_handler) for one in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
