"""A notice as Telegram's messages: split where it is long, marked up part by part."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.alerts.channel import Action, Notice
from pipelines.alerts.message import Styled, plain, styled_parts
from pipelines.alerts.telegram.keyboard import pressable
from pipelines.text import split_text

MESSAGE_UNITS = 4096
"""Most UTF-16 code units in one message, without its markup (Bot API, sendMessage)."""

MOST_PARTS = 3
"""Most messages for one notice; what is longer goes into a file beside them."""

CAUSE_SHOWN = 600
"""How many characters of the cause are shown when the whole is in a file."""


@dataclass(frozen=True)
class Part:
    """One message.

    Attributes:
        marked: Its MarkdownV2.
        plain: The same without markup, in case that is refused.
        buttons: What can be pressed below it.
    """

    marked: str
    plain: str
    buttons: tuple[Action, ...] = ()

    @property
    def digest(self) -> str:
        """What tells this message from others, its buttons among it."""
        buttons = "".join(f"\0{one.label}\0{one.wish}" for one in self.buttons)
        return hashlib.sha256(f"{self.marked}{buttons}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Parts:
    """All messages of a notice.

    Attributes:
        messages: In order; there is always a first.
        file: The whole notice where the messages show it shortened, else "".
    """

    messages: tuple[Part, ...]
    file: str


def parts(notice: Notice, limit: int = MESSAGE_UNITS) -> Parts:
    """The messages that show a notice; each shows the incident's number.

    The first has the buttons, unless there is nothing to be done any more.

    Args:
        notice: What to show.
        limit: Most UTF-16 code units of text in a message; from 256.
    """
    messages = _messages(notice, limit)
    if len(messages) <= MOST_PARTS:
        return Parts(messages, "")
    shortened = replace(notice, cause=f"{notice.cause[:CAUSE_SHOWN]} …")
    return Parts(_messages(shortened, limit)[:MOST_PARTS], plain(notice))


def _messages(notice: Notice, limit: int) -> tuple[Part, ...]:
    heading = Styled(f"#{notice.number}, continued\n", "plain")
    whole = styled_parts(notice)
    messages: list[Part] = []
    begin = 0
    for text in split_text(
        "".join(span.text for span in whole), limit - len(heading.text)
    ):
        end = begin + len(text)
        shown = [heading] if messages else []
        shown += _between(whole, begin, end)
        messages.append(
            Part(
                marked="".join(marked(span) for span in shown),
                plain="".join(span.text for span in shown),
                buttons=() if messages else _buttons(notice),
            )
        )
        begin = end
    return tuple(messages)


def _buttons(notice: Notice) -> tuple[Action, ...]:
    return () if notice.recovered else pressable(notice.actions)


def _between(whole: Sequence[Styled], begin: int, end: int) -> Iterator[Styled]:
    """The spans of a stretch of the text; a span that is cut has its style twice."""
    at = 0
    for span in whole:
        text = span.text[max(begin - at, 0) : max(end - at, 0)]
        if text:
            yield Styled(text, span.style)
        at += len(span.text)


Inside = Literal["text", "pre", "code", "link"]

_CODE = re.compile(r"[\\`]")
_SPECIAL = {
    "text": re.compile(r"[\\_*\[\]()~`>#+\-=|{}.!]"),
    "pre": _CODE,
    "code": _CODE,
    "link": re.compile(r"[\\)]"),
}


def escape_markdown(text: str, inside: Inside = "text") -> str:
    r"""Text that MarkdownV2 shows as it is.

    Args:
        text: What people are to read. Cut it before it is escaped, not after.
        inside: Where it will stand: in `text` of any style, in a block (`pre`) or
            span (`code`) of code, or in the round brackets of a `link`.

    Returns:
        The text, with a backslash before each character that means something there.
    """
    return _SPECIAL[inside].sub(r"\\\g<0>", text)


def marked(span: Styled) -> str:
    """A span in MarkdownV2."""
    if span.style == "bold":
        return f"*{escape_markdown(span.text)}*"
    if span.style == "pre":
        # The line break after the fence is no part of the code; without it, the first
        # word would be taken for the name of its language.
        return f"```\n{escape_markdown(span.text, inside='pre')}```"
    return escape_markdown(span.text)
