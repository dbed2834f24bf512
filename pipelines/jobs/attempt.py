"""One attempt at a job: its child is watched, and its outcome written."""

from __future__ import annotations

import itertools
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import Enum

from pipelines.errors import TransientError
from pipelines.jobs.child import Child
from pipelines.jobs.job import HELD, Job, JobState, Result
from pipelines.jobs.launcher import NOT_BEGUN
from pipelines.jobs.lease import KeptLease
from pipelines.jobs.queue import Heard, JobQueue
from pipelines.jobs.timing import Timing
from pipelines.runtime import ExitCode

logger = logging.getLogger(__name__)

TICK = 0.1
"""Seconds between two looks at what a child has to hear."""

LAST_TRIES = 3
"""How often a worker that is to end tries to write what has become of a job."""

MAY_PASS = {
    ExitCode.FAILED,
    ExitCode.NOT_SCHEDULED,
    ExitCode.UNHANDLED,
    128 + signal.SIGINT,
    128 + signal.SIGKILL,
    128 + signal.SIGTERM,
}
"""With which exit codes another attempt may succeed; so it may after any signal."""


class Cut(Enum):
    """Why an attempt does not come to its own end."""

    CANCELLED = "somebody wants the job to end"
    STOPPED = "the worker was told to end"
    UNRENEWED = "the lease could not be renewed"
    LOST = "the job is another worker's"


class Attempt:
    """An attempt at a job that was claimed."""

    def __init__(
        self, queue: JobQueue, job: Job, timing: Timing, stopped: threading.Event
    ) -> None:
        """Prepare it.

        Args:
            queue: Whose job it is.
            job: The job.
            timing: How long it waits for what.
            stopped: Set when the worker is to end.
        """
        self._queue, self._job, self._timing = queue, job, timing
        self._stopped = stopped

    def carry_out(self, command: Sequence[str], claimed: float) -> str:
        """Run the command to its end, or end it; what has become of the job, in a word.

        Args:
            command: The program; the job's words follow.
            claimed: When the job was asked for, by the monotonic clock.

        Raises:
            OSError: No process can be started now.
        """
        lease = KeptLease(self._queue, self._job, self._timing, claimed)
        wish = self._job.wish
        child = Child(
            [*command, *wish.words],
            begin_before=claimed + self._timing.kill_without_beat,
            job=None if wish.audit is None else self._job.number,
        )
        try:
            lease.keep(child)
            cut = self._watch(child, lease)
        finally:
            child.kill()
            lease.end()
        return self._conclude(cut, child.result())

    def _watch(self, child: Child, lease: KeptLease) -> Cut | None:
        """Wait for the child's end, and bring it about if something says so."""
        cut: Cut | None = None
        kill_at = float("inf")
        while not child.has_ended(TICK):
            if cut is None and (cut := self._cut(lease)):
                child.tell_to_end()
                kill_at = time.monotonic() + self._timing.grace
            is_late = lease.age >= self._timing.kill_without_beat
            if is_late or lease.heard is Heard.LOST or time.monotonic() >= kill_at:
                child.kill()
        return cut or self._cut(lease)

    def _cut(self, lease: KeptLease) -> Cut | None:
        if lease.heard is Heard.LOST:
            return Cut.LOST
        if lease.heard is Heard.CANCEL:
            return Cut.CANCELLED
        if lease.age >= self._timing.end_without_beat:
            return Cut.UNRENEWED
        return Cut.STOPPED if self._stopped.is_set() else None

    def _conclude(self, cut: Cut | None, result: Result) -> str:
        """Write what becomes of the job, as soon as the database takes it."""
        write, told = self._outcome(cut, result)
        for tries in itertools.count(1):
            try:
                return told if write() else "not this worker's any more"
            except TransientError as error:
                if tries == 1:
                    logger.warning("job %s, %s: %s", self._job.number, told, error)
            if self._stopped.is_set() and tries >= LAST_TRIES:
                break
            time.sleep(self._timing.poll)
        return "not written; it will be begun again"

    def _outcome(
        self, cut: Cut | None, result: Result
    ) -> tuple[Callable[[], bool], str]:
        code, job = result.exit_code, self._job
        if code == ExitCode.COMPLETE:
            return self._finish(JobState.SUCCEEDED, result)
        if code == NOT_BEGUN:
            cut = cut or Cut.UNRENEWED
        if cut is Cut.CANCELLED:
            return self._finish(JobState.CANCELLED, result)
        if cut is not None:
            return lambda: self._queue.put_back(job), f"put back: {cut.value}"
        if code in HELD and not self._has_waited():
            return self._wait(result)
        failures = job.failures + 1
        may_pass = code in MAY_PASS or (code is not None and code < 0)
        if not may_pass or failures >= job.wish.attempts:
            return self._finish(JobState.FAILED, result)
        pause = self._timing.pause(failures)
        return (
            lambda: self._queue.put_back(job, pause=pause, failed=result),
            f"exit code {code}, tried again in {pause:g} s",
        )

    def _has_waited(self) -> bool:
        """Whether it had waited as long as it may when it was begun."""
        first, begun = self._job.waiting_since, self._job.started
        if first is None or begun is None:
            return False
        return begun - first >= timedelta(seconds=self._timing.longest_wait)

    def _wait(self, result: Result) -> tuple[Callable[[], bool], str]:
        """Nothing has failed, so the pause does not get longer."""
        pause, code = self._timing.backoff, result.exit_code
        told = f"waits for {HELD[code]} (exit code {code}), tried again in {pause:g} s"
        return lambda: self._queue.put_back(self._job, pause=pause, waits=result), told

    def _finish(
        self, state: JobState, result: Result
    ) -> tuple[Callable[[], bool], str]:
        told = f"{state} (exit code {result.exit_code})"
        return lambda: self._queue.finish(self._job, state, result), told
