"""The demo: fill every shard, load them twice with the product, check both ends."""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from sandbox.faults import SandboxError
from sandbox.fill.tables import TABLES
from sandbox.process import SandboxProcess
from sandbox.product import Product
from sandbox.totals import Totals, Warehouse, totals_of_shards

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from sandbox.addresses import Addresses
    from sandbox.control import Control
    from sandbox.fill.requests import Days
    from sandbox.shards import Shard

_SEED = 7


class DemoError(SandboxError):
    """Something that the demo promises did not hold."""


@dataclass(frozen=True)
class Pass:
    """What one run of the product did.

    Attributes:
        partitions: Days of shards that were completed.
        rows: Rows that arrived.
        seconds: How long it took.
    """

    partitions: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class Demo:
    """What is shown.

    Attributes:
        shards_file: The list of the shards, as the product and the sandbox read it.
        shards: The same, read.
        days: The days that are filled and loaded.
        rows: Orders of a shard and day; calls and rates come with them.
        workers: Processes that load at a time.
    """

    shards_file: Path
    shards: Sequence[Shard]
    days: Days
    rows: int
    workers: int

    def run(self, console: Console) -> None:
        """Show it, and leave nothing behind.

        Raises:
            DemoError: A pass failed, rows came twice, or the two ends differ.
        """
        with ExitStack() as running:
            running.enter_context(_terminated_like_interrupted())
            home = Path(running.enter_context(tempfile.TemporaryDirectory()))
            console.print("Starting three SQL Servers, a Vertica and luigid")
            shards = str(self.shards_file.absolute())
            sandbox = running.enter_context(
                SandboxProcess(home, "--luigid", "--shards", shards)
            )
            addresses = sandbox.addresses
            console.print(f"luigid's page, while this runs: {_page(addresses)}")
            rows = self._fill(sandbox.control)
            told = ", ".join(f"{count:,} {table}" for table, count in rows.items())
            console.print(f"Filled {len(self.shards)} shards: {told}")
            product = Product(home, sandbox.luigi_cfg, self.shards_file)
            warehouse = running.enter_context(closing(Warehouse(addresses)))
            first = self._load(console, product, warehouse, "First pass")
            second = self._load(console, product, warehouse, "Second pass")
            self._check(first, second, sum(rows.values()))
            _compare(totals_of_shards(addresses, self.shards), warehouse.totals())
            console.print(self._summary(first, second, addresses))

    def _load(
        self, console: Console, product: Product, warehouse: Warehouse, title: str
    ) -> Pass:
        """Load all days by the product, under a bar that counts the markers."""
        before = warehouse.marked()
        started = time.monotonic()
        with _bar(console) as progress:
            bar = progress.add_task(title, total=self._partitions)
            with product.running(self.days, workers=self.workers) as child:
                while child.runs():
                    progress.update(bar, completed=warehouse.marked().partitions)
            after = warehouse.marked()
            progress.update(bar, completed=after.partitions)
        console.print(child.output().rstrip(), highlight=False, soft_wrap=True)
        if child.exit_code:
            raise DemoError(f"{title}: shardline ended with code {child.exit_code}")
        return Pass(
            partitions=after.partitions - before.partitions,
            rows=after.rows - before.rows,
            seconds=time.monotonic() - started,
        )

    @property
    def _partitions(self) -> int:
        return len(TABLES) * len(self.shards) * len(self.days)

    def _fill(self, control: Control) -> dict[str, int]:
        """Fill each table; return how many rows it got."""
        return {
            table: control.fill_samples(
                table, self.days, rows=self.rows, seed=_SEED
            ).rows
            for table in TABLES
        }

    def _check(self, first: Pass, second: Pass, rows: int) -> None:
        if (first.partitions, first.rows) != (self._partitions, rows):
            raise DemoError(
                f"the first pass marked {first.rows:,} rows of {first.partitions:,}"
                f" partitions, but {rows:,} of {self._partitions:,} are in the shards"
            )
        if second.partitions or second.rows:
            raise DemoError(f"the second pass loaded {second.rows:,} rows again")

    def _summary(self, first: Pass, second: Pass, addresses: Addresses) -> Table:
        table = Table(title="Three tables in the warehouse", title_justify="left")
        table.add_column("")
        table.add_column("First pass", justify="right")
        table.add_column("Second pass", justify="right")
        both = (first, second)
        table.add_row("rows loaded", *(f"{one.rows:,}" for one in both))
        table.add_row("shard days loaded", *(f"{one.partitions:,}" for one in both))
        table.add_row("seconds", *(f"{one.seconds:.1f}" for one in both))
        table.caption = (
            f"{len(TABLES)} tables, {len(self.shards)} shards, {len(self.days)} days;"
            f" both ends agree. luigid's page was {_page(addresses)}"
        )
        table.caption_justify = "left"
        return table


def _compare(sources: Totals, landed: Totals) -> None:
    wrong = [one for one in sources if landed.get(one) != sources[one]]
    wrong += sorted(landed.keys() - sources.keys())
    if wrong:
        table, shard = wrong[0]
        raise DemoError(
            f"{len(wrong)} tables differ from the warehouse, first {table} of {shard}:"
            f" {sources.get(wrong[0])} (rows, sum of ids) there,"
            f" {landed.get(wrong[0])} here"
        )


def _page(addresses: Addresses) -> str:
    luigid = addresses.luigid
    return f"http://{luigid.host}:{luigid.port}" if luigid else ""


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("shard days"),
        TimeElapsedColumn(),
        console=console,
    )


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
