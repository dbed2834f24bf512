"""Tables in characters of one width, as narrow as a telephone needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len, chop_cells

PHONE = 44
"""Cells that a line may have before a telephone breaks it."""

NARROWEST = 6
"""Cells of a column that is not made narrower."""

_GAP = "  "
_NUMBER = re.compile(r"[-+]?\d[\d.,  ]*%?")

Rows = Sequence[tuple[str, ...]]


def numeric_columns(rows: Rows) -> list[bool]:
    """Which columns have numbers only, and so are read from their right ends."""
    return [
        any(column) and all(not one or _NUMBER.fullmatch(one) for one in column)
        for column in zip(*rows, strict=True)
    ]


def aligned(heads: tuple[str, ...], rows: Rows, most: int | None) -> Iterator[str]:
    """The lines of a table.

    Args:
        heads: Of its columns; () if they have none.
        rows: All of one length.
        most: Cells of a line. What does not fit goes on below, in its column; where
            there are too many columns for that, lines are longer all the same.
    """
    every = [heads, *rows] if heads else list(rows)
    widths = [max(map(cell_len, column)) for column in zip(*every, strict=True)]
    if most is not None:
        widths = _narrowed(widths, most)
    is_right = numeric_columns(rows)
    for row in every:
        folded = [_folded(*each) for each in zip(row, widths, strict=True)]
        for line in zip_longest(*folded, fillvalue=""):
            shown = map(_filled, line, widths, is_right or [False] * len(line))
            yield _GAP.join(shown).rstrip()


def _narrowed(widths: list[int], most: int) -> list[int]:
    """Take from the widest columns what is too much."""
    widths = list(widths)
    room = most - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room and max(widths) > NARROWEST:
        second = max((one for one in widths if one < max(widths)), default=NARROWEST)
        at = widths.index(max(widths))
        excess = sum(widths) - room
        widths[at] = max(widths[at] - excess, second - 1, NARROWEST)
    return widths


def _folded(cell: str, width: int) -> list[str]:
    """A cell in lines, broken between words where they fit."""
    lines, line = [], ""
    for word in cell.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = chop_cells(word, max(width, 2)) or [""]
        lines += full
    return [*lines, line]


def _filled(cell: str, width: int, is_right: bool) -> str:
    blank = " " * (width - cell_len(cell))
    return f"{blank}{cell}" if is_right else f"{cell}{blank}"
