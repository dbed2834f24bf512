"""Where in Telegram a reply goes."""

from __future__ import annotations

from dataclasses import dataclass

GENERAL = 1
"""The topic of a forum that is addressed as if there were none."""


@dataclass(frozen=True)
class Target:
    """Where a reply goes.

    Attributes:
        chat: The chat's id: of a person it is the person's, of a group below 0.
        topic: The topic of a forum, if it is one's.
        asker: The id of the person who asked.
        message: What is replied to.
        pressed: The message whose button was pressed; None if nothing is known of it.
    """

    chat: int
    topic: int | None
    asker: int
    message: int | None = None
    pressed: int | None = None

    @property
    def is_group(self) -> bool:
        """Whether others than the asker read it too."""
        return self.chat < 0

    @property
    def thread(self) -> int | None:
        """The topic as the Bot API wants it named."""
        return None if self.topic == GENERAL else self.topic
