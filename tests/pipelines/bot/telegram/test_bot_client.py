"""The client of the Bot API: bounded, trusting whom the house trusts, and discreet."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import pytest
import telegram as ptb
from pydantic import SecretStr
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    NetworkError,
    TelegramError,
    TimedOut,
)

from pipelines.bot.telegram.bounded_request import (
    MOST_OF_ANSWER,
    AnswerTooLongError,
    FloodError,
    NoBotApiError,
    TokenRefusedError,
)
from pipelines.bot.telegram.client import (
    FileTooLargeError,
    close_bot,
    download,
    open_bot,
    server_date,
)
from pipelines.config import TelegramAddress
from pipelines.errors import ConfigurationError, PermanentError, TransientError
from sandbox.certificate import authority_pem, server_context
from sandbox.telegram.control import TelegramControl
from sandbox.telegram.files import Document

ANN = 1001
TOKEN = "123456:AAbb-cc_DDee"
SECRET = TOKEN.partition(":")[2]

T = TypeVar("T")


def use(address: TelegramAddress, work: Callable[[ptb.Bot], Awaitable[T]]) -> T:
    async def used() -> T:
        bot = open_bot(address)
        try:
            return await work(bot)
        finally:
            await close_bot(bot)

    return asyncio.run(used())


def ask(address: TelegramAddress, method: str = "getme", **asked: object) -> object:
    return use(address, lambda bot: bot.do_api_request(method, asked))


@contextmanager
def answering(answer: bytes, *, tls: bool = False) -> Iterator[TelegramAddress]:
    """A server that answers each request with the same octets."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that gave up is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = server_context().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    scheme = "https" if tls else "http"
    url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    try:
        yield TelegramAddress(SecretStr(TOKEN), (), url)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def http(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 " + status, length, *headers, b"", body])


def everything_told(error: BaseException) -> str:
    chain: list[BaseException] = [error]
    told = "".join(traceback.format_exception(error))
    for one in chain:
        told += repr(one) + str(one) + repr(vars(one))
        chain += [e for e in (one.__cause__, one.__context__) if e and e not in chain]
    return told + pickle.dumps(error).decode("latin-1")


def test_a_call_needs_nothing_before_it_and_tells_the_servers_time(
    address: TelegramAddress,
) -> None:
    async def work(bot: ptb.Bot) -> tuple[str, datetime | None]:
        assert server_date(bot) is None
        return (await bot.get_me()).first_name, server_date(bot)

    name, date = use(address, work)
    assert name
    assert date is not None
    assert abs(date - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_client_can_be_initialized_too_and_opened_again(
    address: TelegramAddress,
) -> None:
    async def work() -> None:
        bot = open_bot(address, connections=1)
        for _ in range(2):
            async with bot:
                await bot.get_me()
        await close_bot(bot)

    asyncio.run(work())


@pytest.mark.parametrize("method", ["getupdates", "getUpdates"])
def test_updates_are_as_the_server_tells_them(
    address: TelegramAddress, telegram: TelegramControl, method: str
) -> None:
    said = telegram.say(ANN, ANN, "/status")
    with pytest.warns() if method == "getUpdates" else noop():
        told = ask(address, method)
    assert isinstance(told, list)
    assert told[0]["update_id"] == said.update


@contextmanager
def noop() -> Iterator[None]:
    yield


def test_the_token_is_in_no_log_and_neither_is_what_is_said(
    address: TelegramAddress, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ask(address, "sendmessage", chat_id=ANN, text="the code of an invitation")
    with pytest.raises(EndPointNotFound):
        ask(address, "nosuchmethod")
    with pytest.raises(NetworkError):
        ask(replace(address, api="http://127.0.0.1:1"))
    assert "/bot***/sendmessage" in caplog.text
    assert address.token.get_secret_value() not in caplog.text
    assert address.token.get_secret_value().partition(":")[2] not in caplog.text
    assert "invitation" not in caplog.text


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        (400, BadRequest),
        (401, TokenRefusedError),
        (403, Forbidden),
        (404, EndPointNotFound),
        (409, Conflict),
        (413, BadRequest),
        (418, NetworkError),
        (500, NetworkError),
        (502, NetworkError),
    ],
)
def test_an_error_is_told_by_its_number(
    address: TelegramAddress,
    telegram: TelegramControl,
    code: int,
    raised: type[TelegramError],
) -> None:
    telegram.fail(code, f"so it is: /bot{address.token.get_secret_value()}/getMe")
    with pytest.raises(TelegramError, match=r"[Ss]o it is") as error:
        ask(address)
    assert type(error.value) is raised
    assert address.token.get_secret_value() not in everything_told(error.value)


def test_a_flood_tells_for_how_long_the_chat_is_to_be_left_alone(
    address: TelegramAddress, telegram: TelegramControl
) -> None:
    telegram.fail(429, retry_after=7)
    with pytest.raises(FloodError) as error:
        ask(address)
    assert error.value.seconds == 7
    with (
        answering(http(b"busy", status=b"429 No")) as other,
        pytest.raises(FloodError) as error,
    ):
        ask(other)
    assert error.value.seconds == 30
    assert pickle.loads(pickle.dumps(error.value)).seconds == 30


def test_a_group_that_moved_tells_where(
    address: TelegramAddress, telegram: TelegramControl
) -> None:
    moved = telegram.migrate(-1001)
    with pytest.raises(ChatMigrated) as error:
        ask(address, "sendmessage", chat_id=-1001, text="x")
    assert error.value.new_chat_id == moved


LIES = {
    "no JSON": http(b"<html>welcome</html>"),
    "a list": http(b"[]"),
    "deep nesting": http(b"[" * 200_000),
    "no result": http(b'{"ok": true}'),
    "not ok": http(b'{"ok": false, "result": 1}'),
    "compressed": http(b"\x1f\x8b", b"Content-Encoding: gzip"),
}


@pytest.mark.parametrize("answer", [*LIES.values()], ids=[*LIES])
def test_what_is_no_bot_api_is_told_as_that(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(answer) as address, pytest.raises(NoBotApiError) as error:
        ask(address)
    assert SECRET not in everything_told(error.value)
    assert "welcome" not in caplog.text


ODD = {
    "parameters in a list": http(
        b'{"ok": false, "description": ["x"], "parameters": [1]}', status=b"400 No"
    ),
    "a text for a chat": http(
        b'{"ok": false, "parameters": {"migrate_to_chat_id": "7"}}', status=b"400 No"
    ),
    "a redirect": http(b"", b"Location: http://127.0.0.1:1/", status=b"302 Found"),
    "half an answer": http(b'{"ok": true, "result": 1}').replace(b": 25", b": 99"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("answer", [*ODD.values()], ids=[*ODD])
def test_whatever_a_server_answers_the_error_is_of_the_library_and_has_no_token(
    answer: bytes,
) -> None:
    with answering(answer) as address, pytest.raises(NetworkError) as error:
        ask(address)
    assert SECRET not in everything_told(error.value)


def test_an_answer_that_is_too_long_is_read_no_further() -> None:
    long = http(b'{"ok": true, "result": "%s"}' % (b"x" * MOST_OF_ANSWER))
    with answering(long) as address:
        with pytest.raises(AnswerTooLongError):
            ask(address)
        assert ask(address, "getupdates"), "updates may be more"
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (40 << 20)
    with answering(endless) as address, pytest.raises(AnswerTooLongError):
        ask(address, "getupdates")


def test_nothing_is_waited_for_longer_than_was_said(
    address: TelegramAddress, telegram: TelegramControl
) -> None:
    telegram.slow(60)
    with pytest.raises(TimedOut) as error:
        use(address, lambda bot: bot.do_api_request("getme", read_timeout=0.2))
    assert address.token.get_secret_value() not in everything_told(error.value)


def test_a_server_whose_authority_is_not_trusted_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
    for variable in variables:
        monkeypatch.delenv(variable, raising=False)
    with answering(http(b'{"ok": true, "result": 7}'), tls=True) as address:
        with pytest.raises(NetworkError, match="certificate is not to be trusted"):
            ask(address)
        authority = tmp_path / "authority.pem"
        authority.write_bytes(authority_pem())
        for variable in variables:
            with monkeypatch.context() as environment:
                environment.setenv(variable, str(authority))
                assert ask(address) == 7


def test_a_file_of_authorities_that_is_missing_is_told(
    address: TelegramAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(ConfigurationError, match="correct REQUESTS_CA_BUNDLE"):
        open_bot(address)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    file.write_bytes(bytes(range(256)) * 4_000)
    return file


def sent(address: TelegramAddress, telegram: TelegramControl, file: Document) -> str:
    telegram.say(ANN, ANN, "/publish", document=file)
    told = ask(address, "getupdates", offset=-1)
    assert isinstance(told, list)
    name: str = told[0]["message"]["document"]["file_id"]
    return name


def test_a_file_is_written_as_it_is(
    address: TelegramAddress,
    telegram: TelegramControl,
    csv: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    name, to = sent(address, telegram, Document("o.csv", str(csv))), tmp_path / "got"
    size = use(address, lambda bot: download(bot, name, to, 2_000_000))
    assert to.read_bytes() == csv.read_bytes()
    assert size == 1_024_000
    assert "/file/bot***/documents/" in caplog.text
    assert address.token.get_secret_value() not in caplog.text


def test_a_file_that_is_too_large_is_not_downloaded(
    address: TelegramAddress, telegram: TelegramControl, csv: Path, tmp_path: Path
) -> None:
    to = tmp_path / "got"
    mine = sent(address, telegram, Document("o.csv", str(csv)))
    theirs = sent(address, telegram, Document("huge.csv", size=21 << 20))
    for name in (mine, theirs):
        with pytest.raises(FileTooLargeError):
            use(address, lambda bot, name=name: download(bot, name, to, 1_000_000))
    assert not to.exists()
    assert telegram.answers()["file", 200] == 0


def test_a_download_that_is_cut_is_an_error_and_leaves_nothing(
    address: TelegramAddress,
    telegram: TelegramControl,
    csv: Path,
    tmp_path: Path,
) -> None:
    name, to = sent(address, telegram, Document("o.csv", str(csv))), tmp_path / "got"
    telegram.cut_downloads()
    with pytest.raises(TransientError) as error:
        use(address, lambda bot: download(bot, name, to, 2_000_000))
    assert not to.exists()
    assert address.token.get_secret_value() not in everything_told(error.value)
    telegram.fail(502, method="file")
    with pytest.raises(TransientError):
        use(address, lambda bot: download(bot, name, to, 2_000_000))
    telegram.fail(502, method="getFile")
    with pytest.raises(TransientError):
        use(address, lambda bot: download(bot, name, to, 2_000_000))
    with pytest.raises(PermanentError):
        use(address, lambda bot: download(bot, "unknown", to, 2_000_000))
    assert use(address, lambda bot: download(bot, name, to, 2_000_000)) == 1_024_000
