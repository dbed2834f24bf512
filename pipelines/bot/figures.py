"""How much the bot has done, counted."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from threading import Lock


class Event(StrEnum):
    """What is counted."""

    ACCEPTED = "accepted"
    ANSWERED = "answered"
    REFUSED = "refused"
    FLOODED = "flooded"
    DEFECT = "defect"
    SENT = "sent"
    PUT_OFF = "put_off"
    """An answer that Telegram did not take yet."""


class Figures:
    """Counts what happens, from any thread."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self._counts: Counter[Event] = Counter()
        self._lock = Lock()

    def count(self, event: Event, times: int = 1) -> None:
        """Count something that has happened."""
        with self._lock:
            self._counts[event] += times

    def counts(self) -> dict[Event, int]:
        """How often each has happened."""
        with self._lock:
            return {event: self._counts[event] for event in Event}
