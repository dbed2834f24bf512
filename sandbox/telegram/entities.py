"""Text and its entities, as messages hold them: what markup is turned into."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

# The order of entities that cover the same text: the outermost first, as TDLib's.
_ORDER = (
    "blockquote",
    "expandable_blockquote",
    "pre",
    "code",
    "text_link",
    "text_mention",
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "custom_emoji",
)
TYPES = frozenset(_ORDER)
_STYLES = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_CODE = frozenset({"pre", "code"})
_MOST_ENTITIES = 100
_WHITESPACE = " \n"


class MarkupError(Exception):
    """Markup cannot be parsed; the message is what follows "can't parse entities"."""


@dataclass(frozen=True)
class Entity:
    """A stretch of text with a meaning; the Bot API's MessageEntity.

    Attributes:
        type: As the Bot API names it.
        offset: Where it begins, in UTF-16 code units.
        length: How long it is, in UTF-16 code units.
        url: Of a `text_link`.
        language: Of a `pre`.
        user: The id of the user of a `text_mention`.
        custom_emoji_id: Of a `custom_emoji`.
    """

    type: str
    offset: int
    length: int
    url: str = ""
    language: str = ""
    user: int = 0
    custom_emoji_id: str = ""

    @property
    def end(self) -> int:
        """Where it ends, in UTF-16 code units."""
        return self.offset + self.length

    def as_json(self) -> dict[str, Any]:
        """Return what the Bot API answers with."""
        told: dict[str, Any] = {
            "offset": self.offset,
            "length": self.length,
            "type": self.type,
        }
        if self.url:
            told["url"] = self.url
        if self.language:
            told["language"] = self.language
        if self.user:
            told["user"] = {"id": self.user, "is_bot": False, "first_name": "User"}
        if self.custom_emoji_id:
            told["custom_emoji_id"] = self.custom_emoji_id
        return told


@dataclass(frozen=True)
class Formatted:
    """A text as it is shown, with its entities."""

    text: str
    entities: tuple[Entity, ...] = ()


def units(text: str) -> int:
    """Return the length of a text in UTF-16 code units, as all limits count it."""
    return len(text) + sum(char > "\uffff" for char in text)


def in_order(entities: list[Entity]) -> tuple[Entity, ...]:
    """Sort entities as the Bot API lists them: by offset, the longer first."""
    return tuple(
        sorted(
            entities, key=lambda one: (one.offset, -one.length, _ORDER.index(one.type))
        )
    )


def as_shown(parsed: Formatted) -> Formatted:
    """Tidy a text as Telegram does before it shows it.

    Carriage returns go, other control characters become spaces, and white space goes
    at both ends, at the beginning only up to the first entity. Styles stop at code.
    What is then empty, or beyond the hundredth, is no entity any more.
    """
    cleaned = _without_control_characters(parsed)
    trimmed = _trimmed(cleaned)
    pieces = [piece for one in trimmed.entities for piece in _around_code(one, trimmed)]
    return Formatted(trimmed.text, in_order(pieces)[:_MOST_ENTITIES])


def _without_control_characters(parsed: Formatted) -> Formatted:
    kept = [_clean(char) for char in parsed.text]
    moved = [0]  # where the n-th code unit of the old text stands in the new one
    for old, new in zip(parsed.text, kept, strict=True):
        begin = moved[-1]
        moved.extend([begin] * (units(old) - 1))
        moved.append(begin + units(new))
    return Formatted("".join(kept), _between(parsed.entities, moved))


def _clean(char: str) -> str:
    if char == "\r":
        return ""
    return " " if char < " " and char != "\n" else char


def _between(entities: tuple[Entity, ...], moved: list[int]) -> tuple[Entity, ...]:
    last = len(moved) - 1
    placed = []
    for one in entities:
        begin, end = moved[min(one.offset, last)], moved[min(one.end, last)]
        if end > begin:
            placed.append(replace(one, offset=begin, length=end - begin))
    return tuple(placed)


def _trimmed(shown: Formatted) -> Formatted:
    first = min((one.offset for one in shown.entities), default=units(shown.text))
    blank = len(shown.text) - len(shown.text.lstrip(_WHITESPACE))
    cut = min(blank, first)
    text = shown.text[cut:].rstrip(_WHITESPACE)
    moved = [max(0, n - cut) for n in range(units(shown.text) + 1)]
    end = units(text)
    return Formatted(text, _between(shown.entities, [min(n, end) for n in moved]))


def _around_code(entity: Entity, shown: Formatted) -> list[Entity]:
    """Cut a style where code stands; other entities stay whole."""
    if entity.type not in _STYLES:
        return [entity]
    edges = [entity.offset]
    for code in shown.entities:
        if code.type in _CODE and code.offset < entity.end and code.end > entity.offset:
            edges += [max(code.offset, entity.offset), min(code.end, entity.end)]
    edges.append(entity.end)
    return [
        replace(entity, offset=begin, length=end - begin)
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
        if end > begin
    ]
