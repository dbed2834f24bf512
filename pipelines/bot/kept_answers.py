"""An answer as the inbox keeps it until it is sent: what, and where."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.bot.messages import Reply, read_reply, write_reply
from pipelines.bot.telegram.targets import Target


@dataclass(frozen=True)
class KeptAnswer:
    """What is to be sent.

    Attributes:
        reply: What is answered; None if there is nothing to say.
        target: Where.
    """

    reply: Reply | None
    target: Target

    def as_json(self) -> dict[str, Any]:
        """What `of_json` reads."""
        reply = write_reply(self.reply) if self.reply else None
        return {"target": asdict(self.target), "reply": reply}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> KeptAnswer:
        """The answer that was kept."""
        reply = read_reply(told["reply"]) if told["reply"] else None
        return cls(reply, Target(**told["target"]))

    @property
    def octets(self) -> int:
        """How many the files of the answer have."""
        return sum(len(one.content) for one in self.reply.files) if self.reply else 0


MOST_UNSENT = 64 * 1024 * 1024
"""Octets of the files of all answers that wait in memory."""

MOST_ANSWERS = 1_000


class Unsent:
    """Answers that Telegram did not take yet, while the bot lives.

    The inbox has them, too, but for those that are too large for it.
    """

    def __init__(self) -> None:
        """There are none."""
        self._answers: OrderedDict[int, KeptAnswer] = OrderedDict()

    def put(self, number: int, answer: KeptAnswer) -> None:
        """Keep an answer; the oldest go where that is too much."""
        self._answers[number] = answer
        while len(self._answers) > MOST_ANSWERS or self._octets() > MOST_UNSENT:
            self._answers.popitem(last=False)

    def take(self, number: int) -> KeptAnswer | None:
        """The answer to an update, if it is here; it is not any more then."""
        return self._answers.pop(number, None)

    def _octets(self) -> int:
        return sum(one.octets for one in self._answers.values())
