"""Buttons that people press, and the bot's answers to that."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from sandbox.telegram.as_json import BOT_NAME, message_as_json, user_as_json
from sandbox.telegram.entities import units
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import LONGEST_DATA
from sandbox.telegram.method import Method

if TYPE_CHECKING:
    from sandbox.telegram.chats import Chat
    from sandbox.telegram.clock import Clock
    from sandbox.telegram.parameters import Parameters
    from sandbox.telegram.people import People
    from sandbox.telegram.updates import Updates

_LONGEST_ANSWER = 200  # UTF-16 units
_ANSWERED_WITHIN = 60.0  # seconds; Telegram does not publish its figure
_MOST_QUERIES = 10_000


@dataclass(frozen=True)
class Pressed:
    """One press of a button.

    Attributes:
        query: The id that the bot answers by.
        update: The id of the update that tells the bot; 0 if it is not told.
    """

    query: str
    update: int


@dataclass(frozen=True)
class Answer:
    """What the bot answered to a press.

    Attributes:
        text: What is shown, `""` for nothing.
        alert: Whether it must be closed by the person.
        url: What is opened.
    """

    text: str
    alert: bool = False
    url: str = ""


@dataclass
class _Query:
    until: float
    answer: Answer | None = None


class Presses:
    """The callback queries of one bot. Not thread-safe."""

    def __init__(
        self, bot: int, people: People, updates: Updates, clock: Clock
    ) -> None:
        """Begin with none."""
        self._bot = bot
        self._people = people
        self._updates = updates
        self._clock = clock
        self._numbers = count(1)
        self._queries: dict[str, _Query] = {}

    def methods(self) -> list[Method]:
        """Return the methods."""
        known = {"callback_query_id", "text", "show_alert", "url", "cache_time"}
        return [Method("answerCallbackQuery", self._answer, known)]

    def press(
        self,
        chat: int,
        user: int,
        message: int,
        data: str,
        *,
        inaccessible: bool,
        ago: float,
    ) -> Pressed:
        """Press a button, or say so: a client may name data that no button has.

        Args:
            chat: Where the message stands.
            user: Who presses.
            message: The bot's message.
            data: What the button holds.
            inaccessible: Whether the bot is told nothing of the message but its id.
            ago: How many seconds ago it was.

        Raises:
            KeyError: There is no such chat or message.
            ValueError: Nobody could press that.
        """
        if not 0 < len(data.encode()) <= LONGEST_DATA:
            raise ValueError(f"a button's data has 1 to {LONGEST_DATA} octets")
        place = self._people.enter(chat, user)
        query = str(next(self._numbers))
        told = {
            "id": query,
            "from": user_as_json(user),
            "message": self._message(place, message, inaccessible=inaccessible),
            "chat_instance": str(place.id),
            "data": data,
        }
        self._keep(query, _Query(self._clock.now() - ago + _ANSWERED_WITHIN))
        if place.blocked:
            return Pressed(query, 0)
        return Pressed(query, self._updates.push("callback_query", told, ago=ago))

    def answer(self, query: str) -> Answer | None:
        """Return what the bot answered, None if it did not yet.

        Raises:
            KeyError: There is no such query.
        """
        if query not in self._queries:
            raise KeyError(f"there is no query {query}")
        return self._queries[query].answer

    def _message(
        self, place: Chat, number: int, *, inaccessible: bool
    ) -> dict[str, Any]:
        message = place.messages.get(number)
        if inaccessible or (message and message.deleted):
            return {"chat": place.as_json(), "message_id": number, "date": 0}
        found = place.message(number)
        if found.sender:
            raise ValueError(f"message {number} is not the bot's")
        return message_as_json(place, found, self._bot)

    def _keep(self, name: str, query: _Query) -> None:
        self._queries[name] = query
        if len(self._queries) > _MOST_QUERIES:
            del self._queries[next(iter(self._queries))]

    def _answer(self, call: Parameters) -> bool:
        query = self._queries.get(call.text("callback_query_id"))
        if query is None or query.answer or query.until <= self._clock.now():
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        text, url = call.text("text"), call.text("url")
        if units(text) > _LONGEST_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        if url and not url.startswith(f"https://t.me/{BOT_NAME}?start="):
            raise bad_request("URL_INVALID")
        query.answer = Answer(text, call.flag("show_alert"), url)
        return True
