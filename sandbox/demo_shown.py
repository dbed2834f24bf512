"""How the demo looks on a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.text import Console
    from sandbox.addresses import Addresses


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

    def __add__(self, other: Pass) -> Pass:
        """What two runs did together."""
        return Pass(
            self.partitions + other.partitions,
            self.rows + other.rows,
            self.seconds + other.seconds,
        )


def title(console: Console, text: str) -> None:
    """Begin a part."""
    console.print()
    console.print(Rule(Text(text, style="bold"), align="left"))


def bar(console: Console) -> Progress:
    """A bar that counts days of shards."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("shard days"),
        TimeElapsedColumn(),
        console=console,
    )


def summary(passes: Sequence[Pass], size: str) -> Table:
    """A table of all passes."""
    table = Table(title="In the warehouse", title_justify="left")
    table.add_column("")
    for name in ("First pass", "Re-run", "Last pass"):
        table.add_column(name, justify="right")
    table.add_row("rows loaded", *(f"{one.rows:,}" for one in passes))
    table.add_row("shard days loaded", *(f"{one.partitions:,}" for one in passes))
    table.add_row("seconds", *(f"{one.seconds:.1f}" for one in passes))
    table.caption = f"{size}; both ends agree"
    table.caption_justify = "left"
    return table


def page_of_luigid(addresses: Addresses) -> str:
    """The address of its page."""
    luigid = addresses.luigid
    return f"http://{luigid.host}:{luigid.port}" if luigid else ""
