"""The HTTP below python-telegram-bot: bounded answers, and no token told.

The bot's token is part of each URL. So nothing here is raised while an exception of the
HTTP client is handled, since those know the URL and would hang on to ours.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, RequestData

from pipelines.alerts import flood_seconds
from pipelines.errors import one_line
from pipelines.network import tls_fault

MOST_OF_UPDATES = 32 << 20
"""Most octets of an answer to getUpdates."""

MOST_OF_ANSWER = 1 << 20
"""Most octets of any other answer."""

CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0
WRITE_SECONDS = 20.0
UPLOAD_SECONDS = 60.0
"""What is waited for at most, unless a call says otherwise."""

FETCH_SECONDS = 120.0
"""How long a file may take to arrive."""

_PIECE = 1 << 18
_KNOWN: dict[int, type[TelegramError]] = {
    HTTPStatus.BAD_REQUEST: BadRequest,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: EndPointNotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: BadRequest,
}

T = TypeVar("T")


class AnswerTooLongError(NetworkError):
    """An answer has more octets than it may have."""


class NoBotApiError(NetworkError):
    """What answers is no Bot API."""


class TokenRefusedError(TelegramError):
    """The token is nobody's, or not any more.

    It is no `InvalidToken`, of which the library makes an unknown method, or an error
    that has the token in it.
    """


class FloodError(RetryAfter):
    """Too many calls: leave the chat alone for `seconds`."""

    def __init__(self, seconds: float) -> None:
        """Keep for how long; without the warning of what the library will change."""
        TelegramError.__init__(self, f"Too many requests: retry after {seconds:.0f} s")
        self._retry_after = timedelta(seconds=seconds)
        self.seconds = seconds


class BoundedRequest(BaseRequest):
    """Requests of one bot.

    Attributes:
        server_date: When the last answer was given, by the server's own clock.
    """

    def __init__(self, connections: int, context: ssl.SSLContext) -> None:
        """Open a pool of connections, each when it is needed.

        Args:
            connections: How many requests may be under way; others wait for one.
            context: Whom TLS trusts.
        """
        self.server_date: datetime | None = None
        self._connections = connections
        self._context = context
        self._client = self._new_client()

    @property
    def read_timeout(self) -> float:
        """How long an answer may take, unless a call says otherwise."""
        return READ_SECONDS

    async def initialize(self) -> None:
        """Open the pool again, if it was closed."""
        if self._client.is_closed:
            self._client = self._new_client()

    async def shutdown(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """What a call has brought about.

        Raises:
            NoBotApiError: It is not that.
        """
        told = _read_json(payload)
        if told.get("ok") is not True or "result" not in told:
            raise NoBotApiError("what answers is no Bot API")
        return told

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        """Ask once, and read the answer.

        Raises:
            TelegramError: There is none, it is too long, or tells of an error.
        """
        files = request_data.multipart_data if request_data else None
        timeout = httpx.Timeout(
            connect=_seconds(connect_timeout, CONNECT_SECONDS),
            read=_seconds(read_timeout, READ_SECONDS),
            write=_seconds(write_timeout, UPLOAD_SECONDS if files else WRITE_SECONDS),
            pool=_seconds(pool_timeout, READ_SECONDS),
        )
        whole = sum(filter(None, timeout.as_dict().values()))
        read = self._read(
            method=method,
            url=url,
            data=request_data.json_parameters if request_data else None,
            files=files or None,
            timeout=timeout,
        )
        code, headers, body = await self._told(url, whole, read)
        if HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
            return code, body
        raise _error(code, headers, body)

    async def fetch(self, url: str, to: Path, most: int) -> int:
        """Write what a URL leads to into a file.

        Returns:
            How many octets it has.

        Raises:
            AnswerTooLongError: It has more octets than `most`.
            TelegramError: It did not come, or not all of it.
        """
        return await self._told(url, FETCH_SECONDS, self._save(url, to, most))

    async def _told(self, url: str, seconds: float, work: Awaitable[T]) -> T:
        """What comes of a request, in so many seconds.

        Raises:
            TelegramError: Nothing.
        """
        try:
            async with asyncio.timeout(seconds):
                return await work
        except (TimeoutError, OSError, httpx.HTTPError, httpx.InvalidURL) as error:
            fault = _fault(urlsplit(url).hostname or "", error)
        raise fault

    async def _read(self, **asked: Any) -> tuple[int, httpx.Headers, bytes]:  # noqa: ANN401 - as httpx
        is_poll = asked["url"].lower().endswith("/getupdates")
        most = MOST_OF_UPDATES if is_poll else MOST_OF_ANSWER
        async with self._answer(**asked) as answer:
            pieces = [piece async for piece in _bounded(answer, most)]
            return answer.status_code, answer.headers, b"".join(pieces)

    async def _save(self, url: str, to: Path, most: int) -> int:
        octets = 0
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        async with self._answer(method="GET", url=url, timeout=timeout) as answer:
            if answer.status_code != HTTPStatus.OK:
                raise NetworkError(f"the file is not there ({answer.status_code})")
            file = await asyncio.to_thread(to.open, "wb")
            try:
                async for piece in _bounded(answer, most):
                    await asyncio.to_thread(file.write, piece)
                    octets += len(piece)
            finally:
                await asyncio.to_thread(file.close)
        return octets

    @asynccontextmanager
    async def _answer(self, **asked: Any) -> AsyncIterator[httpx.Response]:  # noqa: ANN401 - as httpx
        """The answer to a request, of which nothing but the head has been read."""
        request = self._client.build_request(**asked)
        answer = await self._client.send(request, stream=True)
        try:
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise NoBotApiError("the answer is compressed, which was not asked for")
            self.server_date = _date(answer.headers.get("Date", "")) or self.server_date
            yield answer
        finally:
            await answer.aclose()

    def _new_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=self._context,
            limits=httpx.Limits(max_connections=self._connections),
            headers={"Accept-Encoding": "identity", "User-Agent": "shardline"},
            follow_redirects=False,
        )


async def _bounded(answer: httpx.Response, most: int) -> AsyncIterator[bytes]:
    """An answer, piece by piece.

    Raises:
        AnswerTooLongError: It has more octets than `most`.
    """
    octets = 0
    async for piece in answer.aiter_raw(_PIECE):
        octets += len(piece)
        if octets > most:
            raise AnswerTooLongError(f"the answer has more than {most:,} octets")
        yield piece


def _error(code: int, headers: httpx.Headers, body: bytes) -> TelegramError:
    """What an answer that tells of an error means, by its number."""
    told = _read_json(body)
    known = told.get("parameters")
    parameters = known if isinstance(known, dict) else {}
    moved = parameters.get("migrate_to_chat_id")
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        asked = parameters.get("retry_after", headers.get("Retry-After", ""))
        return FloodError(flood_seconds(asked))
    if type(moved) is int:
        return ChatMigrated(moved)
    said = told.get("description")
    description = one_line(said) if isinstance(said, str) else f"HTTP status {code}"
    if code == HTTPStatus.UNAUTHORIZED:
        return TokenRefusedError(description)
    return _KNOWN.get(code, NetworkError)(description)


def _fault(host: str, error: Exception) -> NetworkError:
    """Why there is no answer."""
    if isinstance(error, httpx.PoolTimeout):
        return TimedOut("all connections are in use; nothing was asked")
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return TimedOut(f"{host} did not answer in time")
    why = tls_fault(error) or type(error).__name__
    return NetworkError(f"{host} cannot be asked: {why}")


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _date(text: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(text)
    except ValueError:
        return None
    return told if told.tzinfo else None


def _seconds(asked: object, usual: float) -> float:
    """What a call says, or what is usual: nothing is waited for without end."""
    return float(asked) if isinstance(asked, int | float) else usual
