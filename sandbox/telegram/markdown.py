"""MarkdownV2 as the Bot API parses it, quirks and errors included.

The rules are those of https://core.telegram.org/bots/api#markdownv2-style and, where
that is silent, of TDLib's parser: what ends what, and the texts of errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from sandbox.telegram.entities import Entity, Formatted, MarkupError, in_order, units
from sandbox.telegram.links import checked_link, custom_emoji, mentioned_user

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
_RESERVED_IN_CODE = frozenset("`")
_LAST_ESCAPABLE = "~"
_SPACES = frozenset(" \t\r\n\v\0")

# What begins an entity; a longer mark stands before its own beginning.
_MARKS = {
    "__": "underline",
    "_": "italic",
    "*": "bold",
    "~": "strikethrough",
    "||": "spoiler",
    "`": "code",
    "[": "text_link",
    "![": "custom_emoji",
}
_ENDS = {
    "underline": "__",
    "italic": "_",
    "bold": "*",
    "strikethrough": "~",
    "spoiler": "||",
    "code": "`",
    "pre": "```",
    "text_link": "]",
    "custom_emoji": "]",
}
_NAMES = {
    "underline": "Underline",
    "italic": "Italic",
    "bold": "Bold",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "blockquote": "BlockQuote",
}


def parse_markdown(text: str) -> Formatted:
    """Parse MarkdownV2.

    Raises:
        MarkupError: A reserved character is not escaped, or an entity does not end.
    """
    return _Parser(text).parse()


@dataclass(frozen=True)
class _Open:
    """An entity whose end is still to come.

    Attributes:
        at: Where its mark stands in the source.
        offset: Where it begins in what is shown, in UTF-16 code units.
        shown: Characters shown before it.
    """

    type: str
    at: int
    offset: int
    shown: int
    language: str = ""

    @property
    def name(self) -> str:
        return "PreCode" if self.language else _NAMES[self.type]


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._shown: list[str] = []
        self._offset = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []
        self._quoting = False
        self._at_line_start = True

    def parse(self) -> Formatted:
        while self._at < len(self._source):
            self._take_one()
        if self._quoting:
            self._end_quote()
        if self._open:
            self._refuse_unclosed()
        return Formatted("".join(self._shown), in_order(self._entities))

    def _take_one(self) -> None:
        char = self._source[self._at]
        if char == "\\" and "\x01" <= self._peek(1) <= _LAST_ESCAPABLE:
            self._at += 1
            self._show()
        elif char not in self._reserved():
            self._show()
        elif self._ends_here(char):
            self._end(char)
        elif char == "\n":
            self._begin_line()
        elif char == ">":
            self._begin_quote()
        elif self._source.startswith("```", self._at):
            self._begin_pre()
        else:
            self._begin()

    def _peek(self, ahead: int) -> str:
        return self._source[self._at + ahead : self._at + ahead + 1]

    def _reserved(self) -> frozenset[str]:
        if self._open and self._open[-1].type in ("code", "pre"):
            return _RESERVED_IN_CODE
        return _RESERVED

    def _show(self) -> None:
        char = self._source[self._at]
        self._shown.append(char)
        self._offset += units(char)
        self._at += 1
        if char != "\r":
            self._at_line_start = False

    def _begin_line(self) -> None:
        self._show()
        self._at_line_start = True
        if self._quoting:  # the mark of a quotation that goes on
            self._at += 1
            self._at_line_start = False

    def _begin_quote(self) -> None:
        if self._quoting or not self._at_line_start:
            self._refuse_reserved()
        self._push("blockquote", 1)
        self._quoting = True
        self._at_line_start = False

    def _begin_pre(self) -> None:
        begin = end = self._at + 3
        while end < len(self._source) and self._source[end] not in _SPACES | {"`"}:
            end += 1
        if end == len(self._source) or self._source[end] == "`":
            end = begin  # what follows is the text, not a language
        pair = self._source[end : end + 2]
        skipped = 2 if pair in ("\r\n", "\n\r") else int(pair[:1] in ("\r", "\n"))
        skipped = skipped if pair else 0
        language = self._source[begin:end]
        self._push("pre", end + skipped - self._at, language)

    def _begin(self) -> None:
        for mark, kind in _MARKS.items():
            if self._source.startswith(mark, self._at):
                self._push(kind, len(mark))
                return
        self._refuse_reserved()

    def _push(self, kind: str, width: int, language: str = "") -> None:
        self._open.append(
            _Open(kind, self._at, self._offset, len(self._shown), language)
        )
        self._at += width

    def _ends_here(self, char: str) -> bool:
        if not self._open:
            return False
        if self._quoting and char == "\n" and self._peek(1) != ">":
            return True
        kind = self._open[-1].type
        if kind == "blockquote":
            return False
        if kind == "italic" and self._peek(1) == "_":
            return False  # two of them are always underline's
        return self._source.startswith(_ENDS[kind], self._at)

    def _end(self, char: str) -> None:
        if char == "\n":
            self._show()
            self._end_quote(before=1)
            self._at_line_start = True
            return
        ended = self._open[-1]
        self._at += len(_ENDS[ended.type])
        if ended.type == "text_link":
            self._end_link(ended)
        elif ended.type == "custom_emoji":
            self._close(ended, custom_emoji_id=self._emoji())
        else:
            self._close(ended, language=ended.language)

    def _end_quote(self, before: int = 0) -> None:
        """End the quotation; a spoiler begun right at its end marks it expandable."""
        kind = "blockquote"
        if self._open and self._open[-1].type == "spoiler":
            inside = self._source[self._open[-1].at + 2 : self._at - before]
            if inside in ("", "\r"):
                self._open.pop()
                kind = "expandable_blockquote"
        if self._open[-1].type != "blockquote":
            self._refuse_unclosed()
        self._close(self._open[-1], kind)
        self._quoting = False

    def _end_link(self, ended: _Open) -> None:
        if self._peek(0) == "(":
            url = self._url("a URL")
        else:
            url = "".join(self._shown[ended.shown :])
        if user := mentioned_user(url):
            self._close(ended, "text_mention", user=user)
        elif link := checked_link(url):
            self._close(ended, url=link)
        else:
            self._open.pop()

    def _emoji(self) -> str:
        if self._peek(0) != "(":
            raise MarkupError("Custom emoji entity must contain a tg://emoji URL")
        return custom_emoji(self._url("a custom emoji URL"))

    def _url(self, name: str) -> str:
        """Read what stands in parentheses, and go behind them."""
        self._at += 1
        begin, url = self._at, ""
        while self._peek(0) not in (")", ""):
            if self._peek(0) == "\\" and "\x01" <= self._peek(1) <= _LAST_ESCAPABLE:
                self._at += 1
            url += self._peek(0)
            self._at += 1
        if not self._peek(0):
            raise MarkupError(
                f"Can't find end of {name} at byte offset {self._bytes(begin)}"
            )
        self._at += 1
        return url

    def _close(
        self,
        ended: _Open,
        kind: str = "",
        *,
        url: str = "",
        language: str = "",
        user: int = 0,
        custom_emoji_id: str = "",
    ) -> None:
        self._open.pop()
        length = self._offset - ended.offset
        if length:
            self._entities.append(
                Entity(
                    kind or ended.type,
                    ended.offset,
                    length,
                    url=url,
                    language=language,
                    user=user,
                    custom_emoji_id=custom_emoji_id,
                )
            )

    def _bytes(self, at: int) -> int:
        return len(self._source[:at].encode())

    def _refuse_reserved(self) -> NoReturn:
        raise MarkupError(
            f"Character '{self._source[self._at]}' is reserved and must be escaped"
            " with the preceding '\\'"
        )

    def _refuse_unclosed(self) -> NoReturn:
        last = self._open[-1]
        raise MarkupError(
            f"Can't find end of {last.name} entity"
            f" at byte offset {self._bytes(last.at)}"
        )
