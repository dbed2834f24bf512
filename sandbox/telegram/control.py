"""The test's side of the sandbox's Telegram: what goes wrong, and what chats show."""

from __future__ import annotations

import base64
import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from sandbox.telegram.chats import Message
from sandbox.telegram.files import Document
from sandbox.telegram.menus import Command
from sandbox.telegram.people import Said, Saying
from sandbox.telegram.presses import Answer, Pressed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.control import Control
    from sandbox.threaded_server import Outage


Seen = TypeVar("Seen")

_LOOK = 0.2  # seconds; others may use the connection between


class TelegramControl:
    """Reach it as `Control.telegram`; every method raises ControlError as there."""

    def __init__(self, control: Control) -> None:
        """Ask through an open connection."""
        self._control = control

    def messages(self, chat: int) -> list[Message]:
        """Return what a chat shows and showed, oldest first."""
        shown = self._control.call("telegram.messages", chat=chat)
        return [Message.from_fields(one) for one in shown]

    def content(self, file: str) -> bytes:
        """Return the bytes of a file that was sent, by the id in `Message.file`."""
        return base64.b64decode(self._control.call("telegram.content", file=file))

    def wait(self, look: Callable[[], Seen], *, timeout: float = 20) -> Seen:
        """Look again after each call of the bot, until there is something to see.

        Args:
            look: Looks, such as `lambda: telegram.answer_to(pressed)`.
            timeout: Deadline in seconds.

        Raises:
            TimeoutError: There was nothing in time.
        """
        deadline = time.monotonic() + timeout
        calls = self._await_calls(-1, 0)
        while not (seen := look()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the bot did not do it in {timeout:g} s")
            calls = self._await_calls(calls, min(left, _LOOK))
        return seen

    def _await_calls(self, beyond: int, timeout: float) -> int:
        told = self._control.call("telegram.calls", beyond=beyond, timeout=timeout)
        return int(told)

    def answers(self) -> Counter[tuple[str, int]]:
        """Return how many calls there were, by method and answer code.

        The code is 0 where the connection was cut instead. Calls with a wrong token
        or of an unknown method are not counted.
        """
        told = self._control.call("telegram.answers")
        return Counter({(method, code): times for method, code, times in told})

    def add_chat(self, chat: int) -> None:
        """Make an empty chat: private with an id above 0, a group below."""
        self._control.call("telegram.add_chat", chat=chat)

    def add_topic(self, chat: int, topic: int) -> None:
        """Make a topic in a chat, which is a forum from then on."""
        self._control.call("telegram.add_topic", chat=chat, topic=topic)

    def say(  # noqa: PLR0913 - the fields of a Saying, named at the call
        self,
        chat: int,
        user: int,
        text: str,
        *,
        thread: int = 0,
        reply_to: int = 0,
        edit: int = 0,
        forwarded_from: int = 0,
        as_chat: int = 0,
        ago: float = 0,
        document: Document | None = None,
    ) -> Said:
        """Let a person write something in a chat.

        A private chat that is not there yet is made. See `Saying` for the arguments;
        of a document, the text is the caption.
        """
        saying = Saying(
            text,
            thread=thread,
            reply_to=reply_to,
            edit=edit,
            forwarded_from=forwarded_from,
            as_chat=as_chat,
            ago=ago,
        )
        how = asdict(saying)
        del how["file"]
        told = self._control.call(
            "telegram.say",
            chat=chat,
            user=user,
            how=how,
            document=asdict(document) if document else None,
        )
        return Said(**told)

    def press(
        self,
        chat: int,
        user: int,
        message: int,
        data: str,
        *,
        inaccessible: bool = False,
        ago: float = 0,
    ) -> Pressed:
        """Let a person press a button; see `sandbox.telegram.presses`."""
        told = self._control.call(
            "telegram.press",
            chat=chat,
            user=user,
            message=message,
            data=data,
            how={"inaccessible": inaccessible, "ago": ago},
        )
        return Pressed(**told)

    def answer_to(self, pressed: Pressed) -> Answer | None:
        """Return what the bot answered to a press, None if it did not yet."""
        told = self._control.call("telegram.query", query=pressed.query)
        return Answer(**told) if told else None

    def chats(self) -> list[int]:
        """Return the ids of all chats."""
        return list(self._control.call("telegram.chats"))

    def set_rich(self, *, rich: bool) -> None:
        """Let the server know rich messages, or be an older one; the former first."""
        self._control.call("telegram.set_rich", rich=rich)

    def set_status(self, chat: int, user: int, status: str) -> None:
        """Make a person creator, administrator or member of a group, left or kicked."""
        self._control.call("telegram.set_status", chat=chat, user=user, status=status)

    def menu(self, chat: int, user: int, *, language: str = "") -> list[Command]:
        """Return the commands that a person is offered in a chat."""
        told = self._control.call(
            "telegram.menu", chat=chat, user=user, language=language
        )
        return [Command(**one) for one in told]

    def set_privacy(self, *, privacy: bool) -> None:
        """Tell the bot only what is meant for it in groups, or all that is written."""
        self._control.call("telegram.set_privacy", privacy=privacy)

    def block(self, chat: int) -> None:
        """Let the user block the bot, or the group remove it."""
        self._control.call("telegram.block", chat=chat, blocked=True)

    def unblock(self, chat: int) -> None:
        """Let the bot write to a chat again."""
        self._control.call("telegram.block", chat=chat, blocked=False)

    def migrate(self, chat: int) -> int:
        """Make a group a supergroup, and return its new id."""
        return int(self._control.call("telegram.migrate", chat=chat))

    def fail(
        self,
        code: int,
        description: str = "",
        *,
        retry_after: int = 0,
        times: int = 1,
        method: str = "*",
    ) -> None:
        """Let the next calls fail, before anything is done.

        Args:
            code: The HTTP status.
            description: Its text; a usual one if it is empty.
            retry_after: Seconds, for a 429.
            times: How many calls.
            method: Of which method; a glob, in any case. A download is `file`.
        """
        self._control.call(
            "telegram.fail",
            code=code,
            description=description,
            retry_after=retry_after,
            times=times,
            method=method,
        )

    def slow(self, seconds: float, *, times: int = 1, method: str = "*") -> None:
        """Hold the next answers back, after all is done: the message is shown."""
        self._control.call("telegram.slow", seconds=seconds, times=times, method=method)

    def lose_answers(self, *, times: int = 1, method: str = "sendMessage") -> int:
        """Do the next calls and cut the connection in place of an answer.

        Returns:
            The id of the hold that does it, for `Control.wait`.
        """
        return self._control.hold(
            f"^{method} ", when="after", action="kill", server="telegram", times=times
        )

    def cut_downloads(self, *, times: int = 1) -> None:
        """Let the next downloads end in the middle of the file."""
        self._control.call("telegram.cut_downloads", times=times)

    def down(self, outage: Outage = "refuse") -> None:
        """Close all connections, and refuse new ones, or close them at once."""
        self._control.call("telegram.down", outage=outage)

    def up(self) -> None:
        """Serve again, on the same port."""
        self._control.call("telegram.up")

    def set_pace(self, pace: float) -> None:
        """Let the limits refill so many times faster than Telegram's."""
        self._control.call("telegram.set_pace", pace=pace)

    def advance(self, seconds: float) -> None:
        """Let time pass for the limits, and for all that grows old, at once."""
        self._control.call("telegram.advance", seconds=seconds)

    def reset(self) -> None:
        """Begin again: the first chats, empty; no faults; the limits' own pace."""
        self._control.call("telegram.reset")
