"""Buttons under messages, who presses them, and what the bot answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.control import ControlError
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.keyboards import Button
from sandbox.telegram.presses import Answer
from tests.kit.bot_client import BotClient

ANN, BEN, GROUP = 1001, 1002, -1001
TOO_OLD = (
    "Bad Request: query is too old and response timeout expired or query ID is invalid"
)


def keyboard(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


def run(data: str = "run:1") -> dict[str, Any]:
    return keyboard({"text": "Re-run", "callback_data": data})


def ask(bot: BotClient, chat: int = GROUP) -> int:
    sent = bot.call("sendMessage", chat_id=chat, text="failed", reply_markup=run())
    return int(sent["message_id"])


def queries(bot: BotClient) -> list[dict[str, Any]]:
    return [one["callback_query"] for one in bot.call("getUpdates")]


def test_a_message_keeps_its_buttons(bot: BotClient, telegram: TelegramControl) -> None:
    markup = {
        "inline_keyboard": [
            [
                {"text": "Re-run", "callback_data": "run:1", "style": "danger"},
                {"text": "Log", "url": "https://x.example/log"},
            ],
            [],
            [{"text": "Copy", "copy_text": {"text": "moscow"}}],
        ]
    }
    form = {"chat_id": GROUP, "text": "failed", "reply_markup": json.dumps(markup)}
    told = bot.post("sendMessage", data=form).json()["result"]
    markup["inline_keyboard"].remove([])
    assert told["reply_markup"] == markup
    (shown,) = telegram.messages(GROUP)
    assert shown.keyboard == (
        (
            Button("Re-run", data="run:1", style="danger"),
            Button("Log", url="https://x.example/log"),
        ),
        (Button("Copy", copies="moscow"),),
    )


def test_buttons_go_when_a_message_is_edited_without_them(
    bot: BotClient, telegram: TelegramControl
) -> None:
    place = {"chat_id": GROUP, "message_id": ask(bot)}
    other = run("run:2")
    told = bot.call("editMessageReplyMarkup", **place, reply_markup=other)
    assert (told["text"], told["reply_markup"]) == ("failed", other)
    again = bot.refused("editMessageReplyMarkup", **place, reply_markup=other)
    assert again["description"].startswith("Bad Request: message is not modified: ")
    bot.call("editMessageText", **place, text="failed", reply_markup=run())
    assert "reply_markup" not in bot.call("editMessageText", **place, text="failed")
    bot.call("editMessageReplyMarkup", **place, reply_markup=other)
    bot.call("editMessageReplyMarkup", **place)
    (shown,) = telegram.messages(GROUP)
    assert (shown.keyboard, shown.edits) == ((), 5)


@pytest.mark.parametrize(
    ("markup", "description"),
    [
        ([], "object expected as reply markup"),
        ("{", "can't parse reply_markup JSON object"),
        (run(""), "BUTTON_DATA_INVALID"),
        (run("я" * 33), "BUTTON_DATA_INVALID"),
        (
            keyboard({"text": "a"}),
            (
                "can't parse inline keyboard button:"
                " Text buttons are unallowed in the inline keyboard"
            ),
        ),
        (
            keyboard({"text": "a", "url": "localhost"}),
            "inline keyboard button URL 'localhost' is invalid: Wrong HTTP URL",
        ),
        (
            keyboard({"text": " ", "callback_data": "a"}),
            "the sandbox takes no inline keyboard button without a text",
        ),
        (
            keyboard({"text": "a", "callback_data": "a", "url": "a.io"}),
            "the sandbox takes one action of an inline keyboard button",
        ),
        (
            keyboard({"text": "a", "web_app": {"url": "a.io"}}),
            "the sandbox's inline keyboard button has no field web_app",
        ),
        (
            {"keyboard": [[{"text": "a"}]]},
            "the sandbox's reply_markup has no field keyboard",
        ),
        (
            keyboard(*({"text": "a", "callback_data": "a"} for _ in range(101))),
            "reply markup is too long",
        ),
    ],
)
def test_buttons_that_cannot_be_are_refused(
    bot: BotClient, telegram: TelegramControl, markup: object, description: str
) -> None:
    told = bot.refused("sendMessage", chat_id=ANN, text="a", reply_markup=markup)
    assert told["description"] == f"Bad Request: {description}"
    assert telegram.messages(ANN) == []


def test_data_of_64_octets_is_taken(bot: BotClient, telegram: TelegramControl) -> None:
    markup = run("я" * 32)
    sent = bot.call("sendMessage", chat_id=ANN, text="a", reply_markup=markup)
    telegram.press(ANN, ANN, sent["message_id"], "я" * 32)
    (query,) = queries(bot)
    assert query["data"] == "я" * 32


def test_anyone_in_a_group_can_press_and_the_bot_is_told_who(
    bot: BotClient, telegram: TelegramControl
) -> None:
    message = ask(bot)
    pressed = telegram.press(GROUP, BEN, message, "run:1")
    (query,) = queries(bot)
    assert (query["id"], query["from"]["id"]) == (pressed.query, BEN)
    assert query["message"]["message_id"] == message
    assert query["message"]["reply_markup"] == run()
    assert query["message"]["from"]["is_bot"] is True
    assert query["chat_instance"]
    assert telegram.answer_to(pressed) is None
    bot.call(
        "answerCallbackQuery",
        callback_query_id=query["id"],
        text="Not for you",
        show_alert=True,
    )
    assert telegram.answer_to(pressed) == Answer("Not for you", alert=True)


def test_a_client_can_send_data_that_no_button_has(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.press(GROUP, BEN, ask(bot), "drop:everything")
    assert queries(bot)[0]["data"] == "drop:everything"
    for data in ("", "a" * 65):
        with pytest.raises(ControlError, match="1 to 64 octets"):
            telegram.press(GROUP, BEN, ask(bot), data)


def test_a_message_may_be_inaccessible_when_its_button_is_pressed(
    bot: BotClient, telegram: TelegramControl
) -> None:
    message, gone = ask(bot), ask(bot)
    bot.call("deleteMessage", chat_id=GROUP, message_id=gone)
    telegram.press(GROUP, BEN, message, "run:1", inaccessible=True)
    telegram.press(GROUP, BEN, gone, "run:1")
    for number, query in zip((message, gone), queries(bot), strict=True):
        told = query["message"]
        assert (told["message_id"], told["date"]) == (number, 0)
        assert told.keys() == {"message_id", "date", "chat"}


def test_a_press_is_answered_once_and_soon_or_never(
    bot: BotClient, telegram: TelegramControl
) -> None:
    def refused(query: str) -> str:
        told = bot.refused("answerCallbackQuery", callback_query_id=query)
        return str(told["description"])

    message = ask(bot)
    first = telegram.press(GROUP, BEN, message, "run:1").query
    bot.call("answerCallbackQuery", callback_query_id=first)
    assert refused(first) == TOO_OLD
    late = telegram.press(GROUP, BEN, message, "run:1").query
    long_ago = telegram.press(GROUP, BEN, message, "run:1", ago=3600).query
    telegram.advance(3600)
    for query in (late, long_ago, "99", ""):
        assert refused(query) == TOO_OLD


def test_an_answer_to_a_press_is_short(
    bot: BotClient, telegram: TelegramControl
) -> None:
    pressed = telegram.press(GROUP, BEN, ask(bot), "run:1")
    said = {"callback_query_id": pressed.query}
    told = bot.refused("answerCallbackQuery", **said, text="a" * 201)
    assert told["description"] == "Bad Request: MESSAGE_TOO_LONG"
    told = bot.refused("answerCallbackQuery", **said, url="https://x.example/")
    assert told["description"] == "Bad Request: URL_INVALID"
    bot.call("answerCallbackQuery", **said, text="a" * 200)


def test_only_the_bots_messages_have_buttons(
    bot: BotClient, telegram: TelegramControl
) -> None:
    ask(bot)
    said = telegram.say(GROUP, ANN, "hm").message
    with pytest.raises(ControlError, match="is not the bot's"):
        telegram.press(GROUP, BEN, said, "run:1")
    with pytest.raises(ControlError, match="shows no message 99"):
        telegram.press(GROUP, BEN, 99, "run:1")
    with pytest.raises(ControlError, match="has no part in the private chat"):
        telegram.press(ANN, BEN, ask(bot, ANN), "run:1")


def test_presses_wait_like_all_updates_until_they_are_confirmed(
    bot: BotClient, telegram: TelegramControl
) -> None:
    message = ask(bot)
    said = telegram.say(ANN, ANN, "/status").update
    pressed = telegram.press(GROUP, BEN, message, "run:1").update
    assert pressed == said + 1
    bot.call("getUpdates", allowed_updates=["message"])
    assert telegram.press(GROUP, BEN, message, "run:1").update == 0
    kinds = [min(one) for one in bot.call("getUpdates", offset=said)]
    assert kinds == ["message", "callback_query"]
