"""Connections that a process keeps from one use to the next."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Hashable
from multiprocessing.util import Finalize
from typing import Generic, Protocol, TypeVar

IDLE = 60.0
"""Seconds after which nobody trusts a connection: what is between may have dropped it
without a word."""


class Closable(Protocol):
    """What can be kept."""

    def close(self) -> None:
        """Hang up. Never raises."""


C = TypeVar("C", bound=Closable)


class KeptConnections(Generic[C]):
    """Connections that nobody uses now, by what they lead to.

    There are as many as were in use at a time. What a parent left to a forked child is
    the parent's: it is neither used there nor closed, since a good-bye on it would end
    the parent's session.
    """

    def __init__(self) -> None:
        """Keep none yet."""
        self._process = 0
        self._idle: defaultdict[Hashable, list[tuple[float, C]]]
        self._of_parents: list[object] = []

    def take(self, key: Hashable) -> C | None:
        """One that leads there, and is the caller's from now on; the youngest."""
        self._begin()
        self._close(before=time.monotonic() - IDLE)
        try:
            _, connection = self._idle[key].pop()
        except IndexError:
            return None
        return connection

    def keep(self, key: Hashable, connection: C) -> None:
        """Keep one: nobody uses it, and nothing is left open on it."""
        self._begin()
        self._idle[key].append((time.monotonic(), connection))

    def close(self) -> None:
        """Hang up all."""
        self._begin()
        self._close(before=float("inf"))

    def _begin(self) -> None:
        if self._process == os.getpid():
            return
        if self._process:
            self._of_parents.append(self._idle)
        self._process = os.getpid()
        self._idle = defaultdict(list)
        # At the end of this process; a forked child that is Luigi's has such an end,
        # too, but runs nothing of atexit.
        Finalize(None, self.close, exitpriority=1)

    def _close(self, before: float) -> None:
        for connections in list(self._idle.values()):
            while connections and connections[0][0] < before:
                connections.pop(0)[1].close()
