"""Calls of the Telegram Bot API (https://core.telegram.org/bots/api), one at a time.

The bot's token is part of each URL. So nothing here is raised while an exception of the
HTTP client is handled, since those tell the URL and would hang on to ours; and the
client's own log lines are masked.
"""

from __future__ import annotations

import json
import math
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from pydantic import SecretStr

from pipelines.alerts.channel import ChannelBusyError, ChannelRefusedError
from pipelines.alerts.telegram.log_masks import mask_logs
from pipelines.errors import one_line
from pipelines.network import BoundedSession, LongAnswerError
from pipelines.runtime import finish_within

FLOOD_SECONDS = 30.0
"""How long to wait after a 429 that does not say."""

LONGEST_FLOOD = 3_600.0
"""Most seconds that are waited because a 429 says so."""

ANSWER_OCTETS = 1 << 20
"""Most octets of an answer, its headers among them."""

_NUMBERS = range(-(1 << 63), 1 << 63)
"""What the numbers of chats and messages can be."""

CORRECT_CHATS = "correct the chats of the telegram connection"

_SCHEME = "the api option of the telegram connection"
_TOKEN = "the token of the telegram connection, as @BotFather shows it"  # noqa: S105 - its name


class Fault(Enum):
    """What is wrong with a message: a 400 says so by its description alone."""

    MARKUP = ("can't parse entities", "can't parse message text")
    LENGTH = ("message is too long", "message_too_long")
    UNCHANGED = ("message is not modified", "message_not_modified")
    GONE = (
        "message to edit not found",
        "message can't be edited",
        "message_id_invalid",
    )


class FaultyMessageError(Exception):
    """The message itself has to change; `fault` says how."""

    def __init__(self, fault: Fault) -> None:
        """Keep what is wrong."""
        super().__init__(fault.name)
        self.fault = fault


class FloodError(Exception):
    """The chat is to be left alone for `seconds`."""

    def __init__(self, seconds: float) -> None:
        """Keep for how long."""
        super().__init__(f"{seconds} s")
        self.seconds = seconds


class MigratedError(Exception):
    """The group has become a supergroup, which is another chat, `chat`."""

    def __init__(self, chat: str) -> None:
        """Keep the new id."""
        super().__init__(chat)
        self.chat = chat


@dataclass(frozen=True)
class _Answer:
    """What came back: `body` is empty where it is not the Bot API that answers."""

    status: int
    retry_after: str
    body: dict[str, Any]


