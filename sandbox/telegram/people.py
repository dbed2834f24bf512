"""What people do in the chats of a bot, and what the bot is told of it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sandbox.telegram.as_json import BOT_NAME, message_as_json, user_as_json
from sandbox.telegram.chats import Message, edited
from sandbox.telegram.entities import Entity, Formatted, units
from sandbox.telegram.limits import LONGEST_CAPTION, LONGEST_TEXT
from sandbox.telegram.members import as_status

if TYPE_CHECKING:
    from sandbox.telegram.chats import Chat, Chats, File
    from sandbox.telegram.updates import Updates

ANONYMOUS_ADMIN = 1087968824
"""The user whom Telegram names in place of an administrator that hides."""

CHANNEL_BOT = 136817688
"""The user whom it names where somebody writes in the name of a channel."""

_OWNER = 1001  # who removes the bot from groups, and makes them supergroups
_MOST_MEMBERS = 10_000
_COMMAND = re.compile(
    r"(?<![\w/<>])/([A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]{3,32}))?(?![\w/<>])"
)


@dataclass(frozen=True)
class Said:
    """What one person said.

    Attributes:
        message: Its id.
        update: The id of the update that tells the bot; 0 if it is not told.
    """

    message: int
    update: int


@dataclass(frozen=True)
class Saying:
    """How something is said.

    Attributes:
        text: What is written; with a document, its caption.
        thread: The topic, 0 for none.
        reply_to: The id of the message that is answered, 0 for none.
        edit: The id of the message that is written anew, 0 for a new one.
        forwarded_from: The user whose words are forwarded, 0 for own ones.
        as_chat: In whose name it is written: the group's for an administrator who
            hides, a channel's, or 0 for one's own.
        ago: How many seconds ago it was said.
        file: What is attached.
    """

    text: str
    thread: int = 0
    reply_to: int = 0
    edit: int = 0
    forwarded_from: int = 0
    as_chat: int = 0
    ago: float = 0
    file: File | None = None


class People:
    """Those who share chats with a bot. Not thread-safe.

    Attributes:
        privacy: Whether the bot is told only what is meant for it, in groups.
    """

    def __init__(self, bot: int, chats: Chats, updates: Updates) -> None:
        """Let them write there, and the bot be told by updates."""
        self.privacy = True
        self._bot = bot
        self._chats = chats
        self._updates = updates

    def say(self, chat: int, user: int, saying: Saying) -> Said:
        """Write a message.

        Raises:
            KeyError: There is no such group, topic or message.
            ValueError: Nobody could say that there.
        """
        place = self.enter(chat, user)
        shown = _shown(saying)
        if saying.edit:
            message = self._edit(place, user, saying.edit, shown)
        else:
            message = self._post(place, user, saying, shown)
        kind = "edited_message" if saying.edit else "message"
        update = 0
        if self._is_told(place, message):
            told = message_as_json(place, message, self._bot)
            update = self._updates.push(kind, told, ago=saying.ago)
        return Said(message.id, update)

    def enter(self, chat: int, user: int) -> Chat:
        """Return a chat in which a user does something.

        Raises:
            KeyError: There is no such group.
            ValueError: The user has no part in it.
        """
        if chat > 0 and chat != user:
            raise ValueError(f"user {user} has no part in the private chat {chat}")
        if chat > 0 and chat not in self._chats:
            self._chats.add(chat)  # whoever likes may write to a bot
        place = self._chats.find(chat)
        if place.migrated_to:
            raise ValueError(f"chat {chat} became {place.migrated_to}")
        if place.blocked and chat > 0:
            raise ValueError(f"user {user} blocked the bot")
        if chat < 0 and len(place.members) < _MOST_MEMBERS:
            place.members.setdefault(user, "member")
        return place

    def block(self, chat: int, *, blocked: bool) -> None:
        """Let a person block the bot, or a group remove it; or undo that.

        Raises:
            KeyError: There is no such chat.
        """
        place = self._chats.find(chat)
        if place.blocked == blocked:
            return
        place.blocked = blocked
        before, after = ("member", "kicked") if blocked else ("kicked", "member")
        change = {
            "chat": place.as_json(),
            "from": user_as_json(chat if chat > 0 else _OWNER),
            "date": int(time.time()),
            "old_chat_member": as_status(self._bot, before, self._bot),
            "new_chat_member": as_status(self._bot, after, self._bot),
        }
        self._updates.push("my_chat_member", change)

    def migrate(self, chat: int) -> int:
        """Make a group a supergroup, and return its new id.

        Raises:
            KeyError: There is no such chat.
            ValueError: It is no group, or became a supergroup already.
        """
        old = self._chats.find(chat)
        new = self._chats.find(self._chats.migrate(chat))
        new.members.update(old.members)
        for place, told in (
            (old, {"migrate_to_chat_id": new.id}),
            (new, {"migrate_from_chat_id": old.id}),
        ):
            number, now = self._chats.number(), int(time.time())
            draft = Message(number, place.id, now, "", sender=_OWNER)
            service = message_as_json(place, draft, self._bot)
            del service["text"]
            self._updates.push("message", {**service, **told})
        return new.id

    def _post(
        self, place: Chat, user: int, saying: Saying, shown: Formatted
    ) -> Message:
        if saying.thread and saying.thread not in place.topics:
            raise KeyError(f"chat {place.id} has no topic {saying.thread}")
        if saying.reply_to:
            place.message(saying.reply_to)
        draft = Message(
            0,
            place.id,
            int(time.time() - saying.ago),
            shown.text,
            shown.entities,
            reply_to=saying.reply_to,
            thread=saying.thread,
            file=saying.file,
            sender=_named(place, user, saying.as_chat),
            as_chat=saying.as_chat,
            forwarded_from=saying.forwarded_from,
        )
        return self._chats.post(place, draft)

    def _edit(self, place: Chat, user: int, number: int, shown: Formatted) -> Message:
        old = place.message(number)
        if old.sender != _named(place, user, old.as_chat):
            raise ValueError(f"message {number} is not user {user}'s")
        new = replace(old, text=shown.text, entities=shown.entities)
        return edited(place, old, new)

    def _is_told(self, place: Chat, message: Message) -> bool:
        if place.blocked:
            return False
        if place.id > 0 or not self.privacy:
            return True
        answered = place.messages.get(message.reply_to)
        if answered and not answered.sender:
            return True
        return any(self._is_meant(place, found) for found in _commands(message.text))

    def _is_meant(self, place: Chat, found: re.Match[str]) -> bool:
        """Tell whether a command is for this bot: by its name, or as the last to write.

        There is one bot here, so it is the last of them once it wrote anything.
        """
        if found[2]:
            return found[2].lower() == BOT_NAME
        return any(not one.sender for one in place.messages.values())


def _named(place: Chat, user: int, as_chat: int) -> int:
    if not as_chat:
        return user
    return ANONYMOUS_ADMIN if as_chat == place.id else CHANNEL_BOT


def _commands(text: str) -> list[re.Match[str]]:
    return list(_COMMAND.finditer(text))


def _shown(saying: Saying) -> Formatted:
    text = saying.text.strip()
    longest = LONGEST_CAPTION if saying.file else LONGEST_TEXT
    if not text and not saying.file:
        raise ValueError("an empty message cannot be sent")
    if units(text) > longest:
        raise ValueError(f"a text has {longest:,} UTF-16 units at most")
    entities = [
        Entity("bot_command", units(text[: one.start()]), units(one[0]))
        for one in _commands(text)
    ]
    return Formatted(text, tuple(entities))
