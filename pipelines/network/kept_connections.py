"""Connections that a process keeps from one use to the next."""

from __future__ import annotations

import math
import os
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from multiprocessing.util import Finalize
from threading import RLock
from typing import Generic, Protocol, TypeVar

IDLE = 60.0
"""Seconds after which nobody trusts a connection: what is between may have dropped it
without a word."""


class Closable(Protocol):
    """What can be kept."""

    def close(self) -> None:
        """Hang up. Never raises."""


C = TypeVar("C", bound=Closable)

_Idle = defaultdict[Hashable, list[tuple[float, C]]]
"""By where it leads: since when nobody uses it, and the connection."""


class KeptConnections(Generic[C]):
    """Connections that nobody uses now, by what they lead to.

    There are as many as were in use at a time. What a parent left to a forked child is
    the parent's: it is neither used there nor closed, since a good-bye on it would end
    the parent's session.
    """

    def __init__(self) -> None:
        """Keep none yet."""
        self._of_parents: list[object] = []
        self._begin()

    def take(self, key: Hashable) -> C | None:
        """One that leads there, and is the caller's from now on; the youngest."""
        self.close_expired()
        with self._mine() as idle:
            return idle[key].pop()[1] if idle[key] else None

    def keep(self, key: Hashable, connection: C) -> None:
        """Keep one: nobody uses it, and nothing is left open on it."""
        with self._mine() as idle:
            idle[key].append((time.monotonic(), connection))

    def close_expired(self) -> None:
        """Hang up those that nobody has used for `IDLE` seconds."""
        with self._mine() as idle:
            self._close(idle, before=time.monotonic() - IDLE)

    def close(self) -> None:
        """Hang up all."""
        with self._mine() as idle:
            self._close(idle, before=math.inf)

    @contextmanager
    def _mine(self) -> Iterator[_Idle[C]]:
        if self._process != os.getpid():
            self._of_parents.append(self._idle)
            self._begin()
        with self._lock:
            yield self._idle

    def _begin(self) -> None:
        self._lock = RLock()  # a signal may leave it held
        self._idle: _Idle[C] = defaultdict(list)
        self._process = os.getpid()
        # At the end of this process: a child that is forked by multiprocessing has such
        # an end, too, but runs nothing of atexit.
        Finalize(None, self.close, exitpriority=1)

    def _close(self, idle: _Idle[C], before: float) -> None:
        for connections in idle.values():
            while connections and connections[0][0] < before:
                connections.pop(0)[1].close()
