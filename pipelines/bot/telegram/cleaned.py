"""Replies as they may be shown: nothing hidden, no secrets, tables without gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pipelines.bot.messages import Button, Reply
from pipelines.errors import one_line
from pipelines.operations import File, Section
from pipelines.text import well_formed

MOST_DATA = 64
"""Octets of what a button stands for (Bot API, InlineKeyboardButton)."""

MOST_BUTTONS = 100

Row = tuple[str, ...]

MOST_LABEL = 64
MOST_NAME = 100
"""Characters of a button's label, and of a file's name, that are shown."""


def cleaned(reply: Reply) -> Reply:
    """A reply of which every text can be shown, line by line.

    All rows of a table are as long as the longest. Buttons that Telegram would refuse,
    with the message that they are below, are left out.
    """
    heads, rows = _table(reply.heads, reply.rows)
    return replace(
        reply,
        lines=tuple(_lines(reply.lines)),
        heads=heads,
        rows=rows,
        sections=tuple(map(_section, reply.sections)),
        texts=tuple(_texts(reply.texts)),
        files=tuple(map(_file, reply.files)),
        buttons=tuple(_buttons(reply.buttons))[:MOST_BUTTONS],
    )


def _lines(told: Iterable[str]) -> Iterator[str]:
    for text in told:
        for line in well_formed(text).split("\n"):
            if line.strip():
                yield line.rstrip()


def _section(told: Section) -> Section:
    heads, rows = _table(told.heads, told.rows)
    return Section(one_line(told.summary), heads, rows)


def _table(heads: Row, rows: Iterable[Row]) -> tuple[Row, tuple[Row, ...]]:
    every = (heads, *rows)
    columns = max(map(len, every))
    first, *others = (_row(row, columns) for row in every)
    return first if any(first) else (), tuple(row for row in others if any(row))


def _row(told: Row, columns: int) -> Row:
    return tuple(map(one_line, told)) + ("",) * (columns - len(told))


def _texts(told: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for heading, text in told:
        shown = well_formed(text).strip("\n").rstrip()
        if shown.strip():
            yield one_line(heading), shown


def _file(told: File) -> File:
    name = one_line(told.name).replace("/", "_").replace("\\", "_")
    return replace(told, name=name[-MOST_NAME:] or "file")


def _buttons(told: Iterable[Button]) -> Iterator[Button]:
    for button in told:
        label = one_line(button.label)[:MOST_LABEL].strip()
        octets = len(button.data.encode("utf-8", "surrogatepass"))
        if label and 0 < octets <= MOST_DATA:
            yield Button(label, button.data)
