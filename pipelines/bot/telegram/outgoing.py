"""Replies on their way to a chat.

A reply of several messages is sent in order. What of it has been sent is kept in this
process until all of it is: so what is sent later begins where it was left. Twice may
come a message whose answer was lost, and all of a reply if the process has died before
the whole was on record as sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import telegram
from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    TelegramError,
)

from pipelines.alerts import Fault, Limits, fault_of
from pipelines.bot import texts
from pipelines.bot.messages import Reply
from pipelines.bot.telegram.calls import Calls, Sleep
from pipelines.bot.telegram.drafts import Draft, Form, Piece, draft_of
from pipelines.bot.telegram.targets import Target
from pipelines.errors import one_line
from pipelines.text import split_text

logger = logging.getLogger(__name__)

SEND_SECONDS = 90.0
"""How long one attempt to send a reply may take."""

PRESS_SECONDS = 10.0
"""How long it may take to answer a press."""

MOST_OF_ANSWER = 200
"""UTF-16 units of what a press is answered."""

MOST_BEGUN = 1_000
"""How many replies are known of which a part was sent."""

MOST_WARNINGS = 1_000

_NO_RICH = ("rich_message", "rich message", "message text is empty")
"""What servers say of rich messages that know none; there is no number for it."""

_NO_TEXT = ("there is no text in the message",)
"""What they say of a message that is a file."""


@dataclass(frozen=True)
class Sent:
    """What was sent of a reply.

    Attributes:
        chat: Where it is: in another chat than was asked for if a group has moved to a
            new id, which is below 0 too, or if it was for the asker alone.
        messages: The ids of its messages, the first being the one with the text. None
            if the chat is closed to the bot, or refuses them in every form.
    """

    chat: int
    messages: tuple[int, ...]


class _RichRefusedError(Exception):
    """A rich message is not taken; `by_server` tells that none ever is."""

    def __init__(self, *, by_server: bool) -> None:
        super().__init__()
        self.by_server = by_server


class _ClosedChatError(Exception):
    """Nothing can be sent to a chat."""


@dataclass
class _Progress:
    """What of a reply was sent to one chat."""

    target: Target
    is_rich: bool
    is_server_refusing: bool = False
    done: int = 0
    messages: list[int] = field(default_factory=list)

    def move(self, chat: int) -> None:
        """Begin anew in another chat, where ids mean other messages and topics."""
        self.target = Target(chat, None, self.target.asker)
        self.done, self.messages = 0, []

    @property
    def sent(self) -> Sent:
        return Sent(self.target.chat, tuple(self.messages))


Begun = dict[Target, _Progress]


class Outgoing:
    """Sends replies."""

    def __init__(
        self,
        bot: telegram.Bot,
        limits: Limits,
        seconds: float = SEND_SECONDS,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Keep who sends; nothing is sent yet.

        Args:
            bot: Who sends.
            limits: How fast, together with whoever else writes in the bot's name.
            seconds: How long one attempt to send a reply may take.
            sleep: Lets so many seconds pass.
        """
        self._bot = bot
        self._calls = Calls(bot, limits, sleep)
        self._seconds = seconds
        self._is_rich = True
        self._begun: dict[tuple[Target, int], Begun] = {}
        self._warned: set[str] = set()

    async def send(self, reply: Reply, target: Target) -> Sent:
        """Send a reply: its text, then its files.

        Args:
            reply: What is answered.
            target: To whom.

        Returns:
            What was sent.

        Raises:
            SendLaterError: Not all of it could be sent now. Sending it again goes on
                with the rest; a message whose answer was lost comes twice.
        """
        key = (target, hash(reply))
        begun = self._begun.setdefault(key, {})
        if len(self._begun) > MOST_BEGUN:
            del self._begun[next(iter(self._begun))]
        try:
            async with asyncio.timeout(self._seconds):
                sent = await self._send(reply, target, begun)
        except TimeoutError:
            raise self._calls.later(target.chat, "a reply takes too long") from None
        self._begun.pop(key, None)
        return sent

    async def answer_press(self, query_id: str, text: str = "") -> None:
        """Tell somebody's client that a press of a button has arrived.

        It is no error if that comes too late, or does not arrive.

        Args:
            query_id: What Telegram calls the press.
            text: What is shown for a moment.
        """
        shown = split_text(one_line(text), MOST_OF_ANSWER)
        asked = {"callback_query_id": query_id, "text": "".join(shown[:1])}
        try:
            async with asyncio.timeout(PRESS_SECONDS):
                await self._bot.do_api_request("answercallbackquery", asked)
        except BadRequest:
            logger.debug("a press was answered too late")
        except (TelegramError, TimeoutError) as error:
            logger.info("a press was not answered: %s", one_line(str(error)))

    async def _send(self, reply: Reply, target: Target, begun: Begun) -> Sent:
        if not (reply.is_private and target.is_group):
            return await self._deliver(reply, target, begun)
        own = Target(target.asker, None, target.asker)
        sent = await self._deliver(reply, own, begun)
        line = texts.SENT_PRIVATELY if sent.messages else texts.OPEN_ME_FIRST
        told = await self._deliver(Reply((line,)), target, begun)
        return sent if sent.messages else Sent(told.chat, ())

    async def _deliver(self, reply: Reply, target: Target, begun: Begun) -> Sent:
        """Send to one chat what has not been sent there yet."""
        progress = begun.setdefault(target, _Progress(target, self._is_rich))
        draft = await asyncio.to_thread(draft_of, reply)
        while True:
            try:
                await self._go_on(draft, progress, is_edit=reply.replaces)
            except _RichRefusedError as refused:
                progress.is_rich = False
                progress.is_server_refusing = refused.by_server
            except ChatMigrated as moved:
                progress.move(moved.new_chat_id)
            except Forbidden as error:
                self._warn(f"telegram chat {progress.target.chat}: {error}")
                return progress.sent
            except _ClosedChatError:
                return progress.sent
            else:
                return progress.sent

    async def _go_on(self, draft: Draft, progress: _Progress, *, is_edit: bool) -> None:
        """Send the pieces that are left."""
        is_rich = progress.is_rich and bool(draft.rich)
        pieces = draft.rich if is_rich else draft.plain
        for piece in pieces[progress.done :]:
            is_first = not progress.done
            number = None
            if is_first and is_edit:
                number = await self._edit(piece, progress)
            if number is None:
                number = await self._put(piece, progress, is_first=is_first)
            if progress.is_server_refusing:  # and takes the other form
                self._is_rich = False
            progress.done += 1
            if number is not None:
                progress.messages.append(number)

    async def _edit(self, piece: Piece, progress: _Progress) -> int | None:
        """Show a piece in place of the pressed message; None if that is impossible."""
        edited = progress.target.pressed
        if edited is None or not piece.is_text:
            return None
        for form in piece.forms:
            asked = {"message_id": edited, **form.content}
            try:
                await self._call(form, "editmessagetext", progress, asked)
            except BadRequest as error:
                if fault_of(str(error)) is Fault.UNCHANGED:
                    return edited
                if _is_about_message(error):
                    return None
            else:
                return edited
        return None

    async def _put(
        self, piece: Piece, progress: _Progress, *, is_first: bool
    ) -> int | None:
        """Send a piece in the first of its forms that is taken.

        Raises:
            _ClosedChatError: None is, of a text.
        """
        where = _where(progress.target, is_first=is_first)
        for form in piece.forms:
            try:
                return await self._call(
                    form, form.method, progress, {**form.content, **where}
                )
            except BadRequest as error:
                why = str(error)
        self._warn(f"telegram chat {progress.target.chat}: a message is refused: {why}")
        if piece.is_text:
            raise _ClosedChatError
        return None

    async def _call(
        self, form: Form, method: str, progress: _Progress, asked: Mapping[str, Any]
    ) -> int | None:
        """Call a method; what is said of a rich message is told apart.

        Raises:
            _RichRefusedError: It is one, and is not taken.
            BadRequest: It is refused.
        """
        chat = progress.target.chat
        try:
            return await self._calls.call(method, chat, asked)
        except EndPointNotFound as error:
            if "rich_message" in form.content:
                raise _RichRefusedError(by_server=True) from None
            raise self._calls.later(chat, str(error)) from None
        except BadRequest as error:
            if "rich_message" in form.content and not _is_about_message(error):
                raise _RichRefusedError(by_server=_says(error, _NO_RICH)) from None
            raise

    def _warn(self, line: str) -> None:
        """Warn, once a process."""
        told = one_line(line)
        if told not in self._warned and len(self._warned) < MOST_WARNINGS:
            self._warned.add(told)
            logger.warning("%s", told)


def _where(target: Target, *, is_first: bool) -> dict[str, Any]:
    where: dict[str, Any] = {}
    if target.thread is not None:
        where["message_thread_id"] = target.thread
    answered = target.message or target.pressed
    if is_first and target.is_group and answered:
        where["reply_parameters"] = {
            "message_id": answered,
            "allow_sending_without_reply": True,
        }
    return where


def _is_about_message(error: BadRequest) -> bool:
    """Whether it is the message that is to be edited that is in the way."""
    is_known = fault_of(str(error)) in (Fault.UNCHANGED, Fault.GONE)
    return is_known or _says(error, _NO_TEXT)


def _says(error: BadRequest, any_of: tuple[str, ...]) -> bool:
    told = str(error).lower()
    return any(text in told for text in any_of)
