"""The queue in memory: a double for tests of whatever works with jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from pipelines.jobs.job import Job, JobState, Progress, Result, Wish
from pipelines.jobs.queue import (
    Heard,
    JobFilter,
    QueueFigures,
    cannot_be_retried,
    is_open_already,
    is_over_already,
    no_such_job,
)


class MemoryJobQueue:
    """Does what `JobQueue` says, for one process."""

    def __init__(self, at_end: Callable[[Job], None] | None = None) -> None:
        """Begin with none.

        Args:
            at_end: See `JobQueue`.
        """
        self._at_end = at_end
        self._lock = threading.Lock()
        self._jobs: dict[int, Job] = {}
        self._wishes: dict[str, int] = {}

    def enqueue(self, wish: Wish, within: Connection | None = None) -> Job:  # noqa: ARG002 - knows no transactions
        """See `JobQueue`."""
        with self._lock:
            number = self._wishes.get(wish.source_id or "") or self._open(wish.key)
            if number is None:
                number = len(self._jobs) + 1
                self._jobs[number] = self._new(number, wish)
            if wish.source_id:
                self._wishes.setdefault(wish.source_id, number)
            return self._jobs[number]

    def claim(self, worker: str, lease: float, limits: Mapping[str, int]) -> Job | None:
        """See `JobQueue`."""
        with self._lock:
            now = _now()
            for job in list(self._expired()):
                if job.cancel_asked:
                    self._end(job, JobState.CANCELLED, job.result)
            taken = min(
                (job for job in self._claimable() if self._fits(job, limits)),
                key=lambda job: (job.wish.priority, job.number),
                default=None,
            )
            if taken is None:
                return None
            return self._put(
                taken,
                state=JobState.RUNNING,
                attempt=taken.attempt + 1,
                worker=worker,
                lease=now + timedelta(seconds=lease),
                started=now,
                not_before=None,
                result=Result(None),
            )

    def beat(self, job: Job, lease: float, progress: Progress, log_tail: str) -> Heard:
        """See `JobQueue`."""
        with self._lock:
            heard = self._heard(job)
            if heard is not Heard.LOST:
                until = _now() + timedelta(seconds=lease)
                so_far = Result(None, log_tail=log_tail, progress=progress)
                self._put(self._jobs[job.number], lease=until, result=so_far)
            return heard

    def listen(self, job: Job) -> Heard:
        """See `JobQueue`."""
        with self._lock:
            return self._heard(job)

    def finish(self, job: Job, state: JobState, result: Result) -> bool:
        """See `JobQueue`."""
        with self._lock:
            if self._heard(job) is Heard.LOST:
                return False
            self._end(self._jobs[job.number], state, result)
            return True

    def put_back(
        self,
        job: Job,
        *,
        pause: float = 0,
        failed: Result | None = None,
        waits: Result | None = None,
    ) -> bool:
        """See `JobQueue`."""
        with self._lock:
            heard = self._heard(job)
            if heard is Heard.LOST:
                return False
            held = self._jobs[job.number]
            result = failed or waits or held.result
            held = replace(held, failures=held.failures + (failed is not None))
            if waits:
                held = replace(held, waiting_since=held.waiting_since or _now())
            if heard is Heard.CANCEL:
                self._end(held, JobState.CANCELLED, result)
                return True
            self._put(
                held,
                state=JobState.QUEUED,
                lease=None,
                not_before=_now() + timedelta(seconds=pause) if pause else None,
                result=result,
            )
            return True

    def cancel(
        self,
        number: int,
        canceller: str,
        within: Connection | None = None,  # noqa: ARG002 - knows no transactions
    ) -> Job:
        """See `JobQueue`."""
        with self._lock:
            job = self._known(number)
            if job.state.is_over:
                raise is_over_already(job)
            if not job.cancel_asked:
                job = replace(job, cancel_asked=_now(), canceller=canceller)
            if job.state is JobState.QUEUED:
                return self._end(job, JobState.CANCELLED, job.result)
            return self._put(job)

    def retry(self, number: int, within: Connection | None = None) -> Job:  # noqa: ARG002 - knows no transactions
        """See `JobQueue`."""
        with self._lock:
            job = self._known(number)
            if job.state in {JobState.RUNNING, JobState.SUCCEEDED}:
                raise cannot_be_retried(job)
            other = self._open(job.wish.key)
            if other not in {None, number}:
                raise is_open_already(job, other or 0)
            return self._put(
                job,
                state=JobState.QUEUED,
                failures=0,
                not_before=None,
                cancel_asked=None,
                canceller=None,
                finished=None,
                waiting_since=None,
            )

    def list(self, wanted: JobFilter, limit: int) -> list[Job]:
        """See `JobQueue`."""
        with self._lock:
            found = [
                job
                for job in self._jobs.values()
                if wanted.state in {None, job.state}
                and wanted.verb in {None, job.wish.verb}
                and wanted.asker in {None, job.wish.asker}
                and (wanted.before is None or job.number < wanted.before)
            ]
        newest = sorted(found, key=lambda job: -job.number)[:limit]
        return [_without_texts(job) for job in newest]

    def show(self, number: int) -> Job:
        """See `JobQueue`."""
        with self._lock:
            return self._known(number)

    def figures(self) -> QueueFigures:
        """See `JobQueue`."""
        with self._lock:
            now = _now()
            states = [job.state for job in self._jobs.values()]
            ready = [
                (now - job.created).total_seconds()
                for job in self._jobs.values()
                if job.state is JobState.QUEUED and self._is_due(job)
            ]
            return QueueFigures(
                {state: states.count(state) for state in JobState},
                max(ready, default=0.0),
                len(list(self._expired())),
            )

    def _new(self, number: int, wish: Wish) -> Job:
        return Job(
            number=number,
            wish=replace(wish, source_id=None),
            state=JobState.QUEUED,
            attempt=0,
            failures=0,
            not_before=None,
            worker=None,
            lease=None,
            cancel_asked=None,
            canceller=None,
            result=Result(None),
            created=_now(),
            started=None,
            finished=None,
        )

    def _known(self, number: int) -> Job:
        if number not in self._jobs:
            raise no_such_job(number)
        return self._jobs[number]

    def _open(self, key: str) -> int | None:
        for job in self._jobs.values():
            if job.wish.key == key and not (job.state.is_over or job.cancel_asked):
                return job.number
        return None

    def _claimable(self) -> Iterator[Job]:
        for job in self._jobs.values():
            if job.state is JobState.QUEUED and self._is_due(job):
                yield job
        yield from self._expired()

    def _is_due(self, job: Job) -> bool:
        return job.not_before is None or job.not_before <= _now()

    def _expired(self) -> Iterator[Job]:
        now = _now()
        for job in self._jobs.values():
            if job.state is JobState.RUNNING and job.lease and job.lease <= now:
                yield job

    def _fits(self, job: Job, limits: Mapping[str, int]) -> bool:
        now = _now()
        busy = [
            server
            for other in self._jobs.values()
            if other.state is JobState.RUNNING and other.lease and other.lease > now
            for server in other.wish.servers
        ]
        return all(
            busy.count(server) < limits[server]
            for server in job.wish.servers
            if server in limits
        )

    def _heard(self, job: Job) -> Heard:
        held = self._jobs[job.number]
        is_ours = (held.worker, held.attempt) == (job.worker, job.attempt)
        if held.state is not JobState.RUNNING or not is_ours:
            return Heard.LOST
        return Heard.CANCEL if held.cancel_asked else Heard.GO_ON

    def _end(self, job: Job, state: JobState, result: Result) -> Job:
        over = replace(job, state=state, lease=None, finished=_now(), result=result)
        if self._at_end and job.wish.audit is not None:
            self._at_end(_without_texts(over))
        self._jobs[job.number] = over
        return over

    def _put(self, job: Job, **changes: object) -> Job:
        changed: Job = replace(job, **changes)  # type: ignore[arg-type]
        self._jobs[job.number] = changed
        return changed


def _without_texts(job: Job) -> Job:
    return replace(job, result=replace(job.result, report="", log_tail=""))


def _now() -> datetime:
    return datetime.now(UTC)
