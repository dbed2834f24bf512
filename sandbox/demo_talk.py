"""What somebody on call says to the bot in the demo, and what it answers."""

from __future__ import annotations

import json
import shlex
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from pipelines.text import visible
from sandbox.demo_checks import DemoError
from sandbox.shown import show_message
from sandbox.talk import find_button
from sandbox.telegram.bot import DEFAULT_CHATS

if TYPE_CHECKING:
    from pipelines.text import Console
    from sandbox.product import Product, Run
    from sandbox.telegram.chats import Message
    from sandbox.telegram.control import TelegramControl

_PERSON = DEFAULT_CHATS[1]
_NAME = "Olga"
_AGREE = "Do it"
_DONE = "has succeeded"
_WAIT = 60.0  # seconds; the first answer waits for the bot's start, too


@dataclass(frozen=True)
class Talk:
    """A talk with the product's bot, in its own chat with one person.

    Attributes:
        console: Where it is shown.
        telegram: Where it is held.
        product: Whose bot it is.
    """

    console: Console
    telegram: TelegramControl
    product: Product

    def hold(self, shard: str, day: str, incident: int) -> None:
        """Ask about a day of an incident, and have what that lacks loaded.

        Raises:
            DemoError: Somebody did not do their part.
        """
        with ExitStack() as running:
            bot = running.enter_context(self.product.running("bot"))
            worker = running.enter_context(self.product.running("jobs", "work"))
            try:
                self._talk(shard, day, incident)
            except TimeoutError as error:
                told = f"{bot.output()}{worker.output()}".strip()
                raise DemoError(f"{error}; bot and worker say: {told}") from None

    def _talk(self, shard: str, day: str, incident: int) -> None:
        self._say(f"/start {self._invitation()}", shown="/start, and an invitation")
        self._say(f"/why {shlex.quote(shard)} {day} table=orders")
        self._say(f"/incidents_rerun {incident}")
        end = self._agree()
        if _DONE not in str(end.rich or end.text):
            raise DemoError("the job that was agreed to has not succeeded")

    def _invitation(self) -> str:
        """The code of an invitation, as an admin gets it from a shell."""
        words = ("people", "invite", _NAME, "--role", "operator", "--json")
        with self.product.running(*words) as child:
            _finish(child)
        if child.exit_code:
            raise DemoError(f"nobody could be invited: {child.output().strip()}")
        return str(json.loads(child.output())["code"])

    def _say(self, text: str, *, shown: str = "") -> None:
        """Write something; show that, and the answer."""
        before = len(self._answers())
        self._tell(f"{_NAME} writes {shown or text}")
        self.telegram.say(_PERSON, _PERSON, text)
        show_message(self.console, self._answer(before))

    def _agree(self) -> Message:
        """Press the plan's button; show how the job ends, and return that.

        Until then the job is told by edits of the plan's message.
        """
        before = len(self._answers())
        plan, button = find_button(self.telegram, _PERSON, _AGREE)
        self._tell(f"{_NAME} presses [ {button.text} ]")
        self.telegram.press(_PERSON, _PERSON, plan.id, button.data)
        with self.console.status("The job"):
            end = self._answer(before)
        show_message(self.console, end)
        return end

    def _answer(self, before: int) -> Message:
        """The message of the bot that comes after so many."""
        found = self.telegram.wait(lambda: self._answers()[before:], timeout=_WAIT)
        return found[0]

    def _answers(self) -> list[Message]:
        return [one for one in self.telegram.messages(_PERSON) if not one.sender]

    def _tell(self, text: str) -> None:
        self.console.print(Text(visible(text)))


def _finish(child: Run) -> None:
    """Wait for the end of a short command.

    Raises:
        TimeoutError: It does not come.
    """
    deadline = time.monotonic() + _WAIT
    while child.runs():
        if time.monotonic() > deadline:
            raise TimeoutError(f"an invitation was not there in {_WAIT:g} s")
