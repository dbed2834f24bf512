"""Rich messages: texts made of blocks, such as headings, tables and what folds out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.telegram.entities import units
from sandbox.telegram.errors import bad_request

if TYPE_CHECKING:
    from sandbox.telegram.parameters import Parameters

Rich = Mapping[str, Any]
"""The Bot API's RichMessage."""

_LONGEST = 32_768  # UTF-16 units; "about 32K" is what is known
_MOST_NESTED = 16
_MOST_BLOCKS = 1_000
_SOURCES = ("html", "markdown", "blocks")
_STYLES = {
    *("bold", "italic", "underline", "strikethrough", "spoiler"),
    *("subscript", "superscript", "marked", "code", "url"),
}
# The fields of each block beside `type`: those it must have, and those it may.
_BLOCKS: dict[str, tuple[set[str], set[str]]] = {
    "paragraph": ({"text"}, set()),
    "heading": ({"text", "size"}, set()),
    "pre": ({"text"}, {"language"}),
    "footer": ({"text"}, set()),
    "divider": (set(), set()),
    "blockquote": ({"blocks"}, {"credit"}),
    "expandable_blockquote": ({"text"}, {"credit"}),
    "pullquote": ({"text"}, {"credit"}),
    "details": ({"summary", "blocks"}, {"is_open"}),
    "table": ({"cells"}, {"caption", "is_bordered", "is_striped", "is_compact"}),
}
_CELL = (
    {"align", "valign"},
    {"text", "is_header", "colspan", "rowspan"},
)
_ALIGN = {"left", "center", "right"}
_VALIGN = {"top", "middle", "bottom"}


def read_rich(call: Parameters) -> Rich:
    """Return what `rich_message` says.

    Raises:
        ApiError: 400, it is none that Telegram takes or the sandbox has.
    """
    told = call.json("rich_message")
    if not isinstance(told, dict):
        raise bad_request("the sandbox takes a rich_message as an object")
    _only(told, {*_SOURCES, "is_rtl", "skip_entity_detection"}, "rich_message")
    sources = [name for name in _SOURCES if told.get(name)]
    if not sources:
        raise bad_request("RICH_MESSAGE_CONTENT_REQUIRED")
    if len(sources) > 1:
        raise bad_request("the sandbox takes exactly one of html, markdown and blocks")
    if sources != ["blocks"]:
        raise bad_request(f"the sandbox has rich messages of blocks, not {sources[0]}")
    rich = {"blocks": _checked(told["blocks"])}
    return {**rich, "is_rtl": True} if told.get("is_rtl") else rich


def as_text(rich: Rich) -> str:
    """Return a rich message as lines of text: columns in line, all folded out."""
    return "\n".join(_lines(rich["blocks"]))


def _checked(blocks: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    _Check().blocks(blocks)
    text = as_text({"blocks": blocks})
    if units(text) > _LONGEST:
        raise bad_request(f"the sandbox takes {_LONGEST:,} UTF-16 units at most")
    return list(blocks)


class _Check:
    """Refuses what is no block; counts them, and how deep they are nested."""

    def __init__(self) -> None:
        self._blocks = 0
        self._depth = 0

    def blocks(self, told: Any) -> None:  # noqa: ANN401 - JSON
        with self._deeper():
            for one in _list(told, "blocks"):
                self._block(one)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise bad_request(f"the sandbox nests blocks {_MOST_NESTED} deep at most")
        yield
        self._depth -= 1

    def _block(self, told: Any) -> None:  # noqa: ANN401 - JSON
        self._blocks += 1
        if self._blocks > _MOST_BLOCKS:
            raise bad_request(f"the sandbox takes {_MOST_BLOCKS:,} blocks at most")
        block = _object(told, "block")
        kind = str(block.get("type"))
        if kind not in _BLOCKS:
            raise bad_request(f"the sandbox has no rich block {kind!r}")
        _fields(block, _BLOCKS[kind], f"block {kind}")
        self._content(block)
        if kind == "heading" and block["size"] not in range(1, 7):
            raise bad_request("the sandbox takes a heading's size from 1 to 6")

    def _content(self, block: Mapping[str, Any]) -> None:
        for name in ("text", "credit", "summary", "caption"):
            if name in block:
                self._text(block[name])
        if "blocks" in block:
            self.blocks(block["blocks"])
        for row in _list(block.get("cells", []), "cells"):
            for cell in _list(row, "row"):
                self._cell(_object(cell, "cell"))

    def _cell(self, cell: Mapping[str, Any]) -> None:
        _fields(cell, _CELL, "cell")
        if str(cell["align"]) not in _ALIGN or str(cell["valign"]) not in _VALIGN:
            raise bad_request("the sandbox takes no such alignment of a cell")
        self._text(cell.get("text", ""))

    def _text(self, told: Any) -> None:  # noqa: ANN401 - JSON
        if isinstance(told, str):
            return
        if isinstance(told, list):
            with self._deeper():
                for one in told:
                    self._text(one)
            return
        styled = _object(told, "rich text")
        kind = str(styled.get("type"))
        if kind not in _STYLES:
            raise bad_request(f"the sandbox has no rich text {kind!r}")
        needed = {"type", "text", "url"} if kind == "url" else {"type", "text"}
        _fields(styled, (needed, set()), f"rich text {kind}")
        with self._deeper():
            self._text(styled["text"])


def _fields(
    told: Mapping[str, Any], known: tuple[set[str], set[str]], what: str
) -> None:
    needed, allowed = known
    _only(told, {*needed, *allowed, "type"}, what)
    for name in sorted(needed - told.keys()):
        raise bad_request(f"the sandbox's {what} needs a field {name}")


def _only(told: Mapping[str, Any], known: set[str], what: str) -> None:
    for name in sorted(told.keys() - known):
        raise bad_request(f"the sandbox's {what} has no field {name}")


def _object(told: Any, what: str) -> dict[str, Any]:  # noqa: ANN401 - JSON
    if not isinstance(told, dict):
        raise bad_request(f"the sandbox takes a {what} as an object")
    return told


def _list(told: Any, what: str) -> list[Any]:  # noqa: ANN401 - JSON
    if not isinstance(told, list):
        raise bad_request(f"the sandbox takes {what} as a list")
    return told


def _lines(blocks: list[Mapping[str, Any]]) -> Iterator[str]:
    for block in blocks:
        match block["type"]:
            case "divider":
                yield "---"
            case "blockquote":
                yield from (f"> {line}" for line in _lines(block["blocks"]))
            case "details":
                yield _plain(block["summary"])
                yield from (f"  {line}" for line in _lines(block["blocks"]))
            case "table":
                yield from _table(block)
            case _:
                yield _plain(block["text"])
        if "credit" in block:
            yield _plain(block["credit"])


def _table(block: Mapping[str, Any]) -> Iterator[str]:
    if "caption" in block:
        yield _plain(block["caption"])
    rows = [[_plain(cell.get("text", "")) for cell in row] for row in block["cells"]]
    columns = max(map(len, rows), default=0)
    widths = [
        max((len(row[n]) for row in rows if n < len(row)), default=0)
        for n in range(columns)
    ]
    for row in rows:
        cells = zip(row, widths, strict=False)
        yield " | ".join(text.ljust(width) for text, width in cells).rstrip()


def _plain(text: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(text, str):
        return text
    if isinstance(text, list):
        return "".join(map(_plain, text))
    return _plain(text["text"])
