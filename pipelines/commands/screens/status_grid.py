"""The grid as lines for a terminal of any width, with colours or without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from rich.text import Text

from pipelines.planning import DayState, Grid
from pipelines.text import Console, visible

LONGEST = 28
"""Most columns of a label; a longer one is cut."""

TWO_DIGITS = 3
"""Columns of a cell that day numbers fit into, with a space before them."""

GAP = "   "
"""What stands between two states of the legend."""


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
    DayState.DONE: Look("■", "#", "green"),
    DayState.SKIPPED: Look("-", "-", "cyan"),
    DayState.FAILED: Look("✗", "X", "bold red"),
    DayState.RUNNING: Look("▶", ">", "bold blue"),
    DayState.MISSING: Look("?", "?", "bold yellow"),
    DayState.WAITING: Look("·", ".", "dim"),
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


def grid_lines(grid: Grid, console: Console, *, unfold: bool) -> Iterator[Text]:
    """The grid, in as many bands below each other as the width needs.

    Args:
        grid: What to show.
        console: Whose width and characters to use.
        unfold: Whether each shard has a line, or each table one for each state.
    """
    ascii_only = console.options.ascii_only
    of_rows = _unfolded if unfold else _folded
    rows = list(of_rows(grid, ascii_only=ascii_only))
    cell = 1 + max((len(text) for row in rows for text, _ in row.cells), default=1)
    widest = max(1, min(LONGEST, console.width - 1 - cell))
    label = min(widest, max(len(row.label) for row in rows))
    room = max(1, (console.width - label - 1) // cell)
    for start, stop in bands(len(grid.days), room):
        spare = console.width - label - 1 - cell * (stop - start)
        yield from _heads(grid.days[start:stop], label, cell, spare)
        for row in rows:
            yield _line(row, start, stop, label, cell)
        yield Text()
    yield from legend(grid, console.width, ascii_only=ascii_only)


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


def legend(grid: Grid, width: int, *, ascii_only: bool) -> Iterator[Text]:
    """Each state that occurs, its character, how often, its name; in a line or two."""
    line, whole = Text(), grid.whole
    for state in DayState:
        if not whole[state]:
            continue
        sign = LOOKS[state].plain if ascii_only else LOOKS[state].sign
        entry = Text(f"{sign} {whole[state]:,} {state.value}", LOOKS[state].style)
        if line and len(line) + len(GAP) + len(entry) > width:
            yield line
            line = Text()
        line = line + GAP + entry if line else entry
    yield line


def _folded(grid: Grid, *, ascii_only: bool) -> Iterator[Row]:
    """A line for each state of a table that occurs, with the number of its shards."""
    none = "." if ascii_only else "·"
    for table in grid.tables:
        counts = grid.counts(table)
        name = table
        for state in DayState:
            if any(count[state] for count in counts):
                style = LOOKS[state].style
                cells = [
                    (str(count[state]), style) if count[state] else (none, "dim")
                    for count in counts
                ]
                yield Row(f"{name} {state.value}", cells)
                name = " " * len(table)


def _unfolded(grid: Grid, *, ascii_only: bool) -> Iterator[Row]:
    for table, shards in grid.tables.items():
        yield Row(table)
        for shard, stands in shards.items():
            looks = [LOOKS[state] for state in stands]
            yield Row(
                f"  {visible(shard)}",
                [
                    (look.plain if ascii_only else look.sign, look.style)
                    for look in looks
                ],
            )


def _line(row: Row, start: int, stop: int, label: int, cell: int) -> Text:
    named = row.label if len(row.label) <= label else f"{row.label[: label - 1]}…"
    if not row.cells:
        return Text(named, "bold")
    text = Text(named.ljust(label) + " ")
    for content, style in row.cells[start:stop]:
        text.append(content.rjust(cell), style)
    return text


def _heads(days: Sequence[date], label: int, cell: int, spare: int) -> Iterator[Text]:
    """The months, and below them the days' numbers, upright where cells are narrow."""
    indent = " " * (label + 1)
    yield Text(indent + _months(days, cell, spare), "bold")
    numbers = [str(day.day) for day in days]
    if cell >= TWO_DIGITS:
        yield Text(indent + "".join(n.rjust(cell) for n in numbers), "bold")
        return
    for digit in (-2, -1):
        digits = (n.rjust(2)[digit].rjust(cell) for n in numbers)
        yield Text(indent + "".join(digits).rstrip(), "bold")


def _months(days: Sequence[date], cell: int, spare: int) -> str:
    """Each month's name over its first day, as long as it has room there.

    Args:
        days: The days of a band.
        cell: The columns of each.
        spare: The columns that are free to the right of the last.
    """
    line = ""
    months = [list(month) for _, month in groupby(days, lambda d: (d.year, d.month))]
    for month in months:
        room = len(month) * cell + (max(0, spare) if month is months[-1] else 0)
        names = (f"{month[0]:%Y-%m}", f"{month[0]:%b}", "")
        name = next(name for name in names if len(name) < room)
        start = days.index(month[0]) * cell
        line = line.ljust(start + cell - 1) + name
    return line
