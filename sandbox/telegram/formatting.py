"""The text of a call with its markup, as the chat will show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.telegram.entities import (
    TYPES,
    Entity,
    Formatted,
    MarkupError,
    as_shown,
    in_order,
    units,
)
from sandbox.telegram.errors import bad_request
from sandbox.telegram.html import parse_html
from sandbox.telegram.links import checked_link
from sandbox.telegram.markdown import parse_markdown

if TYPE_CHECKING:
    from sandbox.telegram.parameters import Parameters

_PARSERS = {"markdownv2": parse_markdown, "html": parse_html}
# Telegram looks for these by itself, and takes no client's word for them.
_FOUND = {"mention", "hashtag", "cashtag", "bot_command", "url", "email"}
_FOUND_TOO = {"phone_number", "bank_card"}


def read_formatted(call: Parameters, text: str, entities: str) -> Formatted:
    """Parse a text by its `parse_mode`, or with the entities that came beside it.

    Args:
        call: The call.
        text: The name of the parameter that holds the text.
        entities: The name of the one that holds entities.

    Raises:
        ApiError: 400, the markup cannot be parsed, or is none the sandbox knows.
    """
    mode = call.text("parse_mode").lower()
    source = call.text(text)
    if not mode:
        return as_shown(_with_entities(source, call.json(entities)))
    if mode == "markdown":
        raise bad_request("the sandbox has no parse_mode Markdown, only MarkdownV2")
    if mode not in _PARSERS:
        raise bad_request("unsupported parse_mode")
    try:
        return as_shown(_PARSERS[mode](source))
    except MarkupError as error:
        raise bad_request(f"can't parse entities: {error}") from None


def _with_entities(text: str, told: Any) -> Formatted:  # noqa: ANN401 - JSON
    if told is None:
        return Formatted(text)
    if not isinstance(told, list):
        raise bad_request("expected an Array of MessageEntity")
    read = [_entity(one, units(text)) for one in told]
    return Formatted(text, in_order([one for one in read if one]))


def _entity(told: Any, end: int) -> Entity | None:  # noqa: ANN401 - JSON
    try:
        kind, offset, length = told["type"], int(told["offset"]), int(told["length"])
    except (TypeError, KeyError, ValueError):
        raise bad_request("can't parse MessageEntity") from None
    if kind in _FOUND | _FOUND_TOO:
        return None
    if kind not in TYPES:
        raise bad_request("can't parse MessageEntity: unsupported type specified")
    if offset < 0 or length <= 0 or offset + length > end:
        return None
    entity = Entity(kind, offset, length)
    match kind:
        case "text_link":
            link = checked_link(told.get("url", ""))
            if not link:
                url = told.get("url", "")
                raise bad_request(f"entity URL '{url}' is invalid: Wrong HTTP URL")
            return Entity(kind, offset, length, url=link)
        case "text_mention":
            return Entity(kind, offset, length, user=int(told["user"]["id"]))
        case "pre":
            return Entity(kind, offset, length, language=told.get("language", ""))
        case "custom_emoji":
            emoji = str(told.get("custom_emoji_id", ""))
            return Entity(kind, offset, length, custom_emoji_id=emoji)
    return entity
