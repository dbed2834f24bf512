"""The chats of the sandbox's Telegram, and the messages they show."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from sandbox.telegram.entities import Entity, Formatted
from sandbox.telegram.errors import ApiError, bad_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FileKind = Literal["document", "photo"]

# Supergroups and channels have ids below this one.
_SUPERGROUPS = -1_000_000_000_000


@dataclass(frozen=True)
class File:
    """What a message has attached, but for its bytes.

    Attributes:
        size: In bytes.
    """

    id: str
    kind: FileKind
    name: str
    mime_type: str
    size: int


@dataclass(frozen=True)
class Message:
    """A message as its chat shows it.

    Attributes:
        date: Seconds since 1970.
        text: What is read; of a message with a file, its caption.
        edits: How many times it was edited.
        deleted: Whether the chat shows it no more.
        reply_to: The id of the message it answers, 0 for none.
        thread: The topic of a forum that it is in, 0 for none.
    """

    id: int
    chat: int
    date: int
    text: str
    entities: tuple[Entity, ...] = ()
    edits: int = 0
    deleted: bool = False
    reply_to: int = 0
    thread: int = 0
    file: File | None = None

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Message:
        """Make one of what `asdict` made of it."""
        entities = tuple(Entity(**one) for one in fields["entities"])
        file = File(**fields["file"]) if fields["file"] else None
        return cls(**{**fields, "entities": entities, "file": file})


@dataclass
class Chat:
    """One chat.

    Attributes:
        blocked: Whether the user blocked the bot, or the group removed it.
        migrated_to: The id of the supergroup it became, 0 if it did not.
        topics: Those of a forum, but for the general one, which has no thread.
    """

    id: int
    blocked: bool = False
    migrated_to: int = 0
    topics: set[int] = field(default_factory=set)
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """As the Bot API names it, told by the id."""
        if self.id > 0:
            return "private"
        return "supergroup" if self.id < _SUPERGROUPS else "group"

    def as_json(self) -> dict[str, Any]:
        """Return the Bot API's Chat."""
        named = {"first_name": "User"} if self.id > 0 else {"title": f"Group {self.id}"}
        return {"id": self.id, **named, "type": self.type}


class Chats:
    """All chats a bot can know. Not thread-safe."""

    def __init__(self, ids: Iterable[int]) -> None:
        """Begin with empty chats."""
        self._chats = {one: Chat(one) for one in ids}
        self._numbers = count(1)

    def add(self, chat: int) -> None:
        """Make an empty chat.

        Raises:
            ValueError: It exists already, or no chat has such an id.
        """
        if chat in self._chats or not chat:
            raise ValueError(f"chat {chat} exists already, or cannot exist")
        self._chats[chat] = Chat(chat)

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

    def post(
        self,
        chat: Chat,
        shown: Formatted,
        *,
        date: int,
        reply_to: int = 0,
        thread: int = 0,
        file: File | None = None,
    ) -> Message:
        """Show a new message."""
        message = Message(
            next(self._numbers),
            chat.id,
            date,
            shown.text,
            shown.entities,
            reply_to=reply_to,
            thread=thread,
            file=file,
        )
        chat.messages[message.id] = message
        return message


def edited(chat: Chat, message: Message, shown: Formatted) -> Message:
    """Show another text in place of a message's own."""
    return _put(
        chat,
        replace(
            message,
            text=shown.text,
            entities=shown.entities,
            edits=message.edits + 1,
        ),
    )


def deleted(chat: Chat, message: Message) -> Message:
    """Show a message no more; what it said is still told to tests."""
    return _put(chat, replace(message, deleted=True))


def _put(chat: Chat, message: Message) -> Message:
    chat.messages[message.id] = message
    return message
