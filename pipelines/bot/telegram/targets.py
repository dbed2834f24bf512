"""Where in Telegram an answer goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """Where an answer goes.

    Attributes:
        chat: The chat's id: a person's if it is above 0.
        topic: The topic of a forum; None outside of one.
        asker: The id of whoever is answered, which is that of their private chat.
        message: The id of the message that is answered; None for a press.
        pressed: The id of the message whose button was pressed, if it may be changed.
    """

    chat: int
    topic: int | None
    asker: int
    message: int | None = None
    pressed: int | None = None
