"""The HTML of the Bot API: a few tags, four named entities, and its errors.

The rules are those of https://core.telegram.org/bots/api#html-style and TDLib's parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NoReturn

from sandbox.telegram.entities import Entity, Formatted, MarkupError, in_order, units
from sandbox.telegram.links import checked_link, mentioned_user

_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_TAGS = {*_STYLES, "a", "code", "pre", "blockquote", "tg-emoji"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(
    r"&(?:#x(?P<hex>[0-9a-fA-F]+)|#(?P<dec>\d+)|(?P<name>[a-zA-Z]+));?"
)
_LAST_CODE = 0x10FFFF
_LONGEST_REFERENCE = 10
_SPACE = r"[ \t\r\n\0\v]"
_TAG_NAME = re.compile(r"[^ \t\r\n\0\v>]*")
_SPACES = re.compile(rf"{_SPACE}*")
_ATTRIBUTE = re.compile(r"[^ \t\r\n\0\v=>]*")
_TOKEN = re.compile(r"[a-zA-Z0-9.-]*")


def parse_html(text: str) -> Formatted:
    """Parse the Bot API's HTML.

    Raises:
        MarkupError: A tag is unknown, malformed, or not closed.
    """
    return _Parser(text).parse()


@dataclass(frozen=True)
class _Tag:
    name: str
    argument: str
    offset: int
    shown: int


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._shown: list[str] = []
        self._offset = 0
        self._open: list[_Tag] = []
        self._entities: list[Entity] = []

    def parse(self) -> Formatted:
        while self._at < len(self._source):
            if self._source.startswith("</", self._at):
                self._end()
            elif self._source[self._at] == "<":
                self._begin()
            else:
                char, self._at = _character(self._source, self._at)
                self._shown.append(char)
                self._offset += units(char)
        if self._open:
            raise MarkupError(
                "Can't find end tag corresponding to start tag"
                f' "{self._open[-1].name}"'
            )
        # A class without its pre says nothing.
        told = [
            replace(one, language="") if one.type == "code" else one
            for one in self._entities
        ]
        return Formatted(_checked("".join(self._shown)), in_order(told))

    def _begin(self) -> None:
        begin = self._at
        self._at += 1
        name = self._take(_TAG_NAME).lower()
        if not self._peek():
            self._refuse("Unclosed start tag", begin)
        if name not in _TAGS:
            self._refuse(f'Unsupported start tag "{name}"', begin)
        argument = ""
        self._take(_SPACES)
        while self._peek() != ">":
            attribute, value = self._attribute(name, begin)
            argument = _argument(name, attribute, value) or argument
            self._take(_SPACES)
        self._at += 1
        if name == "span" and argument != "spoiler":
            self._refuse('Tag "span" must have class "tg-spoiler"', begin)
        self._open.append(_Tag(name, argument, self._offset, len(self._shown)))

    def _attribute(self, tag: str, begin: int) -> tuple[str, str]:
        """Read one attribute; without a value, its own name stands for it."""
        unclosed = f'Unclosed start tag "{tag}"'
        name = self._take(_ATTRIBUTE)
        if not name:
            if not self._peek():
                self._refuse(unclosed, begin)
            self._refuse(f'Empty attribute name in the tag "{tag}"', begin)
        self._take(_SPACES)
        if self._peek() != "=":
            if not self._peek():
                self._refuse(unclosed, begin)
            return name, name
        self._at += 1
        self._take(_SPACES)
        if not self._peek():
            self._refuse(unclosed, begin)
        value = self._quoted() if self._peek() in "\"'" else self._token()
        if not self._peek():
            self._refuse("Unclosed start tag", begin)
        return name, value

    def _quoted(self) -> str:
        quote, value = self._peek(), ""
        self._at += 1
        while self._peek() not in (quote, ""):
            char, self._at = _character(self._source, self._at)
            value += char
        self._at += 1
        return value

    def _token(self) -> str:
        begin = self._at
        token = self._take(_TOKEN).lower()
        if not re.match(rf"{_SPACE}|>|$", self._source[self._at :]):
            self._refuse("Unexpected end of name token", begin)
        return token

    def _end(self) -> None:
        begin = self._at
        if not self._open:
            self._refuse("Unexpected end tag", begin)
        self._at += 2
        name = self._take(_TAG_NAME).lower()
        self._take(_SPACES)
        if self._peek() != ">":
            self._refuse("Unclosed end tag", begin)
        self._at += 1
        tag = self._open.pop()
        if name not in ("", tag.name):
            found = f'expected "</{tag.name}>", found "</{name}>"'
            self._refuse("Unmatched end tag", begin, f", {found}")
        if self._offset > tag.offset:
            self._close(tag)

    def _close(self, tag: _Tag) -> None:
        whole = Entity("", tag.offset, self._offset - tag.offset)
        if tag.name in _STYLES:
            self._entities.append(replace(whole, type=_STYLES[tag.name]))
        elif tag.name == "a":
            url = tag.argument or "".join(self._shown[tag.shown :])
            if user := mentioned_user(url):
                self._entities.append(replace(whole, type="text_mention", user=user))
            elif link := checked_link(url):
                self._entities.append(replace(whole, type="text_link", url=link))
        elif tag.name == "blockquote":
            kind = f"{'expandable_' if tag.argument else ''}blockquote"
            self._entities.append(replace(whole, type=kind))
        elif tag.name == "tg-emoji":
            if not re.fullmatch(r"-?[1-9]\d*", tag.argument):
                raise MarkupError("Invalid custom emoji identifier specified")
            self._entities.append(
                replace(whole, type="custom_emoji", custom_emoji_id=tag.argument)
            )
        else:
            self._close_code(tag, whole)

    def _close_code(self, tag: _Tag, whole: Entity) -> None:
        """Close `code` or `pre`; one in the other may be a pre with a language."""
        inner = self._entities[-1] if self._entities else None
        covers = inner and (inner.offset, inner.end) == (whole.offset, whole.end)
        if inner and covers and {inner.type, tag.name} == {"code", "pre"}:
            language = inner.language or tag.argument
            if language:
                self._entities[-1] = replace(whole, type="pre", language=language)
                return
        self._entities.append(replace(whole, type=tag.name, language=tag.argument))

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._source, self._at)
        taken = found[0] if found else ""
        self._at += len(taken)
        return taken

    def _refuse(self, what: str, at: int, more: str = "") -> NoReturn:
        offset = len(self._source[:at].encode())
        raise MarkupError(f"{what} at byte offset {offset}{more}")


def _argument(tag: str, attribute: str, value: str) -> str:
    match tag, attribute:
        case ("a", "href") | ("tg-emoji", "emoji-id") | ("blockquote", "expandable"):
            return value or attribute
        case "code", "class":
            return value.removeprefix("language-") if "language-" in value[:9] else ""
        case "span", "class":
            return value.removeprefix("tg-") if value.startswith("tg-") else ""
    return ""


def _character(source: str, at: int) -> tuple[str, int]:
    """Read one character, or a reference to one; what is none stands for itself."""
    found = _REFERENCE.match(source, at)
    if found is None:
        return source[at], at + 1
    if found["name"]:
        char = _NAMED.get(found["name"], "")
    else:
        code = int(found["hex"], 16) if found["hex"] else int(found["dec"])
        width = len(found[0].removesuffix(";"))
        char = chr(code) if 0 < code < _LAST_CODE and width < _LONGEST_REFERENCE else ""
    return (char, found.end()) if char else (source[at], at + 1)


def _checked(text: str) -> str:
    try:
        # Two halves of a pair, each written as a reference, are one character.
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise MarkupError(
            "Text contains invalid Unicode characters after decoding HTML entities,"
            " check for unmatched surrogate code units"
        ) from None
