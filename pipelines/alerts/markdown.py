"""Telegram's MarkdownV2: values escaped as they are put in, never a whole message.

Source of the rules: https://core.telegram.org/bots/api#markdownv2-style
"""

from __future__ import annotations

import re
from typing import Literal

from pipelines.alerts.message import Span

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


def marked(span: Span) -> str:
    """A span in MarkdownV2."""
    if span.style == "bold":
        return f"*{escape_markdown(span.text)}*"
    if span.style == "pre":
        # The line break after the fence is no part of the code; without it, the first
        # word would be taken for the name of its language.
        return f"```\n{escape_markdown(span.text, inside='pre')}```"
    return escape_markdown(span.text)
