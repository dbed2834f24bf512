"""The queue of jobs, with the end of each in the audit."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from pipelines.jobs import Job, JobState, SqlJobQueue
from pipelines.operations.audit.records import Ending, record_end

ENDINGS = {
    JobState.SUCCEEDED: Ending.DONE,
    JobState.FAILED: Ending.FAILED,
    JobState.CANCELLED: Ending.INTERRUPTED,
}


def audited_queue(engine: Engine) -> SqlJobQueue:
    """A queue that writes how a job ended as the end of the wish that it comes from.

    Both are one commit. A wish has one end, which is never changed: when a job is
    queued again after it, what becomes of it then is told by the job alone.
    """
    return SqlJobQueue(engine, _record)


def _record(connection: Connection, job: Job) -> None:
    if job.wish.audit is not None:
        ending = ENDINGS[job.state]
        record_end(connection, job.wish.audit, ending, f"job {job.number}{_why(job)}")


def _why(job: Job) -> str:
    match job.state:
        case JobState.FAILED:
            return f": exit code {job.result.exit_code}"
        case JobState.CANCELLED:
            return f": cancelled by {job.canceller}"
        case _:
            return ""
