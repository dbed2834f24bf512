"""A reply in messages of HTML, for servers and clients without rich messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple

from pipelines.alerts import MESSAGE_UNITS
from pipelines.bot import texts
from pipelines.bot.messages import Reply
from pipelines.bot.telegram.spans import spans
from pipelines.bot.telegram.tables import PHONE, aligned
from pipelines.text import split_text, utf16_units

MOST_MESSAGES = 3
"""Most messages of a reply; what is longer goes into a file beside one."""

MOST_ROWS = 1_000
"""Rows of a table that are tried to be shown."""

Tag = Literal["", "b", "code", "pre"]


class Marked(NamedTuple):
    """Text of one style.

    Attributes:
        text: What is read.
        tag: The HTML tag it stands in, if there is one.
    """

    text: str
    tag: Tag = ""

    def as_html(self) -> str:
        """Its HTML."""
        told = self.text.replace("&", "&amp;").replace("<", "&lt;")
        told = told.replace(">", "&gt;")
        return f"<{self.tag}>{told}</{self.tag}>" if self.tag else told


@dataclass(frozen=True)
class Part:
    """One message.

    Attributes:
        html: With its markup.
        text: Without, in case that is refused.
    """

    html: str
    text: str


@dataclass(frozen=True)
class PlainMessages:
    """A reply in messages.

    Attributes:
        parts: In order.
        is_whole: Whether all of the reply is in them.
    """

    parts: tuple[Part, ...]
    is_whole: bool


def plain_messages(reply: Reply, file: str) -> PlainMessages:
    """The messages of a reply; only the first of them if they are too many.

    Args:
        reply: A reply that is cleaned.
        file: The name of the file that has the whole, if the messages have not.
    """
    whole = list(_within(_blocks(reply), (MOST_MESSAGES + 1) * MESSAGE_UNITS))
    parts = _parts(whole, MESSAGE_UNITS)
    if len(parts) <= MOST_MESSAGES and len(reply.rows) <= MOST_ROWS:
        return PlainMessages(tuple(parts), is_whole=True)
    more = f"\n{texts.SHORTENED.format(name=file)}"
    first = _parts(whole, MESSAGE_UNITS - utf16_units(more))[0]
    shortened = Part(first.html + Marked(more).as_html(), first.text + more)
    return PlainMessages((shortened,), is_whole=False)


def whole_text(reply: Reply) -> str:
    """All that a cleaned reply says, as lines of text."""
    lines = [*reply.lines, *aligned(reply.heads, reply.rows, None)]
    for section in reply.sections:
        lines += [f"{section.summary}:", *aligned(section.heads, section.rows, None)]
    for heading, text in reply.texts:
        lines += [f"{heading}:", text] if heading else [text]
    return "".join(f"{line}\n" for line in lines)


def _blocks(reply: Reply) -> Iterator[Marked]:
    """A reply's text, block by block, with a line break after each."""
    for line in reply.lines:
        for span in spans(line):
            yield Marked(span.text, "code" if span.is_code else "")
        yield Marked("\n")
    rows = reply.rows[:MOST_ROWS]
    if table := "\n".join(aligned(reply.heads, rows, PHONE)):
        yield from (Marked(table, "pre"), Marked("\n"))
    for section in reply.sections:
        yield from (Marked(section.summary, "b"), Marked("\n"))
        if table := "\n".join(aligned(section.heads, section.rows[:MOST_ROWS], PHONE)):
            yield from (Marked(table, "pre"), Marked("\n"))
    for heading, text in reply.texts:
        if heading:
            yield from (Marked(heading, "b"), Marked("\n"))
        yield from (Marked(text, "pre"), Marked("\n"))


def _within(blocks: Iterator[Marked], most: int) -> Iterator[Marked]:
    """As many blocks as can be shown, and one more."""
    units = 0
    for block in blocks:
        if units > most:
            return
        yield Marked(block.text[:most], block.tag)
        units += utf16_units(block.text[:most])


def _parts(whole: list[Marked], limit: int) -> list[Part]:
    parts, begin = [], 0
    for text in split_text("".join(block.text for block in whole), limit):
        if text.strip():  # one without would be refused
            shown = list(_between(whole, begin, begin + len(text)))
            html = "".join(block.as_html() for block in shown)
            parts.append(Part(html, text))
        begin += len(text)
    return list(islice(parts, MOST_MESSAGES + 1))


def _between(whole: list[Marked], begin: int, end: int) -> Iterator[Marked]:
    """The blocks of a stretch of the text; one that is cut is marked on both sides."""
    at = 0
    for block in whole:
        text = block.text[max(begin - at, 0) : max(end - at, 0)]
        if text:
            yield Marked(text, block.tag)
        at += len(block.text)
