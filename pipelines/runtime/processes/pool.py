"""A few processes, started beforehand, for work that would keep this one busy.

Python's threads take turns: pictures, spreadsheets and pandas in a thread keep an event
loop waiting again and again. Each process has a thread of its own here, which starts
it, hands it one call after the other, and puts another in its place when it has died or
was killed. So what kills one process costs one call.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Lock, Thread
from types import TracebackType
from typing import Any, Self, TypeVar, TypeVarTuple

from pipelines.errors import ShardlineError
from pipelines.runtime.processes.child import Child
from pipelines.runtime.processes.errors import (
    BusyPoolError,
    ClosedPoolError,
    DeadProcessError,
    LateCallError,
)
from pipelines.runtime.processes.messages import Outcome

logger = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MIB = 1 << 20

START = 60.0
"""Most seconds that a process has to import what calls need."""

LOOK = 0.5
"""Seconds between two looks whether a process without work lives still."""

LONGEST_PAUSE = 30.0
"""Most seconds between two attempts at starting a process that does not get ready."""

END = 10.0
"""Most seconds for the end of all processes."""


@dataclass(frozen=True)
class PoolFigures:
    """How a pool is.

    Attributes:
        waiting: How many calls no process has got yet.
        busy: How many processes have one.
        restarts: How many processes others have been put in the place of.
    """

    waiting: int
    busy: int
    restarts: int


@dataclass(frozen=True, eq=False)
class _Call:
    pickled: bytes
    deadline: float
    result: Future[Any] = field(default_factory=Future)

    def left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def end(self, outcome: Outcome) -> None:
        if outcome.error is not None:
            self.result.set_exception(outcome.error)
        else:
            self.result.set_result(outcome.value)

    def refuse(self) -> None:
        """End it, since the pool is closed, if anybody waits for it still."""
        if self.result.set_running_or_notify_cancel():
            self.result.set_exception(_closed())


class ProcessPool:
    """Processes that do what they are called for. Thread-safe."""

    def __init__(
        self,
        processes: int = 1,
        warm: Sequence[str] = (),
        *,
        most_waiting: int = 16,
        most_octets: int = 32 * MIB,
    ) -> None:
        """Start them, without waiting until they are ready.

        Args:
            processes: How many.
            warm: Modules that they import beforehand, if there are such.
            most_waiting: How many calls may wait for a process.
            most_octets: Of what a call returns, pickled.
        """
        self._modules, self._most_octets = tuple(warm), most_octets
        self._most_waiting = most_waiting
        self._waiting: deque[_Call] = deque()
        self._closing = Event()
        self._lock = Lock()
        self._come = Condition(self._lock)
        self._children: set[Child] = set()
        self._busy = self._restarts = 0
        self._threads = [
            Thread(target=self._keep_one, name=f"process-pool-{number}", daemon=True)
            for number in range(processes)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        """Nothing more."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them."""
        self.close()

    def call(
        self, function: Callable[[*Ts], T], *arguments: *Ts, seconds: float = 60
    ) -> T:
        """What a function returns that one of the processes calls.

        Args:
            function: One of a module's own, which can be found there by its name.
            arguments: What it is called with; they and what it returns are pickled.
            seconds: How long that may take, with the wait for a process.

        Raises:
            BusyPoolError: Too many wait already, or no process was free in time.
            LateCallError: It took too long.
            DeadProcessError: Its process has died.
            ClosedPoolError: The pool is closed.
            ShardlineError: The function raised it, or failed otherwise.
        """
        pickled = pickle.dumps((function, arguments))
        call = _Call(pickled, time.monotonic() + seconds)
        self._add(call)
        try:
            result: T = call.result.result(seconds)
        except TimeoutError:
            if self._give_up(call):
                raise _busy(f"busy: not begun within {seconds:g} seconds") from None
            result = call.result.result()  # its thread is about to end it
        return result

    def figures(self) -> PoolFigures:
        """How the pool is now."""
        with self._lock:
            return PoolFigures(len(self._waiting), self._busy, self._restarts)

    def close(self) -> None:
        """End all processes, whatever they do."""
        with self._lock:
            self._closing.set()
            self._come.notify_all()
            waiting, children = list(self._waiting), list(self._children)
            self._waiting.clear()
        for call in waiting:
            call.refuse()
        for child in children:
            child.kill()
        deadline = time.monotonic() + END
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _add(self, call: _Call) -> None:
        with self._lock:
            if self._closing.is_set():
                raise _closed()
            if len(self._waiting) >= self._most_waiting:
                raise _busy(f"busy: {self._most_waiting:,} wait for it already")
            self._waiting.append(call)
            self._come.notify()

    def _give_up(self, call: _Call) -> bool:
        """Let a call wait no longer; False if it was begun."""
        with self._lock, suppress(ValueError):
            self._waiting.remove(call)
        return call.result.cancel()

    def _keep_one(self) -> None:
        """Have a process and give it calls; another when it is gone."""
        call: _Call | None = None
        pause = LOOK
        while (child := self._start()) is not None:
            try:
                child.get_ready(START)
                pause = LOOK
                call = self._give_calls(child, call)
            except EOFError:
                self._tell_unready(child)
                self._closing.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            finally:
                self._forget(child)
        if call is not None:
            call.refuse()

    def _start(self) -> Child | None:
        """A process; None if the pool is closed."""
        while True:
            with self._lock:
                if self._closing.is_set():
                    return None
                try:
                    child = Child(self._modules, self._most_octets)
                except OSError as error:
                    logger.warning("no process for slow work can be started: %s", error)
                else:
                    self._children.add(child)
                    return child
            self._closing.wait(LONGEST_PAUSE)

    def _forget(self, child: Child) -> None:
        child.end()
        with self._lock:
            self._children.discard(child)
            self._restarts += not self._closing.is_set()

    def _tell_unready(self, child: Child) -> None:
        child.end()
        if not self._closing.is_set():
            why = "a process for slow work has ended before it was ready (%s)"
            logger.warning(why, child.exit_code)

    def _give_calls(self, child: Child, call: _Call | None) -> _Call | None:
        """Give a process calls until it is gone.

        Args:
            child: The process.
            call: The first, if another process was gone before it had that.

        Returns:
            The call that it was gone before it had, which is another's then.
        """
        while call := call or self._next(child):
            if not call.left():
                call = None  # whoever waited has given up
                continue
            try:
                child.begin(call.pickled, call.left())
            except EOFError:
                return call
            if not call.result.set_running_or_notify_cancel():
                break  # as just now
            try:
                self._finish(child, call)
            except EOFError:
                call.result.set_exception(self._why_gone(child, call))
                break
            call = None
        return None

    def _next(self, child: Child) -> _Call | None:
        """The next call; None if the process is gone."""
        with self._lock:
            while child.exit_code is None and not self._closing.is_set():
                if self._waiting:
                    return self._waiting.popleft()
                self._come.wait(LOOK)
        return None

    def _finish(self, child: Child, call: _Call) -> None:
        with self._lock:
            self._busy += 1
        try:
            outcome = child.finish(call.left())
        finally:
            with self._lock:
                self._busy -= 1
        for record in outcome.records:
            logging.getLogger(record.name).handle(record)
        call.end(outcome)

    def _why_gone(self, child: Child, call: _Call) -> ShardlineError:
        if self._closing.is_set():
            return _closed()
        if not call.left():
            return LateCallError("it took too long", step="ask for less, or later")
        child.end()
        return DeadProcessError(
            f"the process that did it was ended ({child.exit_code}), perhaps for its"
            " memory",
            step="ask for less, or try again",
        )


def _busy(why: str) -> BusyPoolError:
    return BusyPoolError(why, step="try again in a minute")


def _closed() -> ClosedPoolError:
    return ClosedPoolError("this is being stopped", step="try again in a minute")
