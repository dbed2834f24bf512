"""What tests can make go wrong with Telegram."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.control import Control, ControlError
from sandbox.telegram.bot import Bot, TokenError
from sandbox.telegram.control import TelegramControl
from tests.kit.bot_client import BotClient

DEADLINE = 20


def test_the_next_calls_fail_as_told(bot: BotClient, telegram: TelegramControl) -> None:
    telegram.fail(502, times=2, method="send*")
    bot.call("getMe")
    for _ in range(2):
        told = bot.refused("sendMessage", chat_id=1001, text="a")
        assert (told["error_code"], told["description"]) == (502, "Bad Gateway")
    bot.call("sendMessage", chat_id=1001, text="a")
    telegram.fail(429, retry_after=7)
    told = bot.refused("getMe")
    assert told["parameters"] == {"retry_after": 7}
    assert told["description"] == "Too Many Requests: retry after 7"
    telegram.fail(403, "Forbidden: user is deactivated")
    assert bot.refused("getMe")["description"] == "Forbidden: user is deactivated"
    assert len(telegram.messages(1001)) == 1
    with pytest.raises(ControlError, match="from 400 to 599"):
        telegram.fail(200)


def test_a_lost_answer_leaves_the_message_in_the_chat(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.lose_answers()
    with pytest.raises(requests.ConnectionError):
        bot.call("sendMessage", chat_id=-1001, text="once")
    bot.call("sendMessage", chat_id=-1001, text="once")
    assert [one.text for one in telegram.messages(-1001)] == ["once", "once"]
    assert telegram.answers() == {("sendMessage", 0): 1, ("sendMessage", 200): 1}


def test_a_call_is_held_before_anything_is_done(
    bot: BotClient, telegram: TelegramControl, control: Control
) -> None:
    hold = control.hold("^sendMessage .*held", server="telegram", database="-1001")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(bot.call, "sendMessage", chat_id=-1001, text="held")
        control.wait(hold, timeout=DEADLINE)
        assert telegram.messages(-1001) == []
        control.release("go", hold=hold)
        assert answer.result(DEADLINE)["text"] == "held"


def test_a_slow_answer_comes_after_the_message(
    bot: BotClient, telegram: TelegramControl
) -> None:
    telegram.slow(DEADLINE)
    with pytest.raises(requests.ReadTimeout):
        bot.session.post(
            f"{bot.url}/bot{bot.token}/sendMessage",
            json={"chat_id": 1001, "text": "late"},
            timeout=0.2,
        )
    assert [one.text for one in telegram.messages(1001)] == ["late"]


def test_it_is_down_and_up_again_on_the_same_port(
    bot: BotClient, telegram: TelegramControl
) -> None:
    bot.call("getMe")
    telegram.down()
    with pytest.raises(requests.ConnectionError):
        bot.call("getMe")
    with pytest.raises(requests.ConnectionError, match="refused"):
        bot.call("getMe")
    telegram.down("close")
    host, _, port = bot.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE) as raw:
        assert raw.recv(1) == b""
    telegram.up()
    bot.call("getMe")


def test_calls_are_logged_without_the_token(bot: BotClient, control: Control) -> None:
    control.start_log()
    bot.call("sendMessage", chat_id=1001, text="жук")
    (statement,) = control.statements()
    control.stop_log()
    assert (statement.server, statement.database) == ("telegram", "1001")
    assert statement.text == 'sendMessage {"chat_id": 1001, "text": "жук"}'


def test_a_token_must_look_like_one(control: Control) -> None:
    with pytest.raises(TokenError, match="a number, a colon and a secret"):
        Bot(holds=None, token="secret")  # type: ignore[arg-type]
    with pytest.raises(ControlError, match="no chat has the id 5"):
        control.telegram.block(5)
