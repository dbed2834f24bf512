"""Calls that come at their time, from one thread of this process.

A thread for each would cost a small load more than to ask its server.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Condition, RLock, Thread

Ring = Callable[[], float]
"""Does something at once, and tells after how many seconds to do it again."""


@dataclass(eq=False)
class _Alarm:
    at: float
    ring: Ring


class Alarms:
    """Those that are set now."""

    def __init__(self) -> None:
        """Set none, and begin to wait for them."""
        self.process = os.getpid()
        self._set: set[_Alarm] = set()
        # Entered itself, and not by way of the condition: that is written in Python, so
        # a signal could leave it held.
        self._lock = RLock()
        self._changed = Condition(self._lock)
        self._wakes = math.inf
        Thread(target=self._wait, daemon=True).start()

    @contextmanager
    def ringing(self, seconds: float, ring: Ring) -> Iterator[None]:
        """Have `ring` called from another thread if a block takes longer.

        When the block has ended, it is not called any more and does not go on.

        Args:
            seconds: How long the block may take.
            ring: Waits for nothing, or all others would be late; raises nothing.
        """
        alarm = _Alarm(time.monotonic() + seconds, ring)
        try:
            with self._lock:
                self._set.add(alarm)
                if alarm.at < self._wakes:
                    self._changed.notify()
            yield
        finally:
            with self._lock:
                self._set.discard(alarm)

    def _wait(self) -> None:
        with self._lock:
            while True:
                for alarm in self._set:
                    if alarm.at <= time.monotonic():
                        alarm.at = time.monotonic() + alarm.ring()
                self._wakes = min((alarm.at for alarm in self._set), default=math.inf)
                idle = self._wakes == math.inf
                left = None if idle else max(0.0, self._wakes - time.monotonic())
                self._changed.wait(left)


def alarms() -> Alarms:
    """Those of this process: a forked child has none of its parent's threads."""
    found = _alarms()
    if found.process != os.getpid():
        _alarms.cache_clear()
        found = _alarms()
    return found


@cache
def _alarms() -> Alarms:
    return Alarms()
