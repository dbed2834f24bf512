"""Where mail and messages go: connections that no load needs.

They are read when something is to be sent: a mistake in one of them stops no load.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from pipelines.config.connection_uris import Uri, UriError, decode_uri_text
from pipelines.config.connections import CONNECTIONS, find_connection
from pipelines.text import known_secrets

MAIL_CONNECTION = "mail"
TELEGRAM_CONNECTION = "telegram"

BOT_API = "https://api.telegram.org"

LEAST_OF_TOKEN = 10
"""Fewest characters after a token's colon that tell that it is Telegram's own."""

Security = Literal["none", "starttls", "tls"]

_PORTS: dict[Security, int] = {"none": 25, "starttls": 587, "tls": 465}
_MAILBOX = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
_SENDER = re.compile(rf"{_MAILBOX.pattern}|[^<>\"\n\r]*<{_MAILBOX.pattern}>")
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+", re.ASCII)
_CHAT = re.compile(r"-?\d+|@[A-Za-z]\w*", re.ASCII)


@dataclass(frozen=True)
class SmtpAddress:
    """A mail server, and who writes to whom through it.

    Attributes:
        user: Who logs in; "" for no login.
        sender: Such as ``etl@example.com`` or ``Shardline <etl@example.com>``.
    """

    host: str
    port: int
    user: str
    password: SecretStr
    security: Security
    sender: str
    recipients: tuple[str, ...]

    def __post_init__(self) -> None:
        """Have no text show the password."""
        known_secrets().add(self.password.get_secret_value(), self.user)


@dataclass(frozen=True)
class TelegramAddress:
    """A bot and its chats.

    Attributes:
        chats: Numbers such as ``-1001234567890``, or public names such as ``@nightly``.
        api: Where the Bot API is, without a slash at its end.
    """

    token: SecretStr
    chats: tuple[str, ...]
    api: str = BOT_API

    def __post_init__(self) -> None:
        """Have no text show the token, nor what of it is not the bot's number."""
        token = self.token.get_secret_value()
        known_secrets().add(token)
        _, _, secret = token.partition(":")
        if len(secret) >= LEAST_OF_TOKEN:
            known_secrets().add(secret)


@dataclass(frozen=True)
class Connections:
    """What reports and alerts are sent through."""

    @property
    def has_mail(self) -> bool:
        """Whether mail is configured, rightly or wrongly."""
        return bool(CONNECTIONS.places(MAIL_CONNECTION))

    @property
    def mail(self) -> tuple[SmtpAddress, ...]:
        """Mail servers to be tried in turn; none if mail is not configured.

        Raises:
            ConfigurationError: What is configured is wrong.
        """
        named = find_connection(MAIL_CONNECTION, "smtp")
        return tuple(named.each(parse_smtp)) if named else ()

    @property
    def telegram(self) -> TelegramAddress | None:
        """The bot; None if it is not configured.

        Raises:
            ConfigurationError: What is configured is wrong.
        """
        named = find_connection(TELEGRAM_CONNECTION, "telegram")
        if not named:
            return None
        (bot,) = named.each(parse_telegram)
        return bot

    def unset(self) -> list[str]:
        """What the environment lacks for them, a line each."""
        return [
            f"connection {name}: {lacking}"
            for name in (MAIL_CONNECTION, TELEGRAM_CONNECTION)
            if (lacking := CONNECTIONS.lacking(name))
        ]


def parse_smtp(uri: Uri) -> list[SmtpAddress]:
    """The mail servers that a URI names.

    Raises:
        UriError: A part of it is missing or wrong.
    """
    options = uri.only("security", "from", "to")
    if uri.path:
        raise UriError("a path follows its host")
    security = _security(uri)
    sender, recipients = options.get("from", ""), options.get("to", "").split(",")
    if not (_SENDER.fullmatch(sender) and all(map(_MAILBOX.fullmatch, recipients))):
        raise UriError(
            "from and to must be given, as addresses such as etl@example.com with"
            " commas between several readers"
        )
    if (uri.user is None) != (uri.password is None):
        raise UriError("it has a user without a password, or the other way round")
    user, password = uri.user or "", uri.password or SecretStr("")
    return [
        SmtpAddress(host, port, user, password, security, sender, tuple(recipients))
        for host, port in uri.hosts(_PORTS[security])
    ]


def _security(uri: Uri) -> Security:
    match uri.scheme, uri.options.get("security"):
        case ("smtps", None | "tls") | ("smtp", "tls"):
            return "tls"
        case "smtp", None | "starttls":
            return "starttls"
        case "smtp", "none":
            return "none"
        case _:
            raise UriError("security is none, starttls or tls; with smtps:// it is tls")


def parse_telegram(uri: Uri) -> list[TelegramAddress]:
    """The bot that a URI names.

    Raises:
        UriError: A part of it is missing or wrong.
    """
    options = uri.only("api")
    if uri.path:
        raise UriError("a path follows its chats")
    secret = uri.password.get_secret_value() if uri.password else ""
    token = f"{uri.user}:{secret}" if secret else (uri.user or "")
    if not _TOKEN.fullmatch(token):
        raise UriError("what stands before its @ is no token such as 123456:ABC-def")
    chats = tuple(decode_uri_text(place) for place in uri.places)
    if not all(_CHAT.fullmatch(chat) for chat in chats):
        raise UriError("its chats are numbers or @names, with commas between several")
    return [TelegramAddress(SecretStr(token), chats, _api(options.get("api", BOT_API)))]


def _api(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or parts.query or "@" in parts.netloc:
        raise UriError("api is not an address such as http://127.0.0.1:8081")
    return text.rstrip("/")
