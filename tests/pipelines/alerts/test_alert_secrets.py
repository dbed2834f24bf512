"""The token and the password are told to their servers and to nobody else."""

from __future__ import annotations

import base64
import logging
import pickle
import time
import traceback
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from test_alert_texts import NOTICE
from test_smtp import address

from pipelines.alerts import TelegramChannel
from pipelines.alerts.mail_channel import MailChannel
from pipelines.config import TelegramAddress
from pipelines.errors import ShardlineError
from tests.kit.bot_server import TOKEN, Answer, BotServer
from tests.kit.mail_server import MailServer

SECRET = TOKEN.partition(":")[2]


@pytest.fixture
def bot() -> Iterator[BotServer]:
    with BotServer() as server:
        yield server


def everything_told(error: BaseException) -> str:
    """The error, and all that hangs on to it; the test's own frame knows the secret."""
    assert error.__traceback__
    error = error.with_traceback(error.__traceback__.tb_next)
    told = "".join(
        traceback.TracebackException.from_exception(error, capture_locals=True).format()
    )
    chain: list[BaseException] = [error]
    for one in chain:
        told += repr(one) + repr(vars(one)) + str(one)
        chain += [e for e in (one.__cause__, one.__context__) if e and e not in chain]
    return told + pickle.dumps(error).decode("latin-1")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(401, "Unauthorized"),
        Answer(404, f"Not Found: /bot{TOKEN}/sendMessage"),
        Answer(502, raw=f"<html>/bot{TOKEN}/sendMessage</html>".encode()),
        Answer(500, f"upstream /bot{TOKEN}/sendMessage"),
        Answer(302, raw=b"", headers={"Location": f"/bot{TOKEN}/elsewhere"}),
        Answer(hangs=True),
    ],
    ids=lambda answer: str(answer.status),
)
def test_no_error_of_the_server_shows_the_token(
    bot: BotServer, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bot.next.append(answer)
    channel = TelegramChannel(TelegramAddress(SecretStr(TOKEN), ("7",), bot.url))
    with pytest.raises(ShardlineError) as raised:
        channel.deliver(NOTICE, None, time.monotonic() + 0.5)
    assert SECRET not in everything_told(raised.value)
    assert SECRET not in caplog.text
    assert "/bot***/" in caplog.text or answer.hangs


@pytest.mark.parametrize(
    "api",
    [
        "http://127.0.0.1:1",
        "http://no-such-host.invalid",
        "https://127.0.0.1:1",
        "nowhere",
        "http://[",
        "http://me:" + SECRET + "@127.0.0.1:1",
    ],
)
def test_no_way_to_miss_the_server_shows_the_token(
    api: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = TelegramAddress(SecretStr(TOKEN), ("7",), api)
    with pytest.raises(ShardlineError) as raised:
        TelegramChannel(address).deliver(NOTICE, None, time.monotonic() + 5)
    told = everything_told(raised.value)
    if "me:" not in api:
        assert SECRET not in told
    assert SECRET not in str(raised.value)
    assert SECRET not in caplog.text
    assert TOKEN not in repr(address)


def test_a_delivery_shows_the_token_in_no_log(
    bot: BotServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = TelegramAddress(SecretStr(TOKEN), ("7",), bot.url)
    TelegramChannel(address).deliver(NOTICE, None, time.monotonic() + 5)
    assert '"POST /bot***/sendMessage HTTP/1.1" 200' in caplog.text
    assert SECRET not in caplog.text


def test_a_token_with_a_line_break_is_told_as_wrong(bot: BotServer) -> None:
    address = TelegramAddress(SecretStr(f"{TOKEN}\n"), ("7",), bot.url)
    with pytest.raises(ShardlineError, match="correct the token") as raised:
        TelegramChannel(address).deliver(NOTICE, None, time.monotonic() + 5)
    assert SECRET not in everything_told(raised.value)


@pytest.mark.parametrize("password", ["pass-w0rd", "пароль"])
@pytest.mark.parametrize("reply", ["", "535 no: {plain} {login} {password}"])
def test_no_error_of_a_mail_server_shows_the_password(
    password: str, reply: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = reply.format(
        plain=base64.b64encode(f"\0etl\0{password}".encode()).decode(),
        login=base64.b64encode(password.encode()).decode(),
        password=password,
    )
    with MailServer(
        login=("etl", "another"), replies={"LOGIN": said} if said else {}
    ) as server:
        where = address(server, user="etl", password=SecretStr(password))
        with pytest.raises(ShardlineError) as raised:
            MailChannel([where]).deliver(NOTICE, None, time.monotonic() + 5)
    told = everything_told(raised.value) + caplog.text + repr(where)
    assert password not in told
    assert base64.b64encode(password.encode()).decode().rstrip("=") not in told
