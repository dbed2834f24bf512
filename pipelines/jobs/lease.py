"""A job's lease, renewed beside its child, and what is heard of the job meanwhile."""

from __future__ import annotations

import logging
import threading
import time

from pipelines.errors import ShardlineError
from pipelines.jobs.child import Child
from pipelines.jobs.job import Job, Progress
from pipelines.jobs.queue import Heard, JobQueue
from pipelines.jobs.timing import Timing

logger = logging.getLogger(__name__)

NEWS = 2.0
"""Seconds after a renewal until a job that has come further is told of in between."""


class KeptLease:
    """Renews the lease in a thread of its own, since the database may be away.

    Whoever watches the child never waits for that.
    """

    def __init__(
        self, queue: JobQueue, job: Job, timing: Timing, claimed: float
    ) -> None:
        """Prepare to renew it.

        Args:
            queue: Whose job it is.
            job: The job.
            timing: How often.
            claimed: When it was asked for, by the monotonic clock.
        """
        self._queue, self._job, self._timing = queue, job, timing
        self._renewed = claimed
        self._told = Progress()
        self._heard = Heard.GO_ON
        self._ended = threading.Event()

    @property
    def heard(self) -> Heard:
        """The latest news."""
        return self._heard

    @property
    def age(self) -> float:
        """Seconds since the renewal that is the last one for certain."""
        return time.monotonic() - self._renewed

    def keep(self, child: Child) -> None:
        """Renew it until `end`."""
        threading.Thread(target=self._go_on, args=(child,), daemon=True).start()

    def end(self) -> None:
        """Renew it no more."""
        self._ended.set()

    def _go_on(self, child: Child) -> None:
        while not self._ended.wait(min(self._timing.poll, self._timing.beat)):
            try:
                heard = self._listen(child)
            except ShardlineError as error:
                logger.info("job %s: no news: %s", self._job.number, error)
                continue
            if self._heard is not Heard.LOST:
                self._heard = heard

    def _listen(self, child: Child) -> Heard:
        far, age = child.progress(), self.age
        is_news = far != self._told and age >= NEWS
        if age < self._timing.beat and not is_news:
            return self._queue.listen(self._job)
        asked = time.monotonic()
        heard = self._queue.beat(self._job, self._timing.lease, far, child.log_tail())
        # From before the question on: the database may have answered late.
        self._renewed, self._told = asked, far
        return heard
