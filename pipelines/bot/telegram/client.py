"""Clients of the Bot API: python-telegram-bot's, over HTTP of ours."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import telegram
from telegram.error import BadRequest, TelegramError

from pipelines.alerts import mask_logs
from pipelines.bot.telegram.bounded_request import AnswerTooLongError, BoundedRequest
from pipelines.config import TelegramAddress
from pipelines.errors import ConfigurationError, PermanentError, TransientError
from pipelines.network import trust

CONNECTIONS = 16
"""Connections of a bot that sends, answers and downloads."""

_BUNDLE = "REQUESTS_CA_BUNDLE"
_LOGGERS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy")),
)


class FileTooLargeError(PermanentError):
    """A file is larger than it may be."""


class _NothingSaid(logging.Filter):
    """Keeps out of the logs what people write and are answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


_nothing_said = _NothingSaid()


def open_bot(address: TelegramAddress, connections: int = CONNECTIONS) -> telegram.Bot:
    """A client; nothing is asked yet, and it need not be initialized.

    Whoever asks for updates keeps a connection for as long as there are none. So that
    is done by a client of its own, with one connection.

    Args:
        address: Whose.
        connections: How many calls may be under way.

    Raises:
        ConfigurationError: The authorities that TLS is to trust cannot be read.
    """
    mask_logs(*_LOGGERS)
    logging.getLogger("telegram.Bot").addFilter(_nothing_said)
    request = BoundedRequest(connections, _context())
    return telegram.Bot(
        address.token.get_secret_value(),
        base_url=f"{address.api}/bot",
        base_file_url=f"{address.api}/file/bot",
        request=request,
        get_updates_request=request,
    )


async def close_bot(bot: telegram.Bot) -> None:
    """Close a client's connections, whether or not it was initialized."""
    await bot.request.shutdown()


def server_date(bot: telegram.Bot) -> datetime | None:
    """When the server has last answered a client, by its own clock."""
    return _request(bot).server_date


async def download(bot: telegram.Bot, file_id: str, to: Path, most: int) -> int:
    """Write a file that somebody has sent into one of ours.

    Args:
        bot: Who was sent it.
        file_id: What Telegram calls it.
        to: Where to write it; nothing is left there if it does not come whole.
        most: Most octets that it may have. Telegram hands out no more than 20 MB.

    Returns:
        How many octets it has.

    Raises:
        FileTooLargeError: It has more.
        PermanentError: Telegram does not hand it out.
        TransientError: It did not come, or not the whole of it.
    """
    try:
        return await _download(bot, file_id, to, most)
    except BaseException:
        await asyncio.to_thread(to.unlink, missing_ok=True)
        raise


async def _download(bot: telegram.Bot, file_id: str, to: Path, most: int) -> int:
    told = await _told(bot, file_id)
    size, path = told.get("file_size"), told.get("file_path")
    if isinstance(size, int) and size > most:
        raise _too_large(most)
    if not isinstance(path, str):
        raise TransientError("Telegram does not tell where the file is")
    try:
        url = f"{bot.base_file_url}/{quote(path)}"
        octets = await _request(bot).fetch(url, to, most)
    except AnswerTooLongError:
        fault: Exception = _too_large(most)
    except TelegramError as error:
        fault = TransientError(f"the file cannot be downloaded: {error}")
    else:
        if isinstance(size, int) and octets != size:
            raise TransientError("not the whole of the file has come")
        return octets
    raise fault


async def _told(bot: telegram.Bot, file_id: str) -> dict[str, Any]:
    """What Telegram tells of a file."""
    try:
        # In small letters, since the library warns of a method that it has itself, and
        # that makes an object of the file which shows the token.
        told = await bot.do_api_request("getfile", {"file_id": file_id})
    except BadRequest as error:
        if "too big" in str(error).lower():  # no number tells
            raise FileTooLargeError(
                "the file is larger than Telegram hands out"
            ) from None
        raise PermanentError(f"Telegram does not hand out the file: {error}") from None
    except TelegramError as error:
        raise TransientError(f"the file cannot be downloaded: {error}") from None
    return told if isinstance(told, dict) else {}


def _too_large(most: int) -> FileTooLargeError:
    return FileTooLargeError(f"the file has more than {most:,} octets")


def _request(bot: telegram.Bot) -> BoundedRequest:
    if not isinstance(bot.request, BoundedRequest):
        raise TypeError("it is no client of open_bot")
    return bot.request


def _context() -> ssl.SSLContext:
    """Whom TLS trusts, as the alert sender does.

    Raises:
        ConfigurationError: The file of the authorities cannot be read.
    """
    named = os.environ.get(_BUNDLE, "")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return trust(context, Path(named) if named else None)
    except ConfigurationError as error:
        if not named:
            raise
        raise ConfigurationError(error.cause, step=f"correct {_BUNDLE}") from None
