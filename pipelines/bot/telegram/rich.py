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

Cells = tuple[str, ...]
Rows = tuple[Cells, ...]


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
    for add in (_lines, _table, _sections, _texts):
        add(reply, page)
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
    _add_table(page, reply.heads, reply.rows)


def _sections(reply: Reply, page: _Page) -> None:
    for one in reply.sections:
        _add_table(page, one.heads, one.rows, page.cut(one.summary, MOST_OF_CELL))


def _add_table(page: _Page, heads: Cells, rows: Rows, summary: str = "") -> None:
    """Add a table, folded under its summary if it has one, or is long."""
    heads = _cells(heads, page)
    shown, units = [], utf16_units(summary)
    for row in _fitting(heads, rows, page):
        shown.append(row.cells)
        units = row.units + utf16_units(summary)
    if not shown and not heads:
        return
    aligns = _aligns(heads, rows)
    cells = [_row(row, aligns) for row in shown]
    if heads:
        cells.insert(0, _row(heads, aligns, is_header=True))
    table = {"type": "table", "cells": cells, "is_striped": True}
    if not summary and len(rows) > OPEN_ROWS:
        told = texts.ROWS if len(shown) == len(rows) else texts.ROWS_OF
        summary = told.format(shown=len(shown), count=len(rows))
        units += utf16_units(summary)
    if summary:
        table = {"type": "details", "summary": summary, "blocks": [table]}
    page.add(table, units)


@dataclass(frozen=True)
class _Row:
    cells: Cells
    units: int
    """Of the table to here, every row as wide as the widest."""


def _fitting(heads: Cells, rows: Rows, page: _Page) -> Iterator[_Row]:
    """The rows that there is room for.

    Whoever counts may do so in lines that are filled up with blanks.
    """
    lengths, pairs = [0] * len(heads), [0] * len(heads)
    for count, told in enumerate((heads, *rows)):
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


def _cells(row: Cells, page: _Page) -> Cells:
    return tuple(page.cut(cell, MOST_OF_CELL) for cell in row)


def _aligns(heads: Cells, rows: Rows) -> list[str]:
    columns = len((*rows, heads)[0])
    is_right = numeric_columns(rows) or [False] * columns
    return ["right" if one else "left" for one in is_right]


def _row(row: Cells, aligns: list[str], *, is_header: bool = False) -> list[Block]:
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
