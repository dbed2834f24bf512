"""`jobs`: what becomes of long operations."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection

from pipelines.jobs import Job, JobFilter, JobState
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments, Count, Name, Number
from pipelines.operations.verb import Answer, Change, Context, Look
from pipelines.text import cut_line

LONGEST_WORD = 60
"""Most characters of a word of a job's command that are shown."""

LONGEST_COMMAND = 1_000
"""Most characters of a command that are shown: one of a thousand shards has many words,
and a message that is edited has no second part."""

MINUTE_FORMAT = "%Y-%m-%d %H:%M"


class JobsArguments(Arguments):
    """Which jobs."""

    state: JobState | None = Field(default=None, description="Only these.")
    verb: Name | None = Field(default=None, description="Only those that do this.")
    asker: Name | None = Field(
        default=None, description="Only those that this one asked for."
    )
    before: Count | None = Field(default=None, description="Only lower numbers.")
    limit: Count = Field(default=20, le=10_000, description="How many at most.")


class JobArguments(Arguments):
    """Which job."""

    number: Number = Field(description="The job's number.")


def command_of(job: Job) -> str:
    """The command that a job is, its longest words cut, and a long one itself."""
    words = [cut_line(word, LONGEST_WORD) for word in job.wish.words]
    return cut_line(shlex.join(["shardline", *words]), LONGEST_COMMAND)


def job_cells(job: Job) -> tuple[str, ...]:
    """Number, state, since when, who, what, how far."""
    return (
        *(f"#{job.number}", job_state(job), f"{job_since(job):{MINUTE_FORMAT}}"),
        *(job.wish.asker, command_of(job), job_progress(job)),
    )


def job_fields(job: Job) -> dict[str, object]:
    """A job for programs, without its texts."""
    wish, far = job.wish, job.result.progress
    return {
        "number": job.number,
        "state": str(job.state),
        "verb": wish.verb,
        "arguments": dict(wish.arguments),
        "words": list(wish.words),
        "asker": wish.asker,
        "origin": wish.origin,
        "priority": wish.priority.name.lower(),
        "servers": list(wish.servers),
        "attempt": job.attempt,
        "failures": job.failures,
        "attempts": wish.attempts,
        "done": far.done,
        "total": far.total,
        "rows": far.rows,
        "exit_code": job.result.exit_code,
        "waits_for": job.waits_for,
        "worker": job.worker,
        "cancelled_by": job.canceller,
        **{
            name: moment.isoformat() if moment else None
            for name, moment in (
                ("created", job.created),
                ("not_before", job.not_before),
                ("waiting_since", job.waiting_since),
                ("started", job.started),
                ("lease", job.lease),
                ("cancel_asked", job.cancel_asked),
                ("finished", job.finished),
            )
        },
    }


def job_texts(job: Job) -> dict[str, str]:
    """What a job has written."""
    return {"report": job.result.report, "log_tail": job.result.log_tail}


def job_rows(job: Job) -> Iterator[tuple[str, str]]:
    """All of a job that is known, but for what it has written."""
    fields = {**job_fields(job), "command": command_of(job)}
    del fields["words"]
    for name, value in fields.items():
        if value not in (None, "", [], {}):
            told = value if isinstance(value, str) else json.dumps(value)
            yield name.replace("_", " "), told


def job_state(job: Job) -> str:
    """Where a job is, and for what it waits."""
    if job.waits_for:
        return f"waits for {job.waits_for}"
    is_ending = job.state is JobState.RUNNING and job.cancel_asked
    return "ending" if is_ending else str(job.state)


def job_since(job: Job) -> datetime:
    """Since when a job is where it is."""
    running = job.started if job.state is JobState.RUNNING else None
    waiting = job.waiting_since if job.waits_for else None
    return job.finished or running or waiting or job.created


def job_progress(job: Job) -> str:
    """How far a job is, in what its command counts; empty if it does not say."""
    far = job.result.progress
    return f"{far.done:,} of {far.total:,}" if far.total else ""


def _list(context: Context, arguments: JobsArguments) -> Answer:
    wanted = JobFilter(
        arguments.state, arguments.verb, arguments.asker, arguments.before
    )
    found = context.queue.list(wanted, arguments.limit)
    return Answer(
        heads=("job", "state", "since", "who", "what", "how far"),
        rows=[job_cells(job) for job in found],
        data=[job_fields(job) for job in found],
    )


def _show(context: Context, arguments: JobArguments) -> Answer:
    job = context.queue.show(arguments.number)
    texts = job_texts(job)
    return Answer(
        rows=list(job_rows(job)),
        texts=tuple((name.replace("_", " "), texts[name]) for name in texts),
        data={**job_fields(job), **job_texts(job)},
    )


def _cancel(
    connection: Connection, context: Context, arguments: JobArguments
) -> Answer:
    job = context.queue.cancel(arguments.number, context.caller.who, connection)
    is_running = job.state is JobState.RUNNING
    told = "is told to end" if is_running else "is cancelled"
    return Answer((f"job {job.number} {told}",), data=job_fields(job))


def _retry(connection: Connection, context: Context, arguments: JobArguments) -> Answer:
    job = context.queue.retry(arguments.number, connection)
    told = (f"job {job.number} is queued",)
    return Answer(told, data=job_fields(job), job=job.number)


JOBS_LIST = Look(
    name="jobs list",
    summary="List jobs, newest first.",
    capability=Capability.LOOK,
    arguments=JobsArguments,
    example="state=failed",
    aliases=("jobs",),
    run=_list,
)

JOBS_SHOW = Look(
    name="jobs show",
    summary="Show all that is known of a job, with the end of what it wrote.",
    capability=Capability.LOOK,
    arguments=JobArguments,
    example="12",
    aliases=("job",),
    run=_show,
)

JOBS_CANCEL = Change(
    name="jobs cancel",
    summary="Have a job end: at once if it waits, in order if it runs.",
    capability=Capability.OPERATE,
    arguments=JobArguments,
    example="12",
    aliases=("cancel",),
    run=_cancel,
)

JOBS_RETRY = Change(
    name="jobs retry",
    summary="Queue a job again that failed or was cancelled.",
    capability=Capability.OPERATE,
    arguments=JobArguments,
    example="12",
    aliases=("retry",),
    run=_retry,
)
