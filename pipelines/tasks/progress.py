"""What luigid's page tells of a running load: rows so far, rate, how far it is."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Self

import luigi
from luigi.rpc import RPCError

from pipelines.catalog import Span
from pipelines.runtime import failure_log

logger = logging.getLogger(__name__)

INTERVAL = 2.0
"""Seconds between two messages of a load: each is a request to luigid."""

GOODBYE = 1.0
"""Most seconds that a load waits for its last message to be taken."""


class Progress:
    """Tells how a task's load goes on, at most once an interval, and how it ended.

    The messages leave from a thread of their own: a luigid that does not answer keeps
    the caller for minutes, and the load must not wait for that.
    """

    def __init__(self, task: luigi.Task, span: Span, usual_rows: int) -> None:
        """Prepare.

        Args:
            task: The running task.
            span: What it loads.
            usual_rows: How many rows such a load has, as far as known; otherwise 0.
        """
        self._task = task
        self._span = span
        self._usual_rows = usual_rows
        self._rows = 0
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> Self:
        """Begin to tell."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell how it ended."""
        self._ended.set()
        self._thread.join(GOODBYE)

    def sent(self, rows: int) -> None:
        """Note how many rows this attempt has sent so far."""
        self._rows = rows

    def warn(self, why: str) -> None:
        """Note what someone should see to."""
        what = f"{self._span.table.name} {self._span.days}"
        failure_log().warn(what, self._span.shard.name, why)

    def _show(self) -> None:
        while not self._ended.wait(INTERVAL):
            self._say()
        self._say()

    def _say(self) -> None:
        rows = self._rows
        rate = rows / max(time.monotonic() - self._started, 1e-3)
        try:
            # Luigi sets both while a task runs, and takes them away at its end.
            if tell := self._task.set_status_message:
                tell(f"{rows:,} rows, {rate:,.0f} rows/s")
            if self._usual_rows and (advance := self._task.set_progress_percentage):
                advance(min(99, round(100 * rows / self._usual_rows)))
        except RPCError as error:
            logger.info("luigid did not take a message: %s", error)
