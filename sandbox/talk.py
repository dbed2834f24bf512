"""A talk with the bot, as somebody has it who writes and waits for the answers."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sandbox.faults import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.telegram.chats import Message
    from sandbox.telegram.control import TelegramControl
    from sandbox.telegram.keyboards import Button

_QUIET = 1.0  # seconds in which a bot that has more to say would have said it


class NoAnswerError(SandboxError):
    """The bot said nothing; the message is one line."""


class NoButtonError(SandboxError):
    """No message has such a button; the message is one line."""


class Answers:
    """What the bot writes in a chat from now on.

    Args:
        telegram: Where.
        chat: The chat's id.
    """

    def __init__(self, telegram: TelegramControl, chat: int) -> None:
        """Note what the chat shows already."""
        self._telegram = telegram
        self._chat = chat
        self._known = self._versions()

    def wait(
        self, seconds: float, *, or_else: Callable[[], object] = lambda: None
    ) -> list[Message]:
        """Return the messages that the bot wrote or edited, when it is done.

        Args:
            seconds: How long to wait for the first of them.
            or_else: Tells whether the bot answered in another way.

        Raises:
            NoAnswerError: It did nothing.
        """
        try:
            self._telegram.wait(lambda: self._new() or or_else(), timeout=seconds)
        except TimeoutError:
            raise NoAnswerError(
                f"the bot did not answer in {seconds:g} s: is it running?"
            ) from None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._goes_on():
            pass
        return self._new()

    def _goes_on(self) -> bool:
        before = self._versions()
        with suppress(TimeoutError):
            return self._telegram.wait(
                lambda: self._versions() != before, timeout=_QUIET
            )
        return False

    def _new(self) -> list[Message]:
        return [
            one
            for one in self._shown()
            if not (one.sender or one.deleted)
            and self._known.get(one.id) != (one.edits, False)
        ]

    def _versions(self) -> dict[int, tuple[int, bool]]:
        return {one.id: (one.edits, one.deleted) for one in self._shown()}

    def _shown(self) -> list[Message]:
        """Return the chat's messages; a private chat begins with the first."""
        there = self._chat in self._telegram.chats()
        return self._telegram.messages(self._chat) if there else []


def find_button(
    telegram: TelegramControl, chat: int, label: str
) -> tuple[Message, Button]:
    """Return the newest button of a chat on which a text stands, in any case.

    Raises:
        NoButtonError: There is none that tells the bot anything.
    """
    for message in reversed(telegram.messages(chat)):
        for button in (one for row in message.keyboard for one in row):
            fits = button.text.casefold() == label.casefold()
            if fits and button.data and not message.deleted:
                return message, button
    raise NoButtonError(f"no message of chat {chat} has a button {label!r} to press")
