"""The chats of the sandbox's Telegram, and the messages they show."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from sandbox.telegram.entities import Entity
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.keyboards import from_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.telegram.keyboards import Keyboard
    from sandbox.telegram.rich import Rich

FileKind = Literal["document", "photo"]

# Supergroups and channels have ids below this one.
_SUPERGROUPS = -1_000_000_000_000
_MOST_CHATS = 10_000
_MOST_MESSAGES = 10_000  # a chat; older ones are forgotten


@dataclass(frozen=True)
class File:
    """What a message has attached, but for its bytes.

    Attributes:
        size: In bytes.
        width: Of a photo, in pixels.
        height: The same.
    """

    id: str
    kind: FileKind
    name: str
    mime_type: str
    size: int
    width: int = 0
    height: int = 0

    @property
    def unique_id(self) -> str:
        """What stays the same of a file for every bot."""
        return self.id[:16]


@dataclass(frozen=True)
class Message:
    """A message as its chat shows it.

    Attributes:
        date: Seconds since 1970.
        text: What is read; of a message with a file, its caption.
        edits: How many times it was edited.
        edited: When that was last, in seconds since 1970; 0 for never.
        deleted: Whether the chat shows it no more.
        reply_to: The id of the message it answers, 0 for none.
        thread: The topic of a forum that it is in, 0 for none.
        sender: The id of the user who wrote it, 0 for the bot.
        as_chat: The id of the chat in whose name it was written, 0 for none.
        forwarded_from: The user whose words they are, 0 for the sender's own.
        keyboard: The rows of buttons under it.
        rich: The Bot API's RichMessage, in place of a text.
    """

    id: int
    chat: int
    date: int
    text: str
    entities: tuple[Entity, ...] = ()
    edits: int = 0
    edited: int = 0
    deleted: bool = False
    reply_to: int = 0
    thread: int = 0
    file: File | None = None
    sender: int = 0
    as_chat: int = 0
    forwarded_from: int = 0
    keyboard: Keyboard = ()
    rich: Rich | None = None

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Message:
        """Make one of what `asdict` made of it."""
        entities = tuple(Entity(**one) for one in fields["entities"])
        file = File(**fields["file"]) if fields["file"] else None
        keyboard = from_fields(fields["keyboard"])
        read = {"entities": entities, "file": file, "keyboard": keyboard}
        return cls(**{**fields, **read})


@dataclass
class Chat:
    """One chat.

    Attributes:
        blocked: Whether the user blocked the bot, or the group removed it.
        migrated_to: The id of the supergroup it became, 0 if it did not.
        topics: Those of a forum, but for the general one, which has no thread.
        members: What people are in a group, as far as the bot met them.
    """

    id: int
    blocked: bool = False
    migrated_to: int = 0
    topics: set[int] = field(default_factory=set)
    messages: dict[int, Message] = field(default_factory=dict)
    members: dict[int, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """As the Bot API names it, told by the id."""
        if self.id > 0:
            return "private"
        return "supergroup" if self.id < _SUPERGROUPS else "group"

    def as_json(self) -> dict[str, Any]:
        """Return the Bot API's Chat."""
        if self.id > 0:
            named: dict[str, Any] = {"first_name": f"User {self.id}"}
        else:
            named = {"title": f"Group {self.id}"}
        if self.topics:
            named["is_forum"] = True
        return {"id": self.id, **named, "type": self.type}

    def message(self, number: int) -> Message:
        """Return a message that the chat shows.

        Raises:
            KeyError: It shows none of that id.
        """
        found = self.messages.get(number)
        if found is None or found.deleted:
            raise KeyError(f"chat {self.id} shows no message {number}")
        return found


class Chats:
    """All chats a bot can know. Not thread-safe."""

    def __init__(self, ids: Iterable[int]) -> None:
        """Begin with empty chats."""
        self._chats = {one: Chat(one) for one in ids}
        self._numbers = count(1)

    def __contains__(self, chat: int) -> bool:
        """Tell whether there is a chat of that id."""
        return chat in self._chats

    def add(self, chat: int) -> None:
        """Make an empty chat.

        Raises:
            ValueError: It exists already, or no chat has such an id.
        """
        if chat in self._chats or not chat:
            raise ValueError(f"chat {chat} exists already, or cannot exist")
        if len(self._chats) >= _MOST_CHATS:
            raise ValueError(f"the sandbox has {_MOST_CHATS:,} chats at most")
        self._chats[chat] = Chat(chat)

    def ids(self) -> list[int]:
        """Return the ids of all chats, in the order in which they were made."""
        return list(self._chats)

    def find(self, chat: int) -> Chat:
        """Return a chat, whatever became of it.

        Raises:
            KeyError: There is none of that id.
        """
        try:
            return self._chats[chat]
        except KeyError:
            raise KeyError(f"no chat has the id {chat}") from None

    def reach(self, chat: int) -> Chat:
        """Return a chat the bot may write to.

        Raises:
            ApiError: It may not: 400 or 403.
        """
        found = self._chats.get(chat)
        if found is None:
            raise bad_request("chat not found")
        if found.migrated_to:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=found.migrated_to,
            )
        if found.blocked and found.id > 0:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if found.blocked:
            raise ApiError(403, f"Forbidden: bot was kicked from the {found.type} chat")
        return found

    def migrate(self, chat: int) -> int:
        """Make a group a supergroup, and return its new id.

        Raises:
            KeyError: There is no such chat.
            ValueError: It is no group, or became a supergroup already.
        """
        old = self.find(chat)
        if old.type != "group" or old.migrated_to:
            raise ValueError(f"chat {chat} is not a group")
        old.migrated_to = _SUPERGROUPS + chat
        self.add(old.migrated_to)
        return old.migrated_to

    def post(self, chat: Chat, draft: Message) -> Message:
        """Show a new message, under an id of its own."""
        message = replace(draft, id=self.number())
        chat.messages[message.id] = message
        if len(chat.messages) > _MOST_MESSAGES:
            del chat.messages[next(iter(chat.messages))]
        return message

    def number(self) -> int:
        """Return the id of the next message."""
        return next(self._numbers)


def edited(chat: Chat, message: Message, new: Message) -> Message:
    """Show another content and other buttons in place of a message's own."""
    return _put(chat, replace(new, edits=message.edits + 1, edited=int(time.time())))


def deleted(chat: Chat, message: Message) -> Message:
    """Show a message no more; what it said is still told to tests."""
    return _put(chat, replace(message, deleted=True))


def _put(chat: Chat, message: Message) -> Message:
    chat.messages[message.id] = message
    return message
