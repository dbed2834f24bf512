"""Telegram's limits, with time that passes on demand."""

from __future__ import annotations

from sandbox.telegram.control import TelegramControl
from tests.kit.bot_client import BotClient


def burst(bot: BotClient, chat: int, times: int) -> list[int]:
    return [
        bot.post("sendMessage", json={"chat_id": chat, "text": str(n)}).status_code
        for n in range(times)
    ]


def test_a_group_takes_twenty_messages_a_minute(
    bot: BotClient, telegram: TelegramControl
) -> None:
    assert burst(bot, -1001, 20) == [200] * 20
    answer = bot.post("sendMessage", json={"chat_id": -1001, "text": "a"})
    told = answer.json()
    wait = told["parameters"]["retry_after"]
    assert answer.status_code == 429
    assert 50 <= wait <= 60
    assert told["description"] == f"Too Many Requests: retry after {wait}"
    assert answer.headers["Retry-After"] == str(wait)
    assert burst(bot, 1001, 1) == [200]  # another chat is none the worse
    telegram.advance(wait)
    assert burst(bot, -1001, 1) == [200]
    assert len(telegram.messages(-1001)) == 21
    assert telegram.answers() == {("sendMessage", 200): 22, ("sendMessage", 429): 1}


def test_a_private_chat_takes_one_a_second_and_a_short_burst(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.set_pace(0.1)  # a burst must not outlast what refills meanwhile
    assert burst(bot, 1001, 4) == [200, 200, 200, 429]


def test_edits_count_too(bot: BotClient, telegram: TelegramControl) -> None:
    sent = bot.call("sendMessage", chat_id=-1001, text="0")
    place = {"chat_id": -1001, "message_id": sent["message_id"]}
    for n in range(1, 20):
        bot.call("editMessageText", **place, text=str(n))
    assert bot.refused("editMessageText", **place, text="20")["error_code"] == 429
    (shown,) = telegram.messages(-1001)
    assert (shown.text, shown.edits) == ("19", 19)


def test_all_chats_together_take_thirty_a_second(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.set_pace(0.01)
    chats = range(1, 32)
    for chat in chats:
        telegram.add_chat(chat)
    assert [burst(bot, chat, 1)[0] for chat in chats] == [200] * 30 + [429]
    assert burst(bot, -1001, 1) == [429]


def test_who_does_not_wait_is_banned_for_longer(
    bot: BotClient, telegram: TelegramControl
) -> None:
    burst(bot, -1001, 21)

    def wait() -> int:
        told = bot.refused("sendMessage", chat_id=-1001, text="a")
        return int(told["parameters"]["retry_after"])

    first = wait()
    assert (wait(), wait()) == (2 * first, 4 * first)
    telegram.advance(4 * first)
    bot.call("sendMessage", chat_id=-1001, text="forgiven")


def test_what_fails_otherwise_does_not_count(bot: BotClient) -> None:
    for _ in range(25):
        bot.refused("sendMessage", chat_id=-1001, text="")
    assert burst(bot, -1001, 20) == [200] * 20


def test_a_quick_pace_lets_many_through(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.set_pace(1e9)
    assert burst(bot, -1001, 100) == [200] * 100
