"""The grid as lines for a terminal of any width, with colours or without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rich.console import Console
from rich.text import Text

from pipelines.grid import Grid, Stand

LONGEST = 28
"""Most columns of a label; a longer one is cut."""

TWO_DIGITS = 3
"""Columns of a cell that day numbers fit into, with a space before them."""


@dataclass(frozen=True)
class Look:
    """How a state looks.

    Attributes:
        sign: Its character.
        plain: The same for a terminal that has ASCII only.
        style: Its colour; never all there is to tell two of them apart.
    """

    sign: str
    plain: str
    style: str


LOOKS = {
    Stand.DONE: Look("■", "#", "green"),
    Stand.SKIPPED: Look("-", "-", "cyan"),
    Stand.FAILED: Look("✗", "X", "bold red"),
    Stand.RUNNING: Look("▶", ">", "bold blue"),
    Stand.MISSING: Look("?", "?", "bold yellow"),
    Stand.WAITING: Look("·", ".", "dim"),
}


@dataclass(frozen=True)
class Row:
    """A line of the grid.

    Attributes:
        label: What it is about.
        cells: Text and style of each day; none for a heading.
    """

    label: str
    cells: Sequence[tuple[str, str]] = ()


def lines(grid: Grid, console: Console, *, unfold: bool) -> Iterator[Text]:
    """The grid, in as many bands below each other as the width needs.

    Args:
        grid: What to show.
        console: Whose width and characters to use.
        unfold: Whether each shard has a line, or each table one for each state.
    """
    ascii_only = console.options.ascii_only
    rows = list(_unfolded(grid, ascii_only) if unfold else _folded(grid))
    label = min(LONGEST, max(len(row.label) for row in rows))
    cell = 1 + max((len(text) for row in rows for text, _ in row.cells), default=1)
    room = max(1, (console.width - label - 1) // cell)
    for start, stop in bands(len(grid.days), room):
        yield from _heads(grid.days[start:stop], label, cell)
        for row in rows:
            yield _line(row, start, stop, label, cell)
        yield Text()
    yield legend(grid, ascii_only=ascii_only)


def bands(length: int, room: int) -> Iterator[tuple[int, int]]:
    """As few parts as there may be, as equal as they can be: start and stop of each.

    Args:
        length: How much there is in all.
        room: Most of a part.
    """
    parts = -(-length // room)
    whole, longer = divmod(length, parts)
    start = 0
    for at in range(parts):
        stop = start + whole + (at < longer)
        yield start, stop
        start = stop


def legend(grid: Grid, *, ascii_only: bool) -> Text:
    """Each state that occurs: its character, how often, its name."""
    text = Text()
    for stand, count in _in_order(grid):
        if text:
            text.append("   ")
        sign = LOOKS[stand].plain if ascii_only else LOOKS[stand].sign
        text.append(f"{sign} {count:,} {stand.value}", LOOKS[stand].style)
    return text


def _in_order(grid: Grid) -> Iterator[tuple[Stand, int]]:
    whole = grid.whole
    return ((stand, whole[stand]) for stand in Stand if whole[stand])


def _folded(grid: Grid) -> Iterator[Row]:
    """A line for each state of a table that occurs, with the number of its shards."""
    for table in grid.tables:
        counts = grid.counts(table)
        name = table
        for stand in Stand:
            if any(count[stand] for count in counts):
                style = LOOKS[stand].style
                cells = [
                    (str(count[stand]), style) if count[stand] else ("·", "dim")
                    for count in counts
                ]
                yield Row(f"{name} {stand.value}", cells)
                name = " " * len(table)


def _unfolded(grid: Grid, ascii_only: bool) -> Iterator[Row]:
    for table, shards in grid.tables.items():
        yield Row(table)
        for shard, stands in shards.items():
            looks = [LOOKS[stand] for stand in stands]
            yield Row(
                f"  {shard}",
                [
                    (look.plain if ascii_only else look.sign, look.style)
                    for look in looks
                ],
            )


def _line(row: Row, start: int, stop: int, label: int, cell: int) -> Text:
    named = row.label if len(row.label) <= label else f"{row.label[: label - 1]}…"
    if not row.cells:
        return Text(row.label, "bold")
    text = Text(named.ljust(label) + " ")
    for content, style in row.cells[start:stop]:
        text.append(content.rjust(cell), style)
    return text


def _heads(days: Sequence[date], label: int, cell: int) -> Iterator[Text]:
    """The months, and below them the days' numbers, upright where cells are narrow."""
    yield Text(" " * (label + 1) + _months(days, cell), "bold")
    numbers = [str(day.day) for day in days]
    if cell >= TWO_DIGITS:
        yield Text(" " * (label + 1) + "".join(n.rjust(cell) for n in numbers), "bold")
        return
    for digit in (-2, -1):
        digits = (n.rjust(2)[digit].rjust(cell) for n in numbers)
        yield Text(" " * (label + 1) + "".join(digits).rstrip(), "bold")


def _months(days: Sequence[date], cell: int) -> str:
    """Each month's name over its first day, as long as it has room there."""
    line = ""
    for at, day in enumerate(days):
        if at and (day.year, day.month) == (days[at - 1].year, days[at - 1].month):
            continue
        months_days = sum(1 for d in days if (d.year, d.month) == (day.year, day.month))
        room = months_days * cell
        names = (f"{day:%Y-%m}", f"{day:%b}", "")
        name = next(name for name in names if len(name) < room)
        line = line.ljust(at * cell + cell - 1) + name
    return line
