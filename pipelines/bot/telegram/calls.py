"""Calls that write to a chat: in their turn, and with an end."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import telegram
from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    TelegramError,
)

from pipelines.alerts import FLOOD_MARGIN, Limits, setback
from pipelines.bot.telegram.bounded_request import FloodError
from pipelines.errors import TransientError, one_line

logger = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a chat's turn is waited for; others have their turn meanwhile."""

Sleep = Callable[[float], Awaitable[object]]


class SendLaterError(TransientError):
    """It could not be sent now; after `seconds` it may be."""

    def __init__(self, seconds: float, cause: str) -> None:
        """Keep when to try again."""
        super().__init__(cause)
        self.seconds = seconds


class Calls:
    """Calls of one bot that write to chats, as fast as these may be written to."""

    def __init__(self, bot: telegram.Bot, limits: Limits, sleep: Sleep) -> None:
        """Keep who calls; nothing is asked yet."""
        self._bot = bot
        self._limits = limits
        self._sleep = sleep
        self._setbacks: dict[int, int] = {}

    async def call(
        self, method: str, chat: int, asked: Mapping[str, Any]
    ) -> int | None:
        """Call a method, once.

        Returns:
            The id of the message that it is about; None if nothing is told of that.

        Raises:
            BadRequest: It is refused as it is.
            ChatMigrated: The group has another id now.
            EndPointNotFound: There is no such method.
            Forbidden: The chat is closed to the bot.
            SendLaterError: Nobody can tell whether it was done, or it was not since
                there are too many.
        """
        await self._turn(chat)
        try:
            told = await self._bot.do_api_request(method, {"chat_id": chat, **asked})
        except FloodError as error:
            seconds = error.seconds + FLOOD_MARGIN
            self._limits.hold(str(chat), seconds)
            raise SendLaterError(seconds, str(error)) from None
        except (BadRequest, ChatMigrated, EndPointNotFound, Forbidden):
            self._setbacks.pop(chat, None)
            raise
        except TelegramError as error:
            raise self.later(chat, str(error)) from None
        finally:
            self._limits.count(str(chat))
        self._setbacks.pop(chat, None)
        return _message_id(told)

    def later(self, chat: int, cause: str) -> SendLaterError:
        """What to raise where there was no answer: for longer each time."""
        count = self._setbacks[chat] = self._setbacks.get(chat, 0) + 1
        error = SendLaterError(setback(count), cause)
        level = logging.WARNING if count == 1 else logging.DEBUG
        logger.log(level, "telegram chat %d: %s", chat, one_line(cause))
        return error

    async def _turn(self, chat: int) -> None:
        """Take a place for a call.

        Raises:
            SendLaterError: There is none before long.
        """
        while left := self._limits.take(str(chat)):
            if left > PATIENCE:
                raise SendLaterError(left, "the chat is to be left alone")
            await self._sleep(left)


def _message_id(told: object) -> int | None:
    number = told.get("message_id") if isinstance(told, dict) else None
    return number if type(number) is int else None
