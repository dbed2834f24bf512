"""How late the event loop is, and who keeps it waiting.

A timer in the loop tells how late it fires. A thread beside the loop looks whether the
timer is overdue, and at what the loop is doing meanwhile: only while the loop stands
still can it be seen what holds it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from asyncio.events import Handle
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import CodeType, FrameType

from pipelines.bot.monitoring.histogram import Histogram

logger = logging.getLogger(__name__)

PERIOD = 0.05
"""Seconds between two looks at the time."""

BLOCKED = 0.2
"""Seconds of lag from which on it is told, when it is over, whose doing it was."""

HELD_UP = 1.0
"""Seconds of lag from which on that is told before it is over."""

LOOK = BLOCKED / 2
"""Seconds of lag from which on it is looked."""

UNSEEN = "nobody has seen why, so perhaps what let no other thread run"

SCHEDULING = Path("/proc/thread-self/schedstat")
"""Where Linux tells how long a thread has waited for a processor (see proc(5))."""

OURS = "pipelines"

BOUNDS = (
    *(0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04),
    *(0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10),
)

_RUN: CodeType = Handle._run.__code__  # noqa: SLF001 - by which the loop runs anything


class LoopLag:
    """Measures how late the loop is, from `async with` to its end.

    Attributes:
        histogram: How late it was.
        own: The same, less the time for which it waited for a processor: that is the
            machine's doing.
    """

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self.histogram, self.own = Histogram(BOUNDS), Histogram(BOUNDS)
        self._due = 0.0
        self._seen, self._is_told = UNSEEN, False
        self._ended = threading.Event()

    @asynccontextmanager
    async def measured(self) -> AsyncIterator[None]:
        """Measure the loop in which this is entered."""
        self._due = time.monotonic() + PERIOD
        self._ended.clear()
        probe = asyncio.create_task(self._probe(), name="loop lag")
        watched = (asyncio.get_running_loop(), threading.get_ident())
        watch = threading.Thread(
            target=self._watch, args=watched, name="loop-lag", daemon=True
        )
        watch.start()
        try:
            yield
        finally:
            self._ended.set()
            probe.cancel()
            await asyncio.to_thread(watch.join)

    async def _probe(self) -> None:
        """Look at the time again and again: whatever holds the loop makes that late."""
        while True:
            self._due, waited = time.monotonic() + PERIOD, _waited()
            await asyncio.sleep(PERIOD)
            lag = max(0.0, time.monotonic() - self._due)
            own = max(0.0, lag - (_waited() - waited))
            self.histogram.add(lag)
            self.own.add(own)
            if own >= BLOCKED:
                logger.warning("the loop stood still for %.2f s: %s", lag, self._seen)
            self._seen, self._is_told = UNSEEN, False

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        """In a thread: see who holds the loop, and tell once if that goes on."""
        while not self._ended.wait(PERIOD):
            overdue = time.monotonic() - self._due
            if overdue < LOOK:
                continue
            frame = sys._current_frames().get(thread)  # noqa: SLF001 - no other way
            found = culprit(loop, frame)
            if not found or time.monotonic() - self._due < overdue:
                continue  # it runs nothing, or goes on meanwhile
            self._seen = found
            if overdue >= HELD_UP and not self._is_told:
                self._is_told = True
                logger.warning("the loop is held up: %s", found)


def _waited() -> float:
    """Seconds for which this thread has waited for a processor; 0 if nobody tells."""
    try:
        return int(SCHEDULING.read_bytes().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def culprit(loop: asyncio.AbstractEventLoop, frame: FrameType | None) -> str:
    """What a loop is doing: the task's name, and where in our code that is.

    Args:
        loop: The loop.
        frame: Where its thread is now.

    Returns:
        Nothing if it does not run anything, so that no handler is to blame.
    """
    called = []
    while frame is not None and frame.f_code is not _RUN:
        called.append(frame)
        frame = frame.f_back
    if frame is None or not called:
        return ""
    task = asyncio.current_task(loop)
    who = task.get_name() if task else "a callback"
    at = _telling(called)
    return f"{who} in {at.f_code.co_qualname}, {_module(at)}:{at.f_lineno}"


def _telling(called: Sequence[FrameType]) -> FrameType:
    """The innermost frame that is ours, or else no part of Python."""
    rooms = [_module(one).partition(".")[0] for one in called]
    for at, room in zip(called, rooms, strict=True):
        if room == OURS:
            return at
    for at, room in zip(called, rooms, strict=True):
        if room not in sys.stdlib_module_names:
            return at
    return called[0]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))
