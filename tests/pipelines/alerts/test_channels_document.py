"""The channel that the document shows works as it is written there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from test_alert_texts import NOTICE

from pipelines.alerts.channel import Channel, ChannelBusyError, ChannelRefusedError
from pipelines.alerts.message import plain
from tests.kit.bot_server import Answer, BotServer

DOCUMENT = Path(__file__).parents[3] / "docs" / "alerts.md"
Made = Callable[[str], Channel]


def block(language: str) -> str:
    text = DOCUMENT.read_text(encoding="utf-8")
    (found,) = re.findall(rf"```{language}\n(.*?)```\n", text, re.DOTALL)
    return str(found)


@pytest.fixture
def bot() -> Iterator[BotServer]:
    with BotServer() as server:
        yield server


@pytest.fixture
def made() -> Made:
    names: dict[str, type] = {}
    exec(compile(block("python"), str(DOCUMENT), "exec"), names)
    return lambda url: names["WebhookChannel"](SecretStr(url))


def test_the_documented_channel_delivers_and_tells_errors_apart(
    bot: BotServer, made: Made
) -> None:
    channel = made(f"{bot.url}/secret/hook")
    deadline = time.monotonic() + 20
    bot.next.append(Answer(200))
    receipt = channel.deliver(NOTICE, None, deadline)
    assert bot.calls[-1][1]["text"] == plain(NOTICE)
    assert channel.deliver(NOTICE, receipt, deadline) == receipt
    assert len(bot.calls) == 1
    bot.next += [Answer(429), Answer(502), Answer(404)]
    for expected in (ChannelBusyError, ChannelBusyError, ChannelRefusedError):
        with pytest.raises(expected):
            channel.deliver(NOTICE, None, deadline)
    bot.next.append(Answer(hangs=True))
    with pytest.raises(ChannelBusyError):
        channel.deliver(NOTICE, None, time.monotonic() + 0.2)
    with pytest.raises(ChannelBusyError) as raised:
        made("http://127.0.0.1:1/secret").deliver(NOTICE, None, deadline)
    assert "secret" not in repr(raised.value.__cause__)


def test_the_message_that_the_document_shows_is_what_is_sent() -> None:
    step = "ask the owner of mssql_0, then run it again"
    assert block("text").strip() == plain(replace(NOTICE, step=step))