class BotApi:
    """One bot's door to the API."""

    def __init__(self, token: SecretStr, api: str, remedy: str = CORRECT_CHATS) -> None:
        """Keep where it is; nothing is asked yet.

        Args:
            token: As @BotFather gives it.
            api: Where the API is, such as ``https://api.telegram.org``.
            remedy: What somebody does about a chat that the bot may not write to.
        """
        self._token = token
        self._remedy = remedy
        self._api = api.rstrip("/")
        mask_logs("urllib3.connectionpool", "urllib3.util.retry")

    def call(
        self,
        method: str,
        parameters: Mapping[str, Any],
        seconds: float,
        document: tuple[str, bytes] | None = None,
    ) -> dict[str, Any]:
        """Call a method, once.

        Args:
            method: Such as ``sendMessage``.
            parameters: Its parameters, of which `chat_id` names the chat.
            seconds: How long to wait for the answer.
            document: The name and the octets of a file to send along.

        Returns:
            The method's result; `message_id` of `sendMessage` is a number.

        Raises:
            FaultyMessageError: The message cannot be sent as it is.
            FloodError: Too many messages.
            MigratedError: The chat has another id now.
            ChannelBusyError: No answer, or the server failed; it may have done it.
            ChannelRefusedError: An option is wrong, the chat is closed to the bot, or
                what answers is no Bot API.
        """
        ask = partial(self._ask, method, parameters, seconds, document)
        try:
            answer = finish_within(seconds, ask)
        except TimeoutError:
            answer = self._late()
        if not isinstance(answer, _Answer):
            raise answer
        if answer.body.get("ok") is True:
            return self._result(method, answer.body.get("result"))
        raise self._refusal(answer, str(parameters.get("chat_id", "")))

    def _ask(
        self,
        method: str,
        parameters: Mapping[str, Any],
        seconds: float,
        document: tuple[str, bytes] | None,
    ) -> _Answer | ChannelBusyError | ChannelRefusedError:
        """The answer, or what to raise: returned, so that no URL hangs on to it."""
        token = quote(self._token.get_secret_value(), safe=":")
        body: dict[str, Any] = (
            {"data": dict(parameters), "files": {"document": document}}
            if document
            else {"json": dict(parameters)}
        )
        url = f"{self._api}/bot{token}/{method}"
        try:
            with BoundedSession(ANSWER_OCTETS) as session:
                response = session.ask(url, timeout=seconds, **body)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - anything, made of garbage
            return self._unreachable(error)
        return _Answer(
            status=response.status_code,
            retry_after=response.headers.get("Retry-After", ""),
            body=_body(self._masked(response.content.decode("utf-8", "replace"))),
        )

    def _result(self, method: str, result: object) -> dict[str, Any]:
        """What a method has brought about, if it can be that."""
        if result is True and method != "sendMessage":
            return {}
        if isinstance(result, dict) and (
            method != "sendMessage" or _is_number(result.get("message_id"))
        ):
            return result
        raise self._no_bot_api(f"it answers {method} with something else")

    def _no_bot_api(self, why: str) -> ChannelRefusedError:
        return ChannelRefusedError(
            f"{self._host} is not a Bot API: {why}",
            step=f"correct {_SCHEME}",
            where="telegram",
        )

    def _unreachable(self, error: Exception) -> ChannelBusyError | ChannelRefusedError:
        root = _root(error)
        if isinstance(root, LongAnswerError):
            return self._no_bot_api(str(root))
        if isinstance(error, requests.Timeout) or isinstance(root, TimeoutError):
            return self._late()
        if isinstance(root, ssl.SSLCertVerificationError):
            return ChannelRefusedError(
                f"{self._host} has no certificate to be trusted: {root.verify_message}",
                step=f"correct {_SCHEME}, or name its authority in REQUESTS_CA_BUNDLE",
                where="telegram",
            )
        if isinstance(error, ValueError):
            return ChannelRefusedError(
                f"{self._host} is not an address", step=f"correct {_SCHEME}"
            ).at("telegram")
        if not isinstance(root, OSError):
            return ChannelBusyError(
                f"{self._host} does not answer as a Bot API does"
                f" ({type(root).__name__})",
                where="telegram",
            )
        return ChannelBusyError(
            f"{self._host} cannot be reached: {root.strerror or type(root).__name__}",
            where="telegram",
        )

    def _late(self) -> ChannelBusyError:
        return ChannelBusyError(f"{self._host} did not answer in time").at("telegram")

    def _refusal(self, answer: _Answer, chat: str) -> Exception:
        """What an answer other than "ok" means."""
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ChannelBusyError(
                f"{self._host} failed: {_describe(answer)}", where="telegram"
            )
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            asked = _parameters(answer).get("retry_after", answer.retry_after)
            return FloodError(flood_seconds(asked))
        if not answer.body:
            return self._no_bot_api(_describe(answer))
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND):
            return ChannelRefusedError(
                f"the bot is refused: {_describe(answer)}",
                step=f"correct {_TOKEN}",
                where="telegram",
            )
        moved = _parameters(answer).get("migrate_to_chat_id")
        if _is_number(moved):
            return MigratedError(str(moved))
        if answer.status == HTTPStatus.BAD_REQUEST and (
            fault := fault_of(_description(answer))
        ):
            return FaultyMessageError(fault)
        return ChannelRefusedError(
            f"the bot may not write: {_describe(answer)}",
            step=f"let the bot into the chat and write there, or {self._remedy}",
            where=f"telegram chat {chat}",
        )

    @property
    def _host(self) -> str:
        """Where the API is, without a login that its address may hold."""
        try:
            parts = urlsplit(self._api)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "the api option"
        return f"{parts.hostname or 'the api option'}{port}"

    def _masked(self, message: str) -> str:
        """An answer without the token: a proxy may well repeat the URL."""
        secret = self._token.get_secret_value()
        for form in filter(None, (secret, quote(secret, safe=":"), quote(secret))):
            message = message.replace(form, "***")
        return message


def _describe(answer: _Answer) -> str:
    """Status and description."""
    return one_line(f"{answer.status} {_description(answer)}")


def _description(answer: _Answer) -> str:
    told = answer.body.get("description", "")
    return told if isinstance(told, str) else ""


def _is_number(value: object) -> bool:
    """Whether it is one of a chat or a message."""
    return type(value) is int and value in _NUMBERS


def _body(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) and "ok" in body else {}


def _parameters(answer: _Answer) -> dict[str, Any]:
    parameters = answer.body.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def flood_seconds(asked: Any) -> float:  # noqa: ANN401 - JSON
    """How long to wait after a 429, whatever it says of that."""
    try:
        seconds = float(asked)
    except OverflowError:
        return LONGEST_FLOOD
    except (TypeError, ValueError):
        return FLOOD_SECONDS
    return FLOOD_SECONDS if math.isnan(seconds) else min(max(seconds, 0), LONGEST_FLOOD)


def fault_of(description: str) -> Fault | None:
    """What is wrong with a message, by what the server says of it; None if not that."""
    told = description.lower()
    return next(
        (fault for fault in Fault if any(text in told for text in fault.value)), None
    )


def _root(error: BaseException) -> BaseException:
    """The first of a chain of exceptions."""
    while before := error.__cause__ or error.__context__:
        error = before
    return error
