"""The process that carries out an attempt at a job, and its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from pipelines.jobs.job import LOG_TAIL, REPORT, Progress, Result
from pipelines.jobs.tail import Tail
from pipelines.runtime import PROGRESS_VARIABLE, ProgressFile

LAUNCHER = str(Path(__file__).with_name("launcher.py"))

JOB_VARIABLE = "SHARDLINE_JOB"
"""The variable that has a job's number, in its process, if its wish is in the audit."""

CHUNK = 64 << 10

LAST_WORDS = 1.0
"""Most seconds that what was written is waited for after the end: a process that goes
on after the job, as the sender of alerts does, keeps the pipes open."""


class Child:
    """A process in a session of its own, which dies with the thread that starts it.

    Attributes:
        exit_code: How it ended, once that is known; negative if by a signal.
    """

    def __init__(
        self, command: Sequence[str], begin_before: float, job: int | None = None
    ) -> None:
        """Start it.

        Args:
            command: The program and its arguments.
            begin_before: When it is too late to, by the monotonic clock.
            job: What `JOB_VARIABLE` is to be, if anything.

        Raises:
            OSError: It cannot be started now.
        """
        self.exit_code: int | None = None
        self._report, self._log = Tail(REPORT), Tail(LOG_TAIL)
        self._progress = ProgressFile()
        variables = {**os.environ, PROGRESS_VARIABLE: self._progress.variable}
        variables.pop(JOB_VARIABLE, None)
        if job is not None:
            variables[JOB_VARIABLE] = str(job)
        conditions = str(os.getpid()), repr(begin_before)
        launched = [sys.executable, "-I", "-S", LAUNCHER, *conditions, *command]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            launched,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=variables,
            pass_fds=[self._progress.descriptor],
            start_new_session=True,
        )
        self._readers = [
            self._reader(self._process.stdout, self._report, self._log),
            self._reader(self._process.stderr, self._log),
        ]

    def has_ended(self, seconds: float) -> bool:
        """Whether it has, after waiting for that at most so long."""
        with suppress(subprocess.TimeoutExpired):
            self.exit_code = self._process.wait(seconds)
        return self.exit_code is not None

    def tell_to_end(self) -> None:
        """Have it end in order, as a container is stopped."""
        self._process.terminate()

    def kill(self) -> None:
        """End it and what it has started, at once; when this returns it is gone."""
        if self.exit_code is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self.exit_code = self._process.wait()

    def log_tail(self) -> str:
        """The end of what it has written so far."""
        return self._log.text()

    def progress(self) -> Progress:
        """How far it says it is."""
        return Progress(*self._progress.read())

    def result(self) -> Result:
        """What it has left, once it has ended."""
        for reader in self._readers:
            reader.join(LAST_WORDS)
        progress = self.progress()
        self._progress.close()
        return Result(self.exit_code, self._report.text(), self._log.text(), progress)

    def _reader(self, pipe: IO[bytes] | None, *tails: Tail) -> threading.Thread:
        def read() -> None:
            if pipe is None:
                return
            with pipe:
                while octets := pipe.read(CHUNK):
                    for tail in tails:
                        tail.add(octets)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread
