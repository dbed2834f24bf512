"""What a job is: what was wished, how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from pipelines.runtime import ExitCode

ATTEMPTS = 3
"""How often a job may fail before it is not tried again, unless its wish says more."""

REPORT = 64 << 10
"""Most octets of a job's standard output that are kept: the last ones."""

LOG_TAIL = 8 << 10
"""Most octets of all that a job writes that are kept: the last ones."""

HELD: Mapping[int | None, str] = {
    ExitCode.ALREADY_RUNNING: "another run",
    ExitCode.NOT_RUN: "luigid",
}
"""What a job waits for whose command ends with such a code: nothing has failed."""


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it by itself."""
        return self not in {JobState.QUEUED, JobState.RUNNING}


class Priority(IntEnum):
    """Whose turn is first: the lower number's."""

    INTERACTIVE = 0
    """Somebody waits for it."""
    BACKFILL = 10
    """It takes its time in any case."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be done, before it is a job.

    Attributes:
        verb: What, by its name among the operations.
        words: The arguments of our own command that does it.
        key: Says that two wishes are the same: while a job is open, another wish with
            its key is that job.
        asker: Who wants it.
        origin: From where, such as the shell or a chat.
        arguments: What it is about, typed; as JSON has it.
        servers: The names of the servers that it keeps busy.
        source_id: What it is called where it came from: the same wish, if it comes
            again, is the same job, also when that is over. None if nobody repeats it.
        priority: Whose turn is first.
        attempts: How often it may fail.
        audit: The number of its row in the audit, if it has one.
    """

    verb: str
    words: tuple[str, ...]
    key: str
    asker: str
    origin: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    servers: tuple[str, ...] = ()
    source_id: str | None = None
    priority: Priority = Priority.INTERACTIVE
    attempts: int = ATTEMPTS
    audit: int | None = None


@dataclass(frozen=True)
class Progress:
    """How far a job is, in what its command counts: for a load, days of shards.

    Attributes:
        done: How many are done.
        total: How many there are; 0 if that is not known.
        rows: How many rows came.
    """

    done: int = 0
    total: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Result:
    """What an attempt has left.

    Attributes:
        exit_code: Its exit code; negative if a signal ended it, as `subprocess` has it.
        report: The end of its standard output.
        log_tail: The end of all that it wrote.
        progress: How far it came.
    """

    exit_code: int | None
    report: str = ""
    log_tail: str = ""
    progress: Progress = Progress()


@dataclass(frozen=True)
class Job:
    """A wish that was accepted.

    Attributes:
        number: Its number, never that of another.
        wish: What is wanted. Its `source_id` is not kept here.
        state: Where it is in its life.
        attempt: How often it has been begun.
        failures: How many of these attempts have failed.
        not_before: When it may be tried again, if it has to wait.
        worker: Who has it, or had it last.
        lease: Until when it is that worker's.
        cancel_asked: When somebody wanted it to end.
        canceller: Who did.
        result: What it has left; of a running job, so far. Its texts are empty in a
            listing.
        created: When it was accepted.
        started: When its last attempt began.
        finished: When it was over.
        waiting_since: When it first had to wait for another run.
    """

    number: int
    wish: Wish
    state: JobState
    attempt: int
    failures: int
    not_before: datetime | None
    worker: str | None
    lease: datetime | None
    cancel_asked: datetime | None
    canceller: str | None
    result: Result
    created: datetime
    started: datetime | None
    finished: datetime | None
    waiting_since: datetime | None = None

    @property
    def waits_for(self) -> str | None:
        """Who has to come to an end before it is begun again, if anybody."""
        is_pausing = self.state is JobState.QUEUED and self.not_before is not None
        return HELD.get(self.result.exit_code) if is_pausing else None
