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

MOST_LABEL = 64
MOST_NAME = 100
"""Characters of a button's label, and of a file's name, that are shown."""


def cleaned(reply: Reply) -> Reply:
    """A reply of which every text can be shown, line by line.

    All rows are as long as the longest, and buttons that Telegram would refuse, with
    the message that they are below, are left out.
    """
    heads, rows = _table(reply.heads, reply.rows)
    return replace(
        reply,
        lines=tuple(_lines(reply.lines)),
        heads=heads,
        rows=rows,
        sections=tuple(_sections(reply.sections)),
        texts=tuple(_texts(reply.texts)),
        files=tuple(map(_file, reply.files)),
        buttons=tuple(_buttons(reply.buttons))[:MOST_BUTTONS],
    )


def _lines(told: Iterable[str]) -> Iterator[str]:
    for text in told:
        for line in well_formed(text).split("\n"):
            if line.strip():
                yield line.rstrip()


def _sections(told: Iterable[Section]) -> Iterator[Section]:
    for section in told:
        heads, rows = _table(section.heads, section.rows)
        if heads or rows:
            yield Section(one_line(section.summary), heads, rows)


def _table(
    heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    columns = max(map(len, (heads, *rows)), default=0)
    shown_heads = _row(heads, columns)
    shown = (_row(row, columns) for row in rows)
    return (
        shown_heads if any(shown_heads) else (),
        tuple(row for row in shown if any(row)),
    )


def _row(told: tuple[str, ...], columns: int) -> tuple[str, ...]:
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
