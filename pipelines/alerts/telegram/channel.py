"""The channel that matters: one message an incident in each Telegram chat."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any

from pipelines.alerts.channel import (
    ChannelBusyError,
    ChannelRefusedError,
    Notice,
    Receipt,
)
from pipelines.alerts.telegram import receipt as receipts
from pipelines.alerts.telegram.api import (
    CORRECT_CHATS,
    BotApi,
    Fault,
    FaultyMessageError,
    FloodError,
    MigratedError,
)
from pipelines.alerts.telegram.page import Page
from pipelines.alerts.telegram.rate_limits import Limits, Writer
from pipelines.alerts.telegram.receipt import Shown, split_topic
from pipelines.alerts.telegram.text import MESSAGE_UNITS, parts
from pipelines.config import TelegramAddress
from pipelines.errors import one_line

logger = logging.getLogger(__name__)

PLACE = "telegram:"
"""What stands before a chat in the name of a place."""

ADJUSTMENTS = 4
"""How often a notice is begun anew in a chat: moved to another, or in shorter parts."""


class TelegramChannel:
    """A `Channel`; for one caller at a time, and one process at a time for each bot."""

    edits = True

    def __init__(
        self,
        address: TelegramAddress,
        limits: Limits | None = None,
        name: str = "telegram",
        remedy: str = CORRECT_CHATS,
    ) -> None:
        """Keep where to write; nothing is sent yet.

        Args:
            address: Who writes where.
            limits: How fast; those that Telegram publishes, from now on.
            name: What tells it from other channels.
            remedy: What somebody does about a chat that is closed, or has another id.
        """
        self.name = name
        self._address = address
        self._chats = address.chats
        self._limits = limits or Limits()
        self._beside = self._limits.beside()
        self._api = BotApi(address.token, address.api, remedy)
        self._writer = Writer(self._api, self._limits)
        self._warned: set[str] = set()
        self._remedy = remedy

    @property
    def places(self) -> list[str]:
        """Its chats, as `at` names them."""
        return [f"{PLACE}{chat}" for chat in self._chats]

    def at(self, place: str) -> TelegramChannel:
        """The same bot, writing to one place besides its chats, for which nobody waits.

        Args:
            place: ``telegram:CHAT`` or ``telegram:CHAT/TOPIC``, the name of the
                channel that comes back.
        """
        return TelegramChannel(
            replace(self._address, chats=(place.removeprefix(PLACE),)),
            self._beside,
            place,
            f"correct the subscriptions of {place}",
        )

    def is_held(self) -> bool:
        """Whether none of its chats may be written to before long; nothing is asked."""
        return all(self._limits.is_held(split_topic(chat)[0]) for chat in self._chats)

    def deliver(
        self, notice: Notice, before: Receipt | None, deadline: float
    ) -> Receipt:
        """Show a notice in each chat, by editing where it is shown already.

        A chat that is closed to the bot is told in the log if another took the notice.

        Raises:
            ChannelBusyError: A chat did not take it in time. Its `receipt` tells what
                the others show.
            ChannelRefusedError: No chat took it.
        """
        shown = receipts.read_receipt(before, self._chats)
        busy: ChannelBusyError | None = None
        refused: list[ChannelRefusedError] = []
        for chat in sorted(self._chats, key=self._free_at):
            try:
                self._show(notice, chat, shown[chat], deadline)
            except ChannelBusyError as error:
                busy = error
            except ChannelRefusedError as error:
                refused.append(error)
        receipt = receipts.write_receipt(shown)
        if busy:
            is_shown = any(one.incident or one.recovery for one in shown.values())
            busy.receipt = receipt if is_shown else None
            raise busy
        if not self._chats:
            raise ChannelRefusedError(
                "no chat is named", step="add chats to the telegram connection"
            )
        if len(refused) == len(self._chats):
            raise refused[0]
        for fault in refused:
            self._warn(str(fault))
        return receipt

    def _free_at(self, chat: str) -> float:
        return self._writer.free_at(split_topic(chat)[0])

    def check(self, seconds: float = 10) -> str:
        """Ask who the bot is and whether it sees its chats; nothing is sent.

        Returns:
            What was found, in one line.

        Raises:
            ChannelBusyError: No answer.
            ChannelRefusedError: The token or a chat is wrong.
        """
        deadline = time.monotonic() + seconds
        bot = self._asked("getMe", {}, deadline)
        chats = [
            self._asked("getChat", {"chat_id": chat}, deadline) for chat in self._chats
        ]
        names = [
            one_line(str(chat.get("title") or chat.get("username") or chat.get("id")))
            for chat in chats
        ]
        return one_line(f"@{bot.get('username')} writes to {', '.join(names)}")

    def _asked(
        self, method: str, asked: dict[str, Any], deadline: float
    ) -> dict[str, Any]:
        seconds = deadline - time.monotonic()
        try:
            return self._api.call(method, asked, seconds)
        except FloodError as error:
            wait = error.seconds
        except MigratedError as error:
            raise ChannelRefusedError(
                f"it is {error.chat} now",
                step=self._remedy,
                where=f"telegram chat {asked.get('chat_id', '')}",
            ) from None
        except FaultyMessageError:
            raise ChannelRefusedError(
                f"{method} is refused as a message would be",
                step="correct the api option of the telegram connection",
                where="telegram",
            ) from None
        raise ChannelBusyError(
            "Telegram asks for patience", where="telegram", retry_after=wait
        )

    def _show(self, notice: Notice, chat: str, shown: Shown, deadline: float) -> None:
        """Show a notice in one chat; `shown` is kept up with what it shows."""
        limit = MESSAGE_UNITS
        for _ in range(ADJUSTMENTS):
            try:
                Page(self._writer, chat, shown, deadline).show(
                    notice, parts(notice, limit)
                )
            except MigratedError as error:
                self._warn(f"telegram chat {chat} is {error.chat} now; {self._remedy}")
                shown.move(error.chat)
            except FaultyMessageError as error:
                if error.fault is not Fault.LENGTH:
                    break
                limit //= 2
            else:
                return
        raise ChannelRefusedError(
            "the message was refused in every form of it",
            step="see `shardline incidents list` for what it says",
            where=f"telegram chat {chat}",
        )

    def _warn(self, line: str) -> None:
        """Warn, once a process."""
        if line not in self._warned:
            self._warned.add(line)
            logger.warning("%s", line)
