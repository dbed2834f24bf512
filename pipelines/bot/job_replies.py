"""What a chat is told of a job: that it is accepted, how far it is, how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.alerts import WISH
from pipelines.bot import texts
from pipelines.bot.messages import Button, Reply
from pipelines.jobs import Job, JobState
from pipelines.operations import (
    MINUTE_FORMAT,
    command_of,
    format_time,
    job_progress,
    job_since,
    job_state,
)
from pipelines.text import cut_line

MOST_LINES = 3
"""How many of the last lines that a job wrote are told with its end."""

LONGEST_LINE = 300
"""Most characters of such a line that are told."""


def accepted_reply(job: Job, *, is_new: bool) -> Reply:
    """A wish is a job now; its message shows from then on how far that is.

    Args:
        job: Which one.
        is_new: Whether there was none for the same wish.
    """
    text = texts.QUEUED if is_new else texts.SAME_JOB
    line = text.format(number=job.number, command=command_of(job))
    return Reply((line,), buttons=_open_buttons(job), follows=job.number)


def progress_reply(job: Job) -> Reply:
    """How far a job is, in the place of what was shown of it before."""
    if job.state.is_over:
        return Reply(tuple(_end_lines(job)), replaces=True)
    what = texts.JOB.format(number=job.number, command=command_of(job))
    since = f"{job_since(job):{MINUTE_FORMAT}}"
    now = texts.JOB_NOW.format(state=job_state(job), since=since)
    lines = (what, now, *_counts(job))
    return Reply(lines, buttons=_open_buttons(job), replaces=True)


def end_reply(job: Job) -> Reply:
    """How a job ended, with the last of what it wrote.

    Args:
        job: With its texts.
    """
    has_failed = job.state is JobState.FAILED
    written = job.result.log_tail if has_failed else job.result.report
    last = [cut_line(line, LONGEST_LINE) for line in written.strip().splitlines()]
    told = "\n".join(last[-MOST_LINES:])
    return Reply(
        tuple(_end_lines(job)),
        texts=((texts.LAST_LINES, told),) if told else (),
        buttons=tuple(_end_buttons(job)),
    )


def _end_lines(job: Job) -> Iterator[str]:
    begun, code = job.started, job.result.exit_code
    has_failed = job.state is JobState.FAILED
    parts = [texts.JOB_ENDS[job.state.value].format(who=job.canceller)]
    if begun and job.finished:
        seconds = (job.finished - begun).total_seconds()
        parts.append(texts.JOB_TIME.format(time=format_time(max(seconds, 0))))
    if has_failed and job.attempt > 1:
        parts.append(texts.JOB_ATTEMPTS.format(attempt=job.attempt))
    if has_failed and code is not None:
        parts.append(texts.JOB_CODE.format(code=code))
    yield texts.JOB_END.format(
        number=job.number, end="".join(parts), command=command_of(job)
    )
    yield from _counts(job)


def _counts(job: Job) -> Iterator[str]:
    far, rows = job_progress(job), job.result.progress.rows
    if far and rows:
        yield texts.JOB_COUNTS.format(far=far, rows=f"{rows:,}")
    elif far:
        yield texts.JOB_COUNT.format(far=far)


def _open_buttons(job: Job) -> tuple[Button, ...]:
    more = Button(texts.HOW_FAR, f"{WISH}:jobs show {job.number}")
    if job.cancel_asked:
        return (more,)
    return (more, Button(texts.CANCEL, f"{WISH}:jobs cancel {job.number}"))


def _end_buttons(job: Job) -> Iterator[Button]:
    if job.state is not JobState.SUCCEEDED:
        yield Button(texts.RETRY, f"{WISH}:jobs retry {job.number}")
    if job.state is JobState.FAILED:
        yield Button(texts.WHY, f"{WISH}:jobs show {job.number}")
