"""One bot: who may call it, what goes wrong, and what tests see and set."""

from __future__ import annotations

import base64
import hmac
import json
import re
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sandbox.errors import SqlError
from sandbox.holds import ConnectionKilled
from sandbox.options import TOKEN
from sandbox.telegram.clock import Clock
from sandbox.telegram.errors import ApiError
from sandbox.telegram.faults import DOWNLOAD, Faults
from sandbox.telegram.files import Document
from sandbox.telegram.members import set_status
from sandbox.telegram.methods import Methods
from sandbox.telegram.people import Saying
from sandbox.telegram.updates import Updates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.control_server import Operation
    from sandbox.holds import Holds
    from sandbox.telegram.parameters import Parameters

DEFAULT_CHATS = (-1001, 1001)

_TOKEN = re.compile(r"\d+:[\w-]+")
_UNANSWERED = 0
_LONGEST_WAIT = 1.0  # seconds; who waits longer asks again


class TokenError(ValueError):
    """A token is not of the form that BotFather gives."""


@dataclass(frozen=True)
class Reply:
    """What goes back for one call.

    Attributes:
        code: The HTTP status.
        body: The answer as JSON.
        retry_after: Seconds for the header of that name, 0 for none.
    """

    code: int
    body: Mapping[str, Any]
    retry_after: int = 0

    @classmethod
    def of(cls, error: ApiError) -> Reply:
        """Say that a call failed."""
        return cls(error.code, error.as_json(), error.retry_after)


@dataclass(frozen=True)
class Download:
    """A file that goes back.

    Attributes:
        content: Its bytes.
        is_cut: Whether the connection ends in the middle of them.
    """

    content: bytes
    is_cut: bool = False


@dataclass(frozen=True)
class _Call:
    """What holds are told of a call: its chat stands for the database."""

    database: str
    server: str = "telegram"
    client_pid: int = 0


