"""A reader of MarkdownV2, as strict as Telegram's, for what the product writes."""

from __future__ import annotations

import re

RESERVED = set("_*[]()~`>#+-=|{}.!")
STYLES = ("```", "||", "__", "*", "_", "~", "`")
ESCAPED = re.compile(r"\\([\x01-\x7e])", re.DOTALL)


class MarkupError(Exception):
    """Telegram would not take it."""


def shown(marked: str) -> str:
    """The text that people see."""
    text, end = _read(marked, 0, [])
    assert end == len(marked)
    return text


def _read(marked: str, at: int, open_styles: list[str]) -> tuple[str, int]:
    """Read up to the end of the innermost open style."""
    text = ""
    while at < len(marked):
        if open_styles and marked.startswith(open_styles[-1], at):
            return text, at + len(open_styles[-1])
        if found := ESCAPED.match(marked, at):
            text += found[1]
            at = found.end()
        elif marked[at] == "[":
            text_of_link, at = _link(marked, at)
            text += text_of_link
        elif style := next((s for s in STYLES if marked.startswith(s, at)), None):
            inner, at = _styled(marked, at + len(style), style, open_styles)
            text += inner
        elif marked[at] in RESERVED:
            raise MarkupError(f"character '{marked[at]}' is reserved at {at}")
        else:
            text += marked[at]
            at += 1
    if open_styles:
        raise MarkupError(f"no end of {open_styles[-1]}")
    return text, at


def _styled(
    marked: str, at: int, style: str, open_styles: list[str]
) -> tuple[str, int]:
    if style == "`":
        return _code(marked, at, style)
    if style == "```":
        at = _after_language(marked, at)
        return _code(marked, at, style)
    if style in open_styles:
        raise MarkupError(f"{style} inside itself")
    return _read(marked, at, [*open_styles, style])


def _after_language(marked: str, at: int) -> int:
    end = at
    while end < len(marked) and not marked[end].isspace() and marked[end] != "`":
        end += 1
    if end < len(marked) and marked[end] != "`":
        at = end
    if marked[at : at + 2] in ("\r\n", "\n\r"):
        return at + 2
    return at + 1 if marked[at : at + 1] in ("\r", "\n") else at


def _code(marked: str, at: int, fence: str) -> tuple[str, int]:
    text = ""
    while not marked.startswith(fence, at):
        if at >= len(marked):
            raise MarkupError(f"no end of {fence}")
        if found := ESCAPED.match(marked, at):
            text += found[1]
            at = found.end()
        elif marked[at] == "`":
            raise MarkupError("a ` in code")
        else:
            text += marked[at]
            at += 1
    return text, at + len(fence)


def _link(marked: str, at: int) -> tuple[str, int]:
    text, at = _read(marked, at + 1, ["]"])
    if not marked.startswith("(", at):
        raise MarkupError("[ without (")
    address = ""
    at += 1
    while not marked.startswith(")", at):
        if at >= len(marked):
            raise MarkupError("no end of a link")
        found = ESCAPED.match(marked, at)
        address += found[1] if found else marked[at]
        at = found.end() if found else at + 1
    return f"{text} <{address}>", at + 1
