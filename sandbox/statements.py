"""A bounded log of the statements that reached the servers, off until asked for.

It teaches the names of the statements of a load, which holds are then set on.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One statement as it reached a server, whether or not it succeeded."""

    server: str
    database: str
    client_pid: int
    text: str


class StatementLog:
    """The last statements of all servers. Thread-safe.

    Attributes:
        is_on: Whether statements are noted.
    """

    def __init__(self, size: int = 10_000) -> None:
        """Begin empty and off.

        Args:
            size: How many statements are kept; the oldest are dropped first.
        """
        self.is_on = False
        self._lock = threading.Lock()
        self._kept: deque[Statement] = deque(maxlen=size)

    def start(self) -> None:
        """Forget what was noted and begin to note."""
        with self._lock:
            self._kept.clear()
            self.is_on = True

    def stop(self) -> None:
        """Note no more; what was noted can still be read."""
        self.is_on = False

    def note(self, statement: Statement) -> None:
        """Keep one statement, if the log is on."""
        with self._lock:
            if self.is_on:
                self._kept.append(statement)

    def read(self) -> list[Statement]:
        """Return the statements noted, oldest first."""
        with self._lock:
            return list(self._kept)
