"""Rich messages, and servers that do not know them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.telegram.control import TelegramControl
from sandbox.telegram.rich import as_text
from tests.kit.bot_client import BotClient

ANN, GROUP = 1001, -1001


def cell(text: str, **more: object) -> dict[str, Any]:
    return {"align": "left", "valign": "top", "text": text, **more}


BLOCKS: list[dict[str, Any]] = [
    {"type": "heading", "text": "Night of 14 March", "size": 2},
    {"type": "paragraph", "text": ["38 of ", {"type": "bold", "text": "150"}]},
    {
        "type": "table",
        "caption": "Shards",
        "is_striped": True,
        "cells": [
            [cell("shard", is_header=True), cell("state", is_header=True)],
            [cell("moscow"), cell("failed")],
            [cell("perm", colspan=2)],
        ],
    },
    {
        "type": "details",
        "summary": "Log",
        "blocks": [
            {"type": "pre", "text": "error\n20009", "language": "text"},
            {"type": "blockquote", "blocks": [{"type": "paragraph", "text": "why"}]},
        ],
    },
    {"type": "divider"},
    {
        "type": "footer",
        "text": {"type": "url", "text": "page", "url": "https://x.example"},
    },
]
TEXT = """\
Night of 14 March
38 of 150
Shards
shard  | state
moscow | failed
perm
Log
  error
20009
  > why
