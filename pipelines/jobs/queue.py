"""What a queue of jobs does, whatever keeps them; one suite of tests holds for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from sqlalchemy import Connection

from pipelines.errors import ConfigurationError
from pipelines.jobs.job import Job, JobState, Progress, Result, Wish


class JobError(ConfigurationError):
    """What was asked of a job is not possible; nothing has changed."""


class Heard(Enum):
    """What a worker hears of its job."""

    GO_ON = "go on"
    CANCEL = "somebody wants it to end"
    LOST = "it is not this worker's any more"


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are asked for; what is None does not matter.

    Attributes:
        state: In which state.
        verb: What is done.
        asker: Who wants it.
        before: Only jobs of a lower number: the next page.
    """

    state: JobState | None = None
    verb: str | None = None
    asker: str | None = None
    before: int | None = None


@dataclass(frozen=True)
class QueueFigures:
    """How the queue is.

    Attributes:
        counts: How many jobs are in each state.
        oldest: Seconds since the oldest job that may be begun was accepted; 0 if none.
        expired: How many running jobs have lost their worker.
    """

    counts: Mapping[JobState, int]
    oldest: float
    expired: int


class JobQueue(Protocol):
    """Jobs, from the wish to the end.

    A job that was claimed is known by `Job.number`, `Job.worker` and `Job.attempt`;
    whoever has these and has lost the job changes nothing.

    A queue may be given a function `at_end`. It is called once each time that a job is
    over whose wish is in the audit, with the job without its texts, and within the
    transaction that ends it: if one of the two fails, neither has happened. An engine
    with transactions gives it the connection, too.
    """

    def enqueue(self, wish: Wish, within: Connection | None = None) -> Job:
        """Accept a wish; the job that it is now, which may have been there already.

        Args:
            wish: What is wanted.
            within: A transaction of the caller's with which it is accepted or not. An
                engine that keeps jobs elsewhere leaves it alone.
        """
        ...

    def claim(self, worker: str, lease: float, limits: Mapping[str, int]) -> Job | None:
        """Take the job whose turn it is, or begin again one whose worker was lost.

        Args:
            worker: Who takes it; to be told from everybody else.
            lease: Seconds that it is the worker's, unless that renews it.
            limits: How many jobs at a time may keep a server busy, by its name; of
                one that is not named, any number.
        """
        ...

    def beat(self, job: Job, lease: float, progress: Progress, log_tail: str) -> Heard:
        """Renew the lease and tell how far the job is."""
        ...

    def listen(self, job: Job) -> Heard:
        """Ask for news only."""
        ...

    def finish(self, job: Job, state: JobState, result: Result) -> bool:
        """End a job; whether it was still this worker's."""
        ...

    def put_back(
        self,
        job: Job,
        *,
        pause: float = 0,
        failed: Result | None = None,
        waits: Result | None = None,
    ) -> bool:
        """Have a job begun again; if it is to be cancelled, it is over instead.

        Args:
            job: Which one.
            pause: Seconds until then.
            failed: What the attempt has left, if it counts as a failure.
            waits: The same, if the job has to wait for another run.

        Returns:
            Whether it was still this worker's.
        """
        ...

    def cancel(
        self, number: int, canceller: str, within: Connection | None = None
    ) -> Job:
        """Have a job end: at once if it waits, by its worker if it runs.

        Args:
            number: Which job.
            canceller: Who wants it to end.
            within: As for `enqueue`.

        Raises:
            JobError: There is no such job, or it is over.
        """
        ...

    def retry(self, number: int, within: Connection | None = None) -> Job:
        """Queue a job again that failed or was cancelled, or end its pause.

        Args:
            number: Which job.
            within: As for `enqueue`.

        Raises:
            JobError: There is no such job, it runs, or it has succeeded; or another
                job for the same wish is open.
        """
        ...

    def list(self, wanted: JobFilter, limit: int) -> list[Job]:
        """Jobs, the newest first, without their texts."""
        ...

    def show(self, number: int) -> Job:
        """One job with all that is known.

        Raises:
            JobError: There is no such job.
        """
        ...

    def figures(self) -> QueueFigures:
        """How the queue is."""
        ...


def no_such_job(number: int) -> JobError:
    """There is no job of that number."""
    return JobError(f"there is no job {number}", step="see `shardline jobs list`")


def is_over_already(job: Job) -> JobError:
    """A job cannot be cancelled."""
    return JobError(
        f"job {job.number} is over: it has {_ended(job)}",
        step=f"see `shardline jobs show {job.number}`",
    )


def cannot_be_retried(job: Job) -> JobError:
    """A job cannot be queued again."""
    if job.state is JobState.RUNNING:
        return JobError(
            f"job {job.number} is running",
            step=f"end it by `shardline jobs cancel {job.number}` first",
        )
    return JobError(
        f"job {job.number} has succeeded",
        step="wish for it anew if it is to be done once more",
    )


def is_open_already(job: Job, other: int) -> JobError:
    """Another job does the same."""
    return JobError(
        f"job {other} is for the same as job {job.number}, and not over",
        step=f"see `shardline jobs show {other}`",
    )


def _ended(job: Job) -> str:
    return "been cancelled" if job.state is JobState.CANCELLED else str(job.state)
