"""A reply as a rich message: paragraphs, tables and what folds out (Bot API 10.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from pipelines.bot import texts
from pipelines.bot.messages import Reply
from pipelines.bot.telegram.spans import Span, spans
from pipelines.bot.telegram.tables import numeric_columns
from pipelines.text import split_text, utf16_units

MOST_UNITS = 32_000
"""UTF-16 units of a message, a few less than Telegram takes."""

MOST_BLOCKS = 900

MOST_OF_CELL = 400
"""UTF-16 units of a cell that are shown."""

OPEN_ROWS = 12
"""Rows that are shown at once; a longer table folds out."""

_BETWEEN = 3
"""Units that are counted for what parts two cells, or two lines."""

_SUMMARY = 100
"""Units that are left for what a table is folded under."""

Block = dict[str, Any]


@dataclass(frozen=True)
class RichMessage:
    """A reply in blocks.

    Attributes:
        blocks: Those of the Bot API.
        is_whole: Whether all of the reply is in them.
    """

    blocks: tuple[Block, ...]
    is_whole: bool

    def as_json(self) -> dict[str, Any]:
        """The Bot API's RichMessage."""
        return {"blocks": list(self.blocks)}


def rich_message(reply: Reply, file: str) -> RichMessage:
    """The blocks of a reply, as many as a message takes.

    Args:
        reply: A reply that is cleaned.
        file: The name of the file that has the whole, if the message has not.
    """
    more = texts.SHORTENED.format(name=file)
    page = _Page(MOST_UNITS - utf16_units(more) - _BETWEEN, MOST_BLOCKS)
    for part in (_lines, _table, _sections, _texts):
        part(reply, page)
    if not page.is_whole:
        page.blocks.append(_paragraph(more))
    return RichMessage(tuple(page.blocks), page.is_whole)


class _Page:
    """Blocks, and how much room there is for more."""

    def __init__(self, units: int, most: int) -> None:
        self.blocks: list[Block] = []
        self.is_whole = True
        self.units = units
        self._most = most

    def add(self, block: Block, units: int) -> None:
        """Add a block if there is room for it."""
        if units + _BETWEEN > self.units or len(self.blocks) >= self._most:
            self.is_whole = False
            return
        self.blocks.append(block)
        self.units -= units + _BETWEEN

    def cut(self, text: str, most: int | None = None) -> str:
        """As much of a text as there is room for, or as `most` allows."""
        most = self.units - 2 * _BETWEEN if most is None else most
        if utf16_units(text) <= most:
            return text
        self.is_whole = False
        return f"{split_text(text, most - 1)[0]}…" if most > _BETWEEN else ""


def _lines(reply: Reply, page: _Page) -> None:
    for line in reply.lines:
        if shown := page.cut(line):
            page.add(_paragraph(shown), utf16_units(shown))


def _table(reply: Reply, page: _Page) -> None:
    table, shown, units = _table_of(reply, page)
    if not table:
        return
    count = len(reply.rows)
    if count > OPEN_ROWS:
        summary = texts.ROWS if shown == count else texts.ROWS_OF
        _fold(table, summary.format(shown=shown, count=count), units, page)
    else:
        page.add(table, units)


def _sections(reply: Reply, page: _Page) -> None:
    for one in reply.sections:
        table, _, units = _table_of(Reply(heads=one.heads, rows=one.rows), page)
        if table:
            _fold(table, page.cut(one.summary, MOST_OF_CELL), units, page)


def _fold(table: Block, summary: str, units: int, page: _Page) -> None:
    folded = {"type": "details", "summary": summary, "blocks": [table]}
    page.add(folded, units + utf16_units(summary))


def _table_of(reply: Reply, page: _Page) -> tuple[Block, int, int]:
    """The table as far as there is room, how many rows that is, and its units."""
    heads = _cells(reply.heads, page)
    rows, units = [], 0
    for row in _fitting(reply, heads, page):
        rows.append(row.cells)
        units = row.units
    if not rows and not heads:
        return {}, 0, 0
    aligns = _aligns(reply)
    cells = [_row(row, aligns) for row in rows]
    if heads:
        cells.insert(0, _row(heads, aligns, is_header=True))
    return {"type": "table", "cells": cells, "is_striped": True}, len(rows), units


@dataclass(frozen=True)
class _Row:
    cells: tuple[str, ...]
    units: int
    """Of the table to here, every row as wide as the widest."""


def _fitting(reply: Reply, heads: tuple[str, ...], page: _Page) -> Iterator[_Row]:
    """The rows that there is room for.

    Whoever counts may do so in lines that are filled up with blanks.
    """
    lengths, pairs = [0] * len(heads), [0] * len(heads)
    for count, told in enumerate((heads, *reply.rows)):
        cells = _cells(told, page)
        lengths = _widest(lengths, map(len, cells))
        pairs = _widest(pairs, (utf16_units(cell) - len(cell) for cell in cells))
        width = sum(lengths) + sum(pairs) + _BETWEEN * (len(lengths) + 1)
        units = (count + 1) * width
        if units + _SUMMARY > page.units:
            page.is_whole = False
            return
        if count:
            yield _Row(cells, units)


def _widest(before: Sequence[int], row: Iterable[int]) -> list[int]:
    return list(map(max, zip_longest(before, row, fillvalue=0)))


def _cells(row: tuple[str, ...], page: _Page) -> tuple[str, ...]:
    return tuple(page.cut(cell, MOST_OF_CELL) for cell in row)


def _aligns(reply: Reply) -> list[str]:
    columns = len((*reply.rows, reply.heads)[0])
    is_right = numeric_columns(reply.rows) or [False] * columns
    return ["right" if one else "left" for one in is_right]


def _row(
    row: tuple[str, ...], aligns: list[str], *, is_header: bool = False
) -> list[Block]:
    kind = {"is_header": True} if is_header else {}
    return [
        {"align": align, "valign": "top", **({"text": cell} if cell else {}), **kind}
        for cell, align in zip(row, aligns, strict=True)
    ]


def _texts(reply: Reply, page: _Page) -> None:
    for heading, text in reply.texts:
        if heading:
            told = page.cut(heading, MOST_OF_CELL)
            page.add({"type": "heading", "size": 4, "text": told}, utf16_units(told))
        if shown := page.cut(text):
            page.add({"type": "pre", "text": shown}, utf16_units(shown))


def _paragraph(line: str) -> Block:
    return {"type": "paragraph", "text": _styled(spans(line))}


def _styled(told: list[Span]) -> str | list[str | Block]:
    if len(told) == 1 and not told[0].is_code:
        return told[0].text
    return [
        {"type": "code", "text": span.text} if span.is_code else span.text
        for span in told
    ]
