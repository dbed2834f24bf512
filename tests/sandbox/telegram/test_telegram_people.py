"""What people write, and what of it a bot is told."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.control import ControlError
from sandbox.telegram.control import TelegramControl
from tests.kit.bot_client import BotClient

ANN, BEN, GROUP = 1001, 1002, -1001


def told(bot: BotClient) -> list[dict[str, Any]]:
    """Return what is told, and confirm it."""
    updates = bot.call("getUpdates")
    if updates:
        bot.call("getUpdates", offset=updates[-1]["update_id"] + 1)
    return [dict(one) for one in updates]


def test_a_group_tells_only_what_is_meant_for_the_bot(
    bot: BotClient, telegram: TelegramControl
) -> None:
    def is_told(text: str, **how: int) -> bool:
        return telegram.say(GROUP, ANN, text, **how).update != 0

    assert is_told("/status@sandbox_bot")
    assert is_told("now /STATUS@Sandbox_Bot please")
    assert not is_told("/status@another_bot")
    assert not is_told("good morning")
    assert not is_told("/status")  # the bot has not written here yet
    sent = bot.call("sendMessage", chat_id=GROUP, text="failed")
    assert is_told("why?", reply_to=sent["message_id"])
    assert is_told("/status")
    assert not is_told("and/status, or /status/x")
    other = telegram.say(GROUP, BEN, "hm").message
    assert not is_told("yes", reply_to=other)
    assert bot.call("getMe")["can_read_all_group_messages"] is False
    telegram.set_privacy(privacy=False)
    assert is_told("good morning")
    assert bot.call("getMe")["can_read_all_group_messages"] is True
    assert len(told(bot)) == 5


def test_a_reply_tells_what_it_answers(
    bot: BotClient, telegram: TelegramControl
) -> None:
    sent = bot.call("sendMessage", chat_id=GROUP, text="failed")
    telegram.say(GROUP, ANN, "why?", reply_to=sent["message_id"])
    (update,) = told(bot)
    answered = update["message"]["reply_to_message"]
    assert (answered["text"], answered["from"]["username"]) == ("failed", "sandbox_bot")
    asked = update["message"]["message_id"]
    answer = {"chat_id": GROUP, "reply_to_message_id": asked, "text": "no route"}
    told_message = bot.call("sendMessage", **answer)
    assert told_message["reply_to_message"]["message_id"] == asked
    assert "reply_to_message" not in told_message["reply_to_message"]


def test_a_message_of_a_topic_tells_the_topic(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.add_topic(GROUP, 5)
    telegram.say(GROUP, ANN, "/status@sandbox_bot", thread=5)
    telegram.say(GROUP, ANN, "/status@sandbox_bot")
    inside, general = (one["message"] for one in told(bot))
    assert (inside["message_thread_id"], inside["is_topic_message"]) == (5, True)
    assert inside["chat"]["is_forum"] is True
    assert "message_thread_id" not in general
    with pytest.raises(ControlError, match="no topic 6"):
        telegram.say(GROUP, ANN, "/status", thread=6)


def test_an_edited_message_is_told_as_one(
    bot: BotClient, telegram: TelegramControl
) -> None:
    said = telegram.say(ANN, ANN, "/run moscow")
    telegram.say(ANN, ANN, "/run perm", edit=said.message)
    first, second = told(bot)
    assert first["message"]["text"] == "/run moscow"
    changed = second["edited_message"]
    assert (changed["message_id"], changed["text"]) == (said.message, "/run perm")
    assert changed["edit_date"] >= changed["date"]
    with pytest.raises(ControlError, match="shows no message 99"):
        telegram.say(ANN, ANN, "x", edit=99)
    sent = bot.call("sendMessage", chat_id=ANN, text="mine")
    with pytest.raises(ControlError, match="is not user 1001's"):
        telegram.say(ANN, ANN, "x", edit=sent["message_id"])
    told_text = bot.refused(
        "editMessageText", chat_id=ANN, message_id=said.message, text="yours"
    )
    assert told_text["description"] == "Bad Request: message can't be edited"


def test_a_forwarded_message_tells_whose_words_they_are(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.say(ANN, ANN, "/run all", forwarded_from=BEN)
    (update,) = told(bot)
    origin = update["message"]["forward_origin"]
    assert (origin["type"], origin["sender_user"]["id"]) == ("user", BEN)
    assert update["message"]["from"]["id"] == ANN


@pytest.mark.parametrize(
    ("as_chat", "user", "name", "kind"),
    [
        (GROUP, 1087968824, "GroupAnonymousBot", "group"),
        (-1000000000042, 136817688, "Channel_Bot", "channel"),
    ],
)
def test_who_writes_in_the_name_of_a_chat_is_hidden(
    bot: BotClient,
    telegram: TelegramControl,
    as_chat: int,
    user: int,
    name: str,
    kind: str,
) -> None:
    telegram.say(GROUP, ANN, "/run@sandbox_bot all", as_chat=as_chat)
    (update,) = told(bot)
    sender = update["message"]["from"]
    assert (sender["id"], sender["username"]) == (user, name)
    chat = update["message"]["sender_chat"]
    assert (chat["id"], chat["type"]) == (as_chat, kind)


def test_anybody_may_write_to_a_bot_in_private_but_nobody_in_anothers_chat(
    bot: BotClient, telegram: TelegramControl
) -> None:
    assert bot.refused("sendMessage", chat_id=BEN, text="a")["error_code"] == 400
    telegram.say(BEN, BEN, "/start")
    bot.call("sendMessage", chat_id=BEN, text="welcome")
    assert [one.sender for one in telegram.messages(BEN)] == [BEN, 0]
    with pytest.raises(ControlError, match="has no part in the private chat"):
        telegram.say(ANN, BEN, "x")
    with pytest.raises(ControlError, match="no chat has the id -5"):
        telegram.say(-5, BEN, "x")


def test_a_bot_that_is_not_in_a_chat_is_told_nothing(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.block(GROUP)
    assert telegram.say(GROUP, ANN, "/status@sandbox_bot").update == 0
    assert not any("message" in one for one in told(bot))
    telegram.block(ANN)
    with pytest.raises(ControlError, match="blocked the bot"):
        telegram.say(ANN, ANN, "/status")
    new = telegram.migrate(GROUP)
    with pytest.raises(ControlError, match=f"became {new}"):
        telegram.say(GROUP, ANN, "/status@sandbox_bot")


def test_people_cannot_say_nothing_or_too_much(telegram: TelegramControl) -> None:
    for text in ("", " \n"):
        with pytest.raises(ControlError, match="empty"):
            telegram.say(ANN, ANN, text)
    telegram.say(ANN, ANN, "a" * 4096)
    with pytest.raises(ControlError, match="4,096 UTF-16 units"):
        telegram.say(ANN, ANN, "\U0001f3df" * 2049)


def test_a_bot_deletes_what_others_wrote_in_private_only(
    bot: BotClient, telegram: TelegramControl
) -> None:
    for chat in (ANN, GROUP):
        said = telegram.say(chat, ANN, "secret").message
        answer = bot.post("deleteMessage", json={"chat_id": chat, "message_id": said})
        (shown,) = telegram.messages(chat)
        assert (answer.status_code, shown.deleted) == (
            (200, True) if chat == ANN else (400, False)
        )
