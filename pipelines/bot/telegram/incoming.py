"""What Telegram tells a bot, as what somebody has said to it.

Whoever can write in a chat can send anything, so nothing is taken from it but who has
said what, where. What has no person behind it, or was not said now and here, is
refused: an administrator who hides, a channel, another bot; what was forwarded, or
edited, or stands below a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import telegram
from telegram.constants import ChatType

from pipelines.bot import texts
from pipelines.bot.messages import Document, Message, Press
from pipelines.bot.telegram.targets import Target
from pipelines.bot.updates import HeldUpdate, Update
from pipelines.errors import ConfigurationError
from pipelines.operations import Identity, IdentityKind

KINDS = ("message", "edited_message", "callback_query")
"""The kinds of updates that are asked for."""


@dataclass(frozen=True)
class Incoming:
    """What has come, and where it is answered.

    Attributes:
        said: Who has said what.
        target: Where it is answered.
        refusal: Why it is not even read; "" if it is.
        query: What Telegram calls a press, for it to be told that it has arrived.
        new_chat: What the chat is called from now on, if that is what has come.
    """

    said: Message | Press
    target: Target
    refusal: str = ""
    query: str | None = None
    new_chat: int | None = None


@dataclass(frozen=True)
class Arrival:
    """When a batch has come.

    Attributes:
        now: By this machine's clock.
        server: By Telegram's clock, which messages are dated by.
        polled: Before which moment, by this machine's clock, nothing of it was there.
    """

    now: datetime
    server: datetime
    polled: datetime


class Reader:
    """Reads what comes to one bot."""

    def __init__(self, bot_id: int, name: str) -> None:
        """Read for a bot.

        Args:
            bot_id: Its id.
            name: Its user name, without the sign before it.
        """
        self._bot_id = bot_id
        self._name = name.lower()

    def arrived(self, raw: Mapping[str, Any], arrival: Arrival) -> Update | None:
        """An update for the inbox; None if it is nothing for the bot.

        Args:
            raw: As Telegram tells it.
            arrival: When.

        Raises:
            ValueError: It is no update that can be read.
        """
        update = _parsed(raw)
        press, message = update.callback_query, _message(update)
        if press:
            chat = press.message.chat.id if press.message else press.from_user.id
            # A press has no date; so old it may be, and not older.
            written = arrival.polled
        elif message and self._is_meant(message):
            chat = message.chat.id
            said = message.edit_date or message.date
            written = arrival.now - (arrival.server - said)
        else:
            return None
        kind = next(kind for kind in KINDS if getattr(update, kind))
        return Update(update.update_id, str(chat), written, kind, raw)

    def read(self, held: HeldUpdate) -> Incoming:
        """What an update of the inbox says, that has its body still.

        Raises:
            ValueError: It cannot be read.
        """
        update = _parsed(held.update.body or {})
        # A number of the inbox never comes again; an update_id does, after a week.
        source_id = f"telegram:{held.number}"
        if update.callback_query:
            return _pressed(update.callback_query, source_id)
        message = _message(update)
        if message is None:
            raise ValueError("neither a message nor a press")
        return _written(message, source_id, is_edited=update.edited_message is not None)

    def sender_of(self, raw: Mapping[str, Any]) -> int | None:
        """The id of the user behind an update, if there is one.

        Raises:
            ValueError: It cannot be read.
        """
        user = _parsed(raw).effective_user
        return user.id if user else None

    def _is_meant(self, message: telegram.Message) -> bool:
        """Whether a message is for the bot, which may see what others say as well."""
        if message.migrate_to_chat_id:
            return True
        text = _text(message)
        is_something = bool(text or message.effective_attachment)
        if message.chat.type == ChatType.PRIVATE:
            return is_something
        if text.startswith("/"):
            _, _, name = text.split(maxsplit=1)[0].partition("@")
            return name.lower() in {"", self._name}
        answered = message.reply_to_message
        author = answered.from_user if answered else None
        return is_something and author is not None and author.id == self._bot_id


def _parsed(raw: Mapping[str, Any]) -> telegram.Update:
    try:
        return telegram.Update.de_json(dict(raw), None)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(f"no update: {type(error).__name__}") from error


def _message(update: telegram.Update) -> telegram.Message | None:
    return update.message or update.edited_message


def _text(message: telegram.Message) -> str:
    return message.text or message.caption or ""


def _written(message: telegram.Message, source_id: str, *, is_edited: bool) -> Incoming:
    asker = message.from_user.id if message.from_user else message.chat.id
    topic = message.message_thread_id if message.is_topic_message else None
    return Incoming(
        said=Message(
            _author(message),
            _place(message.chat.id, topic),
            _text(message),
            source_id,
            _document(message.document) if message.document else None,
            is_aside=message.chat.type != ChatType.PRIVATE,
        ),
        target=Target(message.chat.id, topic, asker, message.message_id),
        refusal=_refusal(message, is_edited=is_edited),
        new_chat=message.migrate_to_chat_id,
    )


def _author(message: telegram.Message) -> Identity:
    """Who has written; the chat if they have not shown who they are."""
    sender, chat = message.from_user, message.sender_chat or message.chat
    if sender and not sender.is_bot and not message.sender_chat:
        with suppress(ConfigurationError):  # it stands for several people
            return Identity(IdentityKind.TELEGRAM, str(sender.id))
    return Identity(IdentityKind.CHAT, str(chat.id))


def _refusal(message: telegram.Message, *, is_edited: bool) -> str:
    if _author(message).kind is IdentityKind.CHAT or message.via_bot:
        return texts.REFUSED_ANONYMOUS
    if message.forward_origin:
        return texts.REFUSED_FORWARDED
    if is_edited:
        return texts.REFUSED_EDITED
    if (message.caption or "").lstrip().startswith("/"):
        return texts.REFUSED_CAPTION
    return "" if message.text or message.document else texts.REFUSED_KIND


def _document(told: telegram.Document) -> Document:
    return Document(
        file_id=told.file_id,
        name=told.file_name or "",
        size=told.file_size or 0,
        content_type=told.mime_type or "",
    )


def _pressed(press: telegram.CallbackQuery, source_id: str) -> Incoming:
    message = press.message
    # PTB has a class for a message that is out of reach, and does not always use it.
    shown = message if isinstance(message, telegram.Message) else None
    if shown and not shown.is_accessible:
        shown = None
    topic = shown.message_thread_id if shown and shown.is_topic_message else None
    chat = message.chat.id if message else press.from_user.id
    user = press.from_user
    return Incoming(
        said=Press(
            Identity(IdentityKind.TELEGRAM, str(user.id)),
            _place(chat, topic),
            press.data or "",
            source_id,
        ),
        target=Target(
            *(chat, topic, user.id), pressed=shown.message_id if shown else None
        ),
        refusal=texts.REFUSED_ANONYMOUS if user.is_bot else "",
        query=press.id,
    )


def _place(chat: int, topic: int | None) -> str:
    return f"telegram:{chat}/{topic}" if topic else f"telegram:{chat}"