class Bot:
    """Answers calls, from any thread.

    Args:
        holds: Where tests hold calls: the statement is the method's name and its
            parameters as JSON, the database the chat's id.
        token: The only token that is let in.
        chats: The ids of the chats there are from the beginning.

    Raises:
        TokenError: The token is none.
    """

    def __init__(
        self,
        holds: Holds,
        *,
        token: str = TOKEN,
        chats: Sequence[int] = DEFAULT_CHATS,
    ) -> None:
        """Begin with empty chats."""
        if not _TOKEN.fullmatch(token):
            raise TokenError("a bot's token is a number, a colon and a secret")
        self._holds = holds
        self._token = token
        self._chats = tuple(chats)
        self._lock = threading.Lock()
        self._called = threading.Condition(self._lock)
        self._calls = 0
        self._faults = Faults()
        self._answers: Counter[tuple[str, int]] = Counter()
        self._clock = Clock()
        self._updates = Updates(self._lock, self._clock)
        self._methods = self._new_methods()

    def wake(self) -> None:
        """Hold no answer back any longer, so that connections can end."""
        self._faults.wake()

    def answer(
        self, token: str, method: str, read: Callable[[], Parameters]
    ) -> Reply | None:
        """Do one call.

        Args:
            token: As it stands in the path.
            method: As it stands there too.
            read: Reads the call's parameters, or raises ApiError.

        Returns:
            The answer; None to close the connection without one.
        """
        try:
            self._admit(token)
            name = self._methods.name(method)
        except ApiError as error:
            return Reply.of(error)
        reply = self._answer(name, read)
        with self._lock:
            self._answers[name, reply.code if reply else _UNANSWERED] += 1
        self._faults.hold_back(name)
        return reply

    def download(self, token: str, path: str) -> Download | Reply | None:
        """Send a file.

        Args:
            token: As it stands in the path.
            path: What follows it.

        Returns:
            The file, or why not; None to close the connection without an answer.
        """
        try:
            self._admit(token)
        except ApiError as error:
            return Reply.of(error)
        reply = self._download(path)
        code = reply.code if isinstance(reply, Reply) else 200
        with self._lock:
            self._answers[DOWNLOAD, code if reply else _UNANSWERED] += 1
        self._faults.hold_back(DOWNLOAD)
        return reply

    def _download(self, path: str) -> Download | Reply | None:
        try:
            if error := self._faults.error_for(DOWNLOAD):
                raise error
            said = f"{DOWNLOAD} {path}"
            with self._holds.guard(_Call(""), said), self._lock:
                content = self._methods.files.linked(path)
            return Download(content, is_cut=self._faults.is_cut())
        except (ConnectionKilled, SqlError, ApiError) as error:
            return _failed(error)

    def _admit(self, token: str) -> None:
        if not _TOKEN.fullmatch(token):
            raise ApiError(404, "Not Found")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise ApiError(401, "Unauthorized")

    def _answer(self, method: str, read: Callable[[], Parameters]) -> Reply | None:
        try:
            if error := self._faults.error_for(method):
                raise error
            call = read()
            facts = _Call(call.text("chat_id"))
            with self._holds.guard(facts, _statement(method, call)), self._lock:
                result = self._methods.run(method, call)
                self._calls += 1
                self._called.notify_all()
            return Reply(200, {"ok": True, "result": result})
        except (ConnectionKilled, SqlError, ApiError) as error:
            return _failed(error)

    def operations(self) -> dict[str, Operation]:
        """Return what the control channel can ask for, by name."""
        return {
            "fail": self._faults.fail,
            "cut_downloads": self._faults.cut_downloads,
            "slow": self._faults.slow,
            "block": self._block,
            "say": self._say,
            "press": self._press,
            "query": self._query,
            "chats": self._read_chats,
            "set_rich": self._set_rich,
            "set_status": self._set_status,
            "menu": self._menu,
            "calls": self._await_calls,
            "set_privacy": self._set_privacy,
            "migrate": self._migrate,
            "add_chat": self._add_chat,
            "add_topic": self._add_topic,
            "set_pace": self._set_pace,
            "advance": self._advance,
            "messages": self._messages,
            "content": self._content,
            "answers": self._read_answers,
            "reset": self._reset,
        }

    def _block(self, chat: int, *, blocked: bool) -> None:
        with self._lock:
            self._methods.people.block(chat, blocked=blocked)

    def _say(
        self,
        chat: int,
        user: int,
        how: Mapping[str, Any],
        document: Mapping[str, Any] | None,
    ) -> dict[str, int]:
        with self._lock:
            file = (
                self._methods.files.receive(Document(**document)) if document else None
            )
            saying = Saying(**how, file=file)
            return asdict(self._methods.people.say(chat, user, saying))

    def _press(
        self, chat: int, user: int, message: int, data: str, how: Mapping[str, Any]
    ) -> dict[str, Any]:
        with self._lock:
            press = self._methods.presses.press
            return asdict(press(chat, user, message, data, **how))

    def _query(self, query: str) -> dict[str, Any] | None:
        with self._lock:
            answer = self._methods.presses.answer(query)
            return asdict(answer) if answer else None

    def _read_chats(self) -> list[int]:
        with self._lock:
            return self._methods.chats.ids()

    def _set_rich(self, *, rich: bool) -> None:
        with self._lock:
            self._methods.rich = rich

    def _set_status(self, chat: int, user: int, status: str) -> None:
        with self._lock:
            set_status(self._methods.chats.find(chat), user, status)

    def _menu(self, chat: int, user: int, language: str) -> list[dict[str, str]]:
        with self._lock:
            place = self._methods.chats.find(chat)
            menu = self._methods.menus.shown(place, user, language)
            return [asdict(one) for one in menu]

    def _await_calls(self, beyond: int, timeout: float) -> int:
        """Return how many calls were done, once they are more than so many."""
        with self._called:
            timeout = min(timeout, _LONGEST_WAIT)
            self._called.wait_for(lambda: self._calls > beyond, timeout)
            return self._calls

    def _set_privacy(self, *, privacy: bool) -> None:
        with self._lock:
            self._methods.people.privacy = privacy

    def _migrate(self, chat: int) -> int:
        with self._lock:
            return self._methods.people.migrate(chat)

    def _add_chat(self, chat: int) -> None:
        with self._lock:
            self._methods.chats.add(chat)

    def _add_topic(self, chat: int, topic: int) -> None:
        with self._lock:
            self._methods.chats.find(chat).topics.add(topic)

    def _set_pace(self, pace: float) -> None:
        if pace <= 0:
            raise ValueError(f"a pace is more than 0, not {pace:g}")
        with self._lock:
            self._methods.limits.pace = pace

    def _advance(self, seconds: float) -> None:
        with self._lock:
            self._methods.limits.advance(seconds)
            self._clock.advance(seconds)

    def _messages(self, chat: int) -> list[dict[str, Any]]:
        with self._lock:
            shown = self._methods.chats.find(chat).messages.values()
            return [asdict(one) for one in shown]

    def _content(self, file: str) -> str:
        with self._lock:
            return base64.b64encode(self._methods.files.content(file)).decode()

    def _read_answers(self) -> list[tuple[str, int, int]]:
        with self._lock:
            return [(*key, times) for key, times in self._answers.items()]

    def _reset(self) -> None:
        self._faults.clear()
        with self._lock:
            self._answers.clear()
            self._updates.reset()
            self._methods = self._new_methods()

    def _new_methods(self) -> Methods:
        bot = int(self._token.partition(":")[0])
        return Methods(bot, self._chats, self._updates, self._clock)


def _failed(error: ConnectionKilled | SqlError | ApiError) -> Reply | None:
    """Return what is answered after an error; None to answer nothing."""
    if isinstance(error, ApiError):
        return Reply.of(error)
    if isinstance(error, SqlError):
        code = error.number if error.number in range(400, 600) else 500
        return Reply.of(ApiError(code, error.message))
    return None


def _statement(method: str, call: Parameters) -> str:
    said = {**call.values, **{name: up.name for name, up in call.uploads.items()}}
    return f"{method} {json.dumps(said, ensure_ascii=False)}"
