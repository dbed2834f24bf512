"""What Telegram's chats show of an incident: the text of its receipt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, TypeAdapter, ValidationError

from pipelines.alerts.channel import Receipt


class Message(BaseModel):
    """One message.

    Attributes:
        id: Telegram's, unique in its chat.
        digest: What it shows.
        has_buttons: Whether something can be pressed below it.
    """

    id: int
    digest: str
    has_buttons: bool = False


class Shown(BaseModel):
    """What one chat shows of an incident.

    Attributes:
        chat: Where it is now: another chat than was configured if that has moved.
        incident: The messages of the incident, in order.
        recovery: Those of its recovery.
        attached: Whether its file is there.
        showing: The `showing` of the notice that these messages are of.
    """

    chat: str
    incident: list[Message] = []
    recovery: list[Message] = []
    attached: bool = False
    showing: int = 0

    def move(self, chat: str) -> None:
        """Begin anew in another chat, where the ids mean other messages."""
        self.chat = chat
        self.incident, self.recovery, self.attached = [], [], False

    def begin(self, message: Message, showing: int) -> None:
        """Go on with a new message of the incident; older ones are left as they are."""
        self.incident, self.attached, self.showing = [message], False, showing


def split_topic(place: str) -> tuple[str, str]:
    """The chat of ``CHAT`` or ``CHAT/TOPIC``, and the topic's number or ""."""
    chat, _, topic = place.partition("/")
    return chat, topic


_by_chat = TypeAdapter(dict[str, Shown])


def read_receipt(receipt: Receipt | None, chats: Iterable[str]) -> dict[str, Shown]:
    """What each of the configured chats shows, also one whose id was corrected."""
    try:
        known = _by_chat.validate_json(receipt.reference if receipt else "{}")
    except ValidationError:
        known = {}  # It is not ours. Better told twice than never.
    known = {**{shown.chat: shown for shown in known.values()}, **known}
    return {chat: known.get(chat) or Shown(chat=split_topic(chat)[0]) for chat in chats}


def write_receipt(shown: Mapping[str, Shown]) -> Receipt:
    """The receipt that `read_receipt` reads."""
    return Receipt(_by_chat.dump_json(dict(shown)).decode())
