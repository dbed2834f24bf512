"""An answer as the inbox keeps it until it is sent: what, and where."""

from __future__ import annotations

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
