"""Whether an address of a connection answers, found out by using it."""

from __future__ import annotations

import logging
import multiprocessing
import smtplib
import ssl
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import requests

from pipelines.connections.channels import SmtpAddress, TelegramAddress
from pipelines.errors import PermanentError, ShardlineError, TransientError, one_line
from pipelines.settings import Server, Warehouse
from pipelines.source import connection as source
from pipelines.source.faults import translated
from pipelines.warehouse import connection as warehouse

Address: TypeAlias = Warehouse | Server | SmtpAddress | TelegramAddress

AT_A_TIME = 32
"""Most addresses that are checked at a time."""

PATIENCE = 15.0
"""Seconds that a mail server or Telegram has for any one answer."""


@dataclass(frozen=True)
class Answer:
    """What came of one check.

    Attributes:
        ok: Whether the address answered as it should.
        told: The server's version, or what is wrong, in one line.
        seconds: How long it took.
    """

    ok: bool
    told: str
    seconds: float


def check_all(addresses: Sequence[Address]) -> Iterator[Answer]:
    """Check addresses, many at a time; the answers come in their order.

    Each check has a process of its own: the driver of SQL Server keeps the last
    error of all its logins in one place.
    """
    if not addresses:
        return
    with ProcessPoolExecutor(
        min(len(addresses), AT_A_TIME), multiprocessing.get_context("fork")
    ) as pool:
        yield from pool.map(check, addresses)


def check(address: Address) -> Answer:
    """Log in at an address and ask it something."""
    began = time.monotonic()
    try:
        told = _ask(address)
    except ShardlineError as error:
        return Answer(ok=False, told=str(error), seconds=time.monotonic() - began)
    return Answer(ok=True, told=one_line(told), seconds=time.monotonic() - began)


def _ask(address: Address) -> str:
    match address:
        case Warehouse():
            return _vertica(address)
        case Server():
            return _sql_server(address)
        case SmtpAddress():
            return _smtp(address)
        case TelegramAddress():
            return _telegram(address)
        case _:
            assert_never(address)


def _vertica(address: Warehouse) -> str:
    patience = {"connection_timeout": address.login_timeout}
    options = address.model_copy(update=patience)
    with closing(warehouse.log_in(options, autocommit=True)) as connection:
        ((_, version),) = connection.query("SELECT 1, VERSION()")
        return str(version)


def _sql_server(address: Server) -> str:
    options = address.model_copy(update={"timeout": address.login_timeout})
    with source.logged_in(options) as connection, translated():
        cursor = connection.cursor()
        cursor.execute("SELECT @@VERSION")
        ((version,),) = cursor.fetchall()
        return str(version)


def _smtp(address: SmtpAddress) -> str:
    told = f"mail server {address.host}:{address.port}"
    try:
        with _connected(address) as session:
            session.ehlo_or_helo_if_needed()
            if address.security == "starttls":
                session.starttls(context=ssl.create_default_context())
            if address.user:
                session.login(address.user, address.password.get_secret_value())
            code, text = session.noop()
    except UnicodeError:
        raise PermanentError(
            f"{told}: the login has a letter that SMTP cannot carry",
            step="choose one of ASCII",
        ) from None
    except smtplib.SMTPResponseException as error:
        raise PermanentError(
            f"{told} refused: {_text(error.smtp_error)} ({error.smtp_code})",
            step="check user, password and security",
        ) from None
    except smtplib.SMTPNotSupportedError as error:
        raise PermanentError(f"{told}: {error}", step="check security") from None
    except (smtplib.SMTPException, OSError) as error:
        raise TransientError(
            f"{told} cannot be reached: {error}", step="check host, port and security"
        ) from None
    return f"{code} {_text(text)}"


def _connected(address: SmtpAddress) -> smtplib.SMTP:
    if address.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(
            address.host, address.port, timeout=PATIENCE, context=context
        )
    return smtplib.SMTP(address.host, address.port, timeout=PATIENCE)


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _telegram(address: TelegramAddress) -> str:
    # Its debug lines have the URL, and so the token, in them.
    logging.getLogger("urllib3").setLevel(logging.INFO)
    bot = _call(address, "getMe")
    chats = [_call(address, "getChat", chat_id=chat) for chat in address.chats]
    titles = [chat.get("title") or chat.get("username") for chat in chats]
    return f"@{bot.get('username')} in {', '.join(str(title) for title in titles)}"


def _call(address: TelegramAddress, method: str, **values: str) -> dict[str, Any]:
    told = f"Telegram at {address.api}"
    url = f"{address.api}/bot{address.token.get_secret_value()}/{method}"
    try:
        body: Any = requests.post(
            url, json=values, timeout=PATIENCE, allow_redirects=False
        ).json()
        if body["ok"]:
            result: dict[str, Any] = body["result"]
            return result
        said, number = str(body["description"]), body["error_code"]
    except requests.JSONDecodeError:
        raise TransientError(f"{told} answers in no JSON", step="check api") from None
    except requests.RequestException as error:  # its text has the token in it
        kind = type(error).__name__
        raise TransientError(
            f"{told} cannot be reached ({kind})", step="check api and the network"
        ) from None
    except (KeyError, TypeError):
        raise TransientError(f"{told} is no Bot API", step="check api") from None
    asked = f"{method} {values['chat_id']}" if values else method
    raise PermanentError(
        f"{told} refused {asked}: {said} ({number})",
        step="check the chat, and that the bot is in it"
        if values
        else "check the token",
    )