---
page"""


def test_a_rich_message_is_kept_block_by_block(
    bot: BotClient, telegram: TelegramControl
) -> None:
    sent = bot.call("sendRichMessage", chat_id=GROUP, rich_message={"blocks": BLOCKS})
    assert sent["rich_message"] == {"blocks": BLOCKS}
    assert "text" not in sent
    (shown,) = telegram.messages(GROUP)
    assert shown.rich == {"blocks": BLOCKS}
    assert as_text(shown.rich) == TEXT


def test_a_rich_message_has_buttons_and_becomes_a_text_and_rich_again(
    bot: BotClient, telegram: TelegramControl
) -> None:
    markup = {"inline_keyboard": [[{"text": "More", "callback_data": "more"}]]}
    rich = {"blocks": BLOCKS[:2]}
    sent = bot.call(
        "sendRichMessage", chat_id=GROUP, rich_message=rich, reply_markup=markup
    )
    assert sent["reply_markup"] == markup
    place = {"chat_id": GROUP, "message_id": sent["message_id"]}
    same = bot.refused(
        "editMessageText", **place, rich_message=rich, reply_markup=markup
    )
    assert same["description"].startswith("Bad Request: message is not modified: ")
    told = bot.call("editMessageText", **place, rich_message={"blocks": BLOCKS})
    assert told["rich_message"] == {"blocks": BLOCKS}
    told = bot.call("editMessageText", **place, text="plain")
    assert ("rich_message" in told, told["text"]) == (False, "plain")
    bot.call("editMessageText", **place, rich_message=rich)
    told = bot.call("editMessageReplyMarkup", **place, reply_markup=markup)
    assert told["rich_message"] == rich
    telegram.press(GROUP, ANN, sent["message_id"], "more")
    (update,) = bot.call("getUpdates")
    assert update["callback_query"]["message"]["rich_message"] == rich


@pytest.mark.parametrize(
    ("rich", "description"),
    [
        ({}, "RICH_MESSAGE_CONTENT_REQUIRED"),
        ({"blocks": []}, "RICH_MESSAGE_CONTENT_REQUIRED"),
        (
            {"blocks": BLOCKS, "html": "<p>a</p>"},
            "the sandbox takes exactly one of html, markdown and blocks",
        ),
        ({"html": "<p>a</p>"}, "the sandbox has rich messages of blocks, not html"),
        ({"markdown": "# a"}, "the sandbox has rich messages of blocks, not markdown"),
        (
            {"blocks": BLOCKS, "media": []},
            "the sandbox's rich_message has no field media",
        ),
        ([], "the sandbox takes a rich_message as an object"),
        ({"blocks": {}}, "RICH_MESSAGE_CONTENT_REQUIRED"),
        ({"blocks": "a"}, "the sandbox takes blocks as a list"),
        ({"blocks": [{"type": []}]}, "the sandbox has no rich block '[]'"),
        ({"blocks": [{"type": "map"}]}, "the sandbox has no rich block 'map'"),
        (
            {"blocks": [{"type": "heading", "text": "a"}]},
            "the sandbox's block heading needs a field size",
        ),
        (
            {"blocks": [{"type": "heading", "text": "a", "size": 7}]},
            "the sandbox takes a heading's size from 1 to 6",
        ),
        (
            {"blocks": [{"type": "divider", "text": "a"}]},
            "the sandbox's block divider has no field text",
        ),
        (
            {"blocks": [{"type": "table", "cells": [[{"text": "a"}]]}]},
            "the sandbox's cell needs a field align",
        ),
        (
            {"blocks": [{"type": "table", "cells": [[cell("a", align="up")]]}]},
            "the sandbox takes no such alignment of a cell",
        ),
        (
            {"blocks": [{"type": "paragraph", "text": {"type": "big", "text": "a"}}]},
            "the sandbox has no rich text 'big'",
        ),
        (
            {"blocks": [{"type": "paragraph", "text": "a" * 32_769}]},
            "the sandbox takes 32,768 UTF-16 units at most",
        ),
        (
            {"blocks": [{"type": "divider"}] * 1_001},
            "the sandbox takes 1,000 blocks at most",
        ),
    ],
)
def test_a_rich_message_that_cannot_be_is_refused(
    bot: BotClient, telegram: TelegramControl, rich: object, description: str
) -> None:
    told = bot.refused("sendRichMessage", chat_id=ANN, rich_message=rich)
    assert (told["error_code"], told["description"]) == (
        400,
        f"Bad Request: {description}",
    )
    assert telegram.messages(ANN) == []


def test_blocks_in_blocks_without_end_are_refused(bot: BotClient) -> None:
    block: dict[str, Any] = {"type": "paragraph", "text": "a"}
    for _ in range(16):
        block = {"type": "blockquote", "blocks": [block]}
    told = bot.refused("sendRichMessage", chat_id=ANN, rich_message={"blocks": [block]})
    assert told["description"].endswith("nests blocks 16 deep at most")
    fits = {"blocks": block["blocks"]}
    bot.call("sendRichMessage", chat_id=ANN, rich_message=fits)


def test_an_older_server_knows_no_rich_messages(
    bot: BotClient, telegram: TelegramControl
) -> None:
    sent = bot.call("sendMessage", chat_id=ANN, text="a")
    telegram.set_rich(rich=False)
    rich = {"blocks": BLOCKS}
    told = bot.refused("sendRichMessage", chat_id=ANN, rich_message=rich)
    assert (told["error_code"], told["description"]) == (
        404,
        "Not Found: method not found",
    )
    place = {"chat_id": ANN, "message_id": sent["message_id"]}
    told = bot.refused("editMessageText", **place, rich_message=rich)
    assert told["description"] == "Bad Request: message text is empty"
    told = bot.call("editMessageText", **place, rich_message=rich, text="b")
    assert (told["text"], "rich_message" in told) == ("b", False)
    telegram.set_rich(rich=True)
    bot.call("sendRichMessage", chat_id=ANN, rich_message=rich)


def test_rich_messages_fail_as_told_and_count_like_others(
    bot: BotClient, telegram: TelegramControl
) -> None:
    rich = {"blocks": BLOCKS[:1]}
    telegram.fail(502, method="sendRichMessage")
    refused = bot.refused("sendRichMessage", chat_id=GROUP, rich_message=rich)
    assert refused["error_code"] == 502
    for _ in range(20):
        bot.call("sendRichMessage", chat_id=GROUP, rich_message=rich)
    refused = bot.refused("sendRichMessage", chat_id=GROUP, rich_message=rich)
    assert refused["error_code"] == 429
