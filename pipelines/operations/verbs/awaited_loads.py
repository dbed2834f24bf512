"""The jobs that are not over and may load a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self

from pydantic import ValidationError

from pipelines.catalog import Shard, Table
from pipelines.config import Settings
from pipelines.errors import ConfigurationError
from pipelines.jobs import Job, JobFilter, JobQueue, JobState
from pipelines.operations.arguments import Arguments
from pipelines.operations.selections import selected
from pipelines.operations.verbs.jobs import command_of, job_state
from pipelines.operations.verbs.loads import (
    BACKFILL,
    RUN,
    BackfillArguments,
    RunArguments,
)
from pipelines.operations.verbs.refresh import (
    REFRESH,
    RefreshArguments,
    loaded_first,
)
from pipelines.operations.verbs.verify import VERIFY, VerifyArguments
from pipelines.planning import Selection

PAGE = 500
"""How many jobs are read at a time."""

LOADING = {verb.name: verb for verb in (RUN, BACKFILL, REFRESH, VERIFY)}
"""The verbs whose jobs may load a day."""


@dataclass(frozen=True)
class AwaitedLoad:
    """A job, and which days it may load.

    Attributes:
        selection: None if it loads none, or says so in words of another version.
    """

    job: Job
    selection: Selection | None

    @classmethod
    def of(cls, job: Job, settings: Settings) -> Self:
        """What a job may load."""
        verb = LOADING.get(job.wish.verb)
        if verb is None:
            return cls(job, None)
        try:
            arguments = verb.arguments.model_validate(dict(job.wish.arguments))
            return cls(job, _loaded(arguments, settings))
        except (ValidationError, TypeError, ValueError, ConfigurationError):
            return cls(job, None)

    def is_about(self, table: Table, shard: Shard, day: date) -> bool:
        """Whether it may load a day of a shard."""
        wanted = self.selection
        return (
            wanted is not None
            and wanted.first <= day <= wanted.last
            and table in wanted.tables
            and shard in wanted.shards
        )


def _loaded(arguments: Arguments, settings: Settings) -> Selection | None:
    """What a job with such arguments loads, if anything."""
    if isinstance(arguments, RefreshArguments):
        return None if arguments.allow_missing else loaded_first(settings, arguments)
    if isinstance(arguments, VerifyArguments) and not arguments.reload:
        return None
    if isinstance(arguments, RunArguments | BackfillArguments | VerifyArguments):
        return selected(settings, arguments)
    return None


def awaited_loads(queue: JobQueue, settings: Settings) -> list[AwaitedLoad]:
    """All jobs that are not over, and what they may load.

    Raises:
        ShardlineError: The queue cannot be read.
    """
    return [AwaitedLoad.of(job, settings) for job in _open_jobs(queue)]


def job_line(job: Job) -> str:
    """Which job that is, whose, and where it is."""
    when = f", not before {job.not_before:%H:%M:%S} UTC" if job.not_before else ""
    whose = f"job {job.number} of {job.wish.asker}"
    return f"{whose}, {job_state(job)}{when}: {command_of(job)}"


def _open_jobs(queue: JobQueue) -> Iterator[Job]:
    """All that are not over, page by page."""
    for state in (JobState.RUNNING, JobState.QUEUED):
        before: int | None = None
        while some := queue.list(JobFilter(state=state, before=before), PAGE):
            yield from some
            before = some[-1].number
