"""How a bot is told what happened, and how it confirms that."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest
import requests

from sandbox.control import Control
from sandbox.telegram.control import TelegramControl
from tests.kit.bot_client import BotClient

DEADLINE = 20
ANN = 1001


def told(bot: BotClient, **parameters: object) -> list[str]:
    """Ask once, and return the texts of what is told."""
    return [one["message"]["text"] for one in bot.call("getUpdates", **parameters)]


def say(telegram: TelegramControl, *texts: str) -> list[int]:
    """Let Ann write, and return the ids of the updates."""
    return [telegram.say(ANN, ANN, text).update for text in texts]


def test_updates_are_repeated_until_a_higher_offset_confirms_them(
    bot: BotClient, telegram: TelegramControl
) -> None:
    first, second, third = say(telegram, "a", "b", "c")
    assert (second, third) == (first + 1, first + 2)
    for _ in range(2):
        assert told(bot) == ["a", "b", "c"]
    assert told(bot, offset=first) == ["a", "b", "c"]
    assert told(bot, offset=second + 1) == ["c"]
    assert told(bot) == ["c"]  # what came before is forgotten
    assert told(bot, offset=first) == ["c"]
    assert told(bot, offset=third + 1) == []
    assert told(bot) == []


def test_an_update_tells_who_wrote_what_and_where(
    bot: BotClient, telegram: TelegramControl
) -> None:
    said = telegram.say(ANN, ANN, "  /why moscow")
    (update,) = bot.call("getUpdates")
    assert update["update_id"] == said.update
    message = update["message"]
    assert message["message_id"] == said.message
    assert (message["from"]["id"], message["from"]["is_bot"]) == (ANN, False)
    assert (message["chat"]["id"], message["chat"]["type"]) == (ANN, "private")
    assert message["text"] == "/why moscow"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 4}]
    assert abs(message["date"] - time.time()) < DEADLINE


def test_a_batch_has_at_most_limit_updates_and_never_more_than_100(
    bot: BotClient, telegram: TelegramControl
) -> None:
    first, *_ = say(telegram, *map(str, range(105)))
    assert told(bot, limit=2) == ["0", "1"]
    for limit in (100, 101, 100_000):
        assert len(told(bot, limit=limit)) == 100
    for limit in (0, -5):
        assert told(bot, limit=limit) == ["0"]
    assert told(bot, offset=first + 100) == ["100", "101", "102", "103", "104"]


def test_a_negative_offset_counts_from_the_end_and_forgets_the_others(
    bot: BotClient, telegram: TelegramControl
) -> None:
    say(telegram, "a", "b", "c")
    assert told(bot, offset=-2) == ["b", "c"]
    assert told(bot, offset=-10) == ["b", "c"]
    assert told(bot) == ["b", "c"]
    assert told(bot, offset=-1) == ["c"]


def test_an_offset_of_another_queue_confirms_nothing(
    bot: BotClient, telegram: TelegramControl
) -> None:
    *_, last = say(telegram, "a", "b")
    assert told(bot, offset=last + 1000) == ["a", "b"]


def test_an_answer_ends_a_long_poll_as_soon_as_there_is_something_to_tell(
    bot: BotClient, telegram: TelegramControl, control: Control
) -> None:
    hold = control.hold("^getUpdates ", server="telegram")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(told, bot, timeout=50)
        control.wait(hold, timeout=DEADLINE)
        control.release("go", hold=hold)
        telegram.say(ANN, ANN, "at last")
        assert answer.result(DEADLINE) == ["at last"]


def test_a_long_poll_ends_with_nothing_after_its_time(bot: BotClient) -> None:
    assert told(bot, timeout=1) == []


def test_the_earlier_of_two_pollers_gets_a_conflict(
    bot: BotClient, telegram: TelegramControl
) -> None:
    def poll() -> requests.Response:
        url = f"{bot.url}/bot{bot.token}/getUpdates"
        return requests.post(url, json={"timeout": 50}, timeout=DEADLINE)

    with ThreadPoolExecutor(2) as pool:
        polls = [pool.submit(poll) for _ in range(2)]
        wait(polls, timeout=DEADLINE, return_when=FIRST_COMPLETED)
        telegram.say(ANN, ANN, "one of you")
        refused, answered = sorted(
            (one.result(DEADLINE) for one in polls), key=lambda one: one.ok
        )
    assert refused.status_code == 409
    assert refused.json() == {
        "ok": False,
        "error_code": 409,
        "description": "Conflict: terminated by other getUpdates request; make sure"
        " that only one bot instance is running",
    }
    assert [one["message"]["text"] for one in answered.json()["result"]] == [
        "one of you"
    ]


def test_a_poller_that_went_away_takes_nothing_with_it(
    bot: BotClient, telegram: TelegramControl
) -> None:
    url = f"{bot.url}/bot{bot.token}/getUpdates"
    with pytest.raises(requests.ReadTimeout):
        requests.post(url, json={"timeout": 50}, timeout=0.3)
    say(telegram, "still there")
    assert told(bot, timeout=50) == ["still there"]
    telegram.down()
    telegram.up()
    assert told(bot) == ["still there"]


def test_a_long_poll_ends_when_its_client_goes_away(
    bot: BotClient, telegram: TelegramControl
) -> None:
    url = f"{bot.url}/bot{bot.token}/getUpdates"
    with pytest.raises(requests.ReadTimeout):
        requests.post(url, json={"timeout": 50}, timeout=0.3)
    telegram.wait(lambda: telegram.answers()["getUpdates", 200], timeout=DEADLINE)


def test_a_long_poll_ends_when_the_sandbox_begins_again(
    bot: BotClient, telegram: TelegramControl, control: Control
) -> None:
    hold = control.hold("^getUpdates ", server="telegram")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(told, bot, timeout=50)
        control.wait(hold, timeout=DEADLINE)
        control.release("go", hold=hold)
        while not answer.done():
            telegram.reset()
        assert answer.result(DEADLINE) == []


def test_a_lost_answer_confirms_nothing(
    bot: BotClient, telegram: TelegramControl
) -> None:
    say(telegram, "a")
    telegram.lose_answers(method="getUpdates")
    with pytest.raises(requests.ConnectionError):
        told(bot)
    assert told(bot) == ["a"]


def test_allowed_updates_last_and_leave_alone_what_is_there(
    bot: BotClient, telegram: TelegramControl
) -> None:
    say(telegram, "before")
    assert told(bot, allowed_updates=["callback_query"]) == ["before"]
    assert say(telegram, "not told") == [0]
    assert told(bot) == ["before"]
    assert told(bot, allowed_updates="no list") == ["before"]
    assert say(telegram, "nor this") == [0]
    for everything in ([], ["no such kind"]):
        told(bot, allowed_updates=["poll"])
        told(bot, allowed_updates=everything)
        assert say(telegram, "told") != [0]


def test_updates_of_more_than_a_day_ago_are_dropped(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.say(ANN, ANN, "old", ago=23 * 3600)
    say(telegram, "new")
    telegram.say(ANN, ANN, "of yesterday", ago=25 * 3600)
    assert told(bot) == ["old", "new"]
    telegram.advance(2 * 3600)
    assert told(bot) == ["new"]
    assert bot.call("getWebhookInfo")["pending_update_count"] == 1
    telegram.advance(22 * 3600)
    assert told(bot) == []


def test_what_was_said_long_ago_says_so(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.say(ANN, ANN, "/run", ago=600)
    (update,) = bot.call("getUpdates")
    assert abs(time.time() - 600 - update["message"]["date"]) < DEADLINE


def test_there_are_no_webhooks(bot: BotClient, telegram: TelegramControl) -> None:
    say(telegram, "a")
    told_url = bot.refused("setWebhook", url="http://x.example/")["description"]
    assert told_url.endswith("bad webhook: An HTTPS URL must be provided for webhook")
    refused = bot.refused("setWebhook", url="https://x.example/")
    assert refused["description"].endswith("has no webhooks, only getUpdates")
    assert bot.call("deleteWebhook") is True
    assert bot.call("getWebhookInfo") == {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": 1,
    }
    assert bot.call("deleteWebhook", drop_pending_updates=True) is True
    assert told(bot) == []


def test_ids_go_on_when_all_else_begins_again(
    bot: BotClient, telegram: TelegramControl
) -> None:
    (before,) = say(telegram, "a")
    telegram.reset()
    assert told(bot) == []
    assert say(telegram, "b") == [before + 1]


def test_polls_fail_as_told(bot: BotClient, telegram: TelegramControl) -> None:
    say(telegram, "a")
    for code in (409, 502, 401):
        telegram.fail(code, method="getUpdates")
        assert bot.refused("getUpdates")["error_code"] == code
    telegram.fail(429, retry_after=3, method="getUpdates")
    assert bot.refused("getUpdates")["parameters"] == {"retry_after": 3}
    assert told(bot) == ["a"]
