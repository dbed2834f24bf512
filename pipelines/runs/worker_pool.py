"""Processes that do one task after the other, for as long as the run lasts.

Luigi forks one for each task, which then logs in everywhere anew. These keep their
connections. What they know of the run they have from their fork; what changes later
comes with each task.
"""

from __future__ import annotations

import pickle
import sys
import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from multiprocessing.util import Finalize
from queue import Empty
from typing import Any

from pipelines.runtime import die_with_parent, stopper
from pipelines.source import kept_sources
from pipelines.warehouse import kept_warehouses

IDLE = 60.0
"""Seconds without work after which a process hangs up everywhere."""

LAST_WORDS = 5.0
"""Most seconds for the end of a process that has hung up on the run."""

UNTOLD = 255
"""The exit code of a process that ended as if all were well, in the middle of a task:
0 would be no failure to Luigi, which would wait for ever."""

Work = Callable[[], object]
"""What a process does, and what comes of it: it travels pickled."""


class WorkerProcess:
    """One of them, as the run sees it."""

    def __init__(self, work: Work, others: Collection[Connection]) -> None:
        """Fork it.

        Args:
            work: What it does first.
            others: How the run reaches the others. It keeps none of that, or they would
                not notice when the run is gone.
        """
        self.link, theirs = get_context("fork").Pipe()
        inherited = [self.link, *others]
        self._process = ForkProcess(target=_serve, args=(theirs, work, inherited))
        self._process.start()
        theirs.close()

    def is_alive(self) -> bool:
        """Whether it has not ended, or its last words were not read yet."""
        if self._process.is_alive():
            return True
        return not self.link.closed and self.link.poll()

    @property
    def exitcode(self) -> int | None:
        """How it ended, which is never well: it did so in the middle of a task."""
        code = self._process.exitcode
        return code if code is None else code or UNTOLD

    def terminate(self) -> None:
        """Have it end in order, or else in time; what it still says is not heard."""
        self._process.terminate()
        self.link.close()
        self.end_within(stopper().left(stopper().grace))

    def close(self) -> None:
        """See to its end: it has nothing to do, or has hung up."""
        self.link.close()
        self.end_within(LAST_WORDS)

    def tell_to_end(self) -> None:
        """Have it end because it has nothing to do, without waiting for it.

        It may not see that the link is closed: what Luigi has forked has it, too.
        """
        self.link.close()
        self._process.terminate()

    def end_within(self, seconds: float) -> None:
        """Wait for its end, or else kill it."""
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(LAST_WORDS)


class WorkerPool:
    """Those of a run.

    To Luigi's worker they are the queue that results come from.
    """

    def __init__(self) -> None:
        """Have none yet."""
        self._run: object = None
        self._idle: list[WorkerProcess] = []
        self._busy: dict[Any, WorkerProcess] = {}
        self._results: deque[object] = deque()

    def begin_run(self, settings: object) -> None:
        """Let go of those that know of another run's settings."""
        if self._run is None:
            # Before multiprocessing waits for its children at the end of this process.
            Finalize(None, self.end, exitpriority=10)
        elif self._run is not settings:
            self.end()
        self._run = settings

    def begin(self, work: Work) -> WorkerProcess:
        """Have a process do something; what comes of it is had by `get`."""
        process = self._of_idle(work) or self._fork(work)
        self._busy[process.link] = process
        return process

    def _of_idle(self, work: Work) -> WorkerProcess | None:
        """One that had nothing to do, and lives; None if what it does cannot travel.

        Then one ends, in whose place another is forked, which has the work by that.
        """
        try:
            pickled = pickle.dumps(work) if self._idle else b""
        except Exception:  # noqa: BLE001 - what people's tasks hold may raise anything
            self._idle.pop().close()
            return None
        while self._idle:
            process = self._idle.pop()
            try:
                process.link.send_bytes(pickled)
            except OSError:
                process.close()
            else:
                return process
        return None

    def _fork(self, work: Work) -> WorkerProcess:
        others = [one.link for one in (*self._idle, *self._busy.values())]
        return WorkerProcess(work, others)

    def put(self, result: object) -> None:
        """Add what came of something in this process."""
        self._results.append(result)

    def get(self, timeout: float | None = None) -> object:
        """What came of something.

        Args:
            timeout: Most seconds to wait for it.

        Raises:
            Empty: Nothing has come; or a process has ended instead, and Luigi looks for
                those before it asks again.
        """
        for link in [link for link in self._busy if link.closed]:
            del self._busy[link]  # it was terminated
        if self._results:
            return self._results.popleft()
        for link in wait(list(self._busy), timeout):
            process = self._busy.pop(link)
            with suppress(EOFError, OSError):
                result = process.link.recv()
                self._idle.append(process)
                return result
            process.close()
        raise Empty

    def close(self) -> None:
        """Nothing: they live on, for the next of Luigi's workers."""

    def end(self) -> None:
        """Let those that have nothing to do end."""
        ending, self._idle[:] = self._idle[:], []
        for process in ending:
            process.tell_to_end()
        end = time.monotonic() + LAST_WORDS
        for process in ending:
            process.end_within(max(0.0, end - time.monotonic()))


@cache
def worker_pool() -> WorkerPool:
    """Those of this process."""
    return WorkerPool()


def _serve(run: Connection, work: Work, inherited: Collection[Connection]) -> None:
    """Do what the run says, until it has no more to say."""
    die_with_parent()
    for link in inherited:
        link.close()
    kept = kept_sources(), kept_warehouses()
    with suppress(EOFError, ConnectionError):
        while True:
            result = work()
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            run.send(result)
            del work, result
            for connections in kept:
                connections.close_expired()
            if not run.poll(IDLE):
                for connections in kept:
                    connections.close()
            work = pickle.loads(run.recv_bytes())  # noqa: S301 - our parent's own
