"""Who works on jobs: some at a time, one after the other, until told to end."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from pipelines.errors import TransientError
from pipelines.jobs.attempt import Attempt
from pipelines.jobs.job import Job, JobState
from pipelines.jobs.queue import JobFilter, JobQueue
from pipelines.jobs.timing import Timing
from pipelines.runtime import print_line

logger = logging.getLogger(__name__)

OUR_COMMAND = (sys.executable, "-P", "-m", "pipelines")
"""The program that a job's words are for; it imports nothing from the folder."""


class Worker:
    """Claims jobs and carries them out.

    Each slot is a thread that lives as long as its children: the kernel kills a child
    whose starting thread has died.
    """

    def __init__(
        self,
        queue: JobQueue,
        timing: Timing,
        limits: Mapping[str, int],
        stopped: threading.Event,
        command: Sequence[str] = OUR_COMMAND,
    ) -> None:
        """Prepare to work.

        Args:
            queue: Where jobs are.
            timing: How long it waits for what.
            limits: How many jobs at a time may keep a server busy, by its name.
            stopped: When set, children are ended in order and their jobs put back.
            command: The program that a job's words are for.
        """
        self._queue, self._timing, self._limits = queue, timing, limits
        self._stopped, self._command = stopped, command
        self._errors: list[Exception] = []

    def work(self, slots: int, *, once: bool = False, drain: bool = False) -> None:
        """Work until told to end.

        Args:
            slots: How many jobs at a time.
            once: End each slot after one job, or if there is none.
            drain: End when no job waits.

        Raises:
            ShardlineError: The queue cannot be used until somebody acts.
        """
        threads = [
            threading.Thread(target=self._slot, args=(once, drain))
            for _ in range(slots)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _slot(self, once: bool, drain: bool) -> None:
        try:
            self._go_on(once=once, drain=drain)
        except Exception as error:  # noqa: BLE001 - raised where it is heard
            self._errors.append(error)
            self._stopped.set()

    def _go_on(self, *, once: bool, drain: bool) -> None:
        name = f"{socket.gethostname()[:200]} {os.getpid()} {secrets.token_hex(8)}"
        is_away = False
        while not self._stopped.is_set():
            try:
                is_busy = self._work_on_next(name)
                is_over = once or (drain and not is_busy and self._is_drained())
                is_away = False
            except (TransientError, OSError) as error:
                if not is_away:  # once for as long as it lasts
                    logger.warning("%s; trying again until it passes", error)
                is_busy, is_over, is_away = False, False, True
            if is_over:
                return
            if not is_busy:
                self._stopped.wait(self._timing.poll)

    def _work_on_next(self, name: str) -> bool:
        asked = time.monotonic()
        job = self._queue.claim(name, self._timing.lease, self._limits)
        if job is None:
            return False
        print_line(f"job {job.number} begins: {_words(job)}", err=True)
        attempt = Attempt(self._queue, job, self._timing, self._stopped)
        told = attempt.carry_out(self._command, asked)
        print_line(f"job {job.number}: {told}", err=True)
        return True

    def _is_drained(self) -> bool:
        return not self._queue.list(JobFilter(state=JobState.QUEUED), 1)


def _words(job: Job) -> str:
    again = f" (attempt {job.attempt})" if job.attempt > 1 else ""
    return f"shardline {' '.join(job.wish.words)}{again}"
