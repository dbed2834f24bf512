"""The queue in the ETL database: SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    case,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from pipelines.errors import ShardlineError, TransientError
from pipelines.etl_db import (
    as_utc,
    database_time,
    etl_db_errors,
    insert_new,
    job_wishes_table,
    jobs_table,
)
from pipelines.jobs.claiming import claim_job, is_due, is_expired
from pipelines.jobs.job import Job, JobState, Progress, Result, Wish
from pipelines.jobs.queue import (
    Heard,
    JobError,
    JobFilter,
    QueueFigures,
    cannot_be_retried,
    is_open_already,
    is_over_already,
    no_such_job,
)
from pipelines.jobs.rows import (
    LISTED,
    job_of,
    new_row,
    progress_values,
    result_values,
)

UNUSABLE = "the queue of jobs cannot be used"

TRIES = 10
"""How often a wish looks for the open job of its key, which may end meanwhile."""

_jobs, _wishes = jobs_table.c, job_wishes_table.c


class SqlJobQueue:
    """Does what `JobQueue` says; each change is one transaction.

    Every method raises TransientError or ConfigurationError if the database cannot be
    used, too.
    """

    def __init__(
        self, engine: Engine, at_end: Callable[[Connection, Job], None] | None = None
    ) -> None:
        """Use the ETL database.

        Args:
            engine: The ETL database.
            at_end: See `JobQueue`.
        """
        self._engine, self._at_end = engine, at_end

    def enqueue(self, wish: Wish, within: Connection | None = None) -> Job:
        """See `JobQueue`."""
        with self._transaction(within) as connection:
            known = self._job_of_wish(connection, wish)
            return known or self._accept(connection, wish)

    def claim(self, worker: str, lease: float, limits: Mapping[str, int]) -> Job | None:
        """See `JobQueue`."""
        with etl_db_errors(UNUSABLE):
            return claim_job(self._engine, worker, lease, limits, self._tell_end)

    def beat(self, job: Job, lease: float, progress: Progress, log_tail: str) -> Heard:
        """See `JobQueue`."""
        renewed = (
            update(jobs_table)
            .where(_is_held(job))
            .values(
                lease=database_time(self._engine, timedelta(seconds=lease)),
                log_tail=log_tail,
                **progress_values(progress),
            )
            .returning(_jobs.cancel_asked)
        )
        with self._transaction() as connection:
            return _heard(connection.execute(renewed).all())

    def listen(self, job: Job) -> Heard:
        """See `JobQueue`."""
        look = select(_jobs.cancel_asked).where(_is_held(job))
        with etl_db_errors(UNUSABLE), self._engine.connect() as connection:
            return _heard(connection.execute(look).all())

    def finish(self, job: Job, state: JobState, result: Result) -> bool:
        """See `JobQueue`."""
        return self._let_go(
            job,
            state=state.value,
            open_key=None,
            finished=database_time(self._engine),
            **result_values(result),
        )

    def put_back(
        self,
        job: Job,
        *,
        pause: float = 0,
        failed: Result | None = None,
        waits: Result | None = None,
    ) -> bool:
        """See `JobQueue`."""
        until = database_time(self._engine, timedelta(seconds=pause))
        now = database_time(self._engine)
        result = failed or waits
        left = result_values(result) if result else {}
        if waits:
            left["waiting_since"] = func.coalesce(_jobs.waiting_since, now)
        goes_on = _jobs.cancel_asked.is_(None)
        return self._let_go(
            job,
            state=case(
                (goes_on, JobState.QUEUED.value), else_=JobState.CANCELLED.value
            ),
            open_key=case((goes_on, _jobs.open_key)),
            finished=case((~goes_on, now)),
            failures=_jobs.failures + int(failed is not None),
            not_before=until if pause else None,
            **left,
        )

    def cancel(
        self, number: int, canceller: str, within: Connection | None = None
    ) -> Job:
        """See `JobQueue`."""
        now = database_time(self._engine)
        waits = _jobs.state == JobState.QUEUED.value
        asked = (
            update(jobs_table)
            .where(_jobs.number == number, _is_open())
            .values(
                state=case((waits, JobState.CANCELLED.value), else_=_jobs.state),
                open_key=None,  # who wishes the same now wants it to be done
                finished=case((waits, now)),
                cancel_asked=func.coalesce(_jobs.cancel_asked, now),
                canceller=func.coalesce(_jobs.canceller, canceller),
            )
            .returning(*jobs_table.columns)
        )
        with self._transaction(within) as connection:
            changed = connection.execute(asked).mappings().first()
            if changed is None:
                raise is_over_already(_known(connection, number))
            job = job_of(changed)
            self._tell_end(connection, job)
            return job

    def retry(self, number: int, within: Connection | None = None) -> Job:
        """See `JobQueue`."""
        may_be = [JobState.QUEUED, JobState.FAILED, JobState.CANCELLED]
        anew = (
            update(jobs_table)
            .where(_jobs.number == number, _jobs.state.in_(may_be))
            .values(
                state=JobState.QUEUED.value,
                open_key=_jobs.key,
                failures=0,
                not_before=None,
                cancel_asked=None,
                canceller=None,
                finished=None,
                waiting_since=None,
            )
            .returning(*jobs_table.columns)
        )
        try:
            with self._transaction(within) as connection:
                changed = connection.execute(anew).mappings().first()
                if changed is None:
                    raise cannot_be_retried(_known(connection, number))
                return job_of(changed)
        except ShardlineError as error:
            if not isinstance(error.__cause__, IntegrityError):
                raise
            raise self._of_same_wish(number) from error

    def list(self, wanted: JobFilter, limit: int) -> list[Job]:
        """See `JobQueue`."""
        newest_first = _jobs.number.desc()
        # An index alone tells which they are, and only their rows are read.
        numbers = select(_jobs.number).where(*_conditions(wanted))
        numbers = numbers.order_by(newest_first).limit(limit)
        newest = select(*LISTED).where(_jobs.number.in_(numbers))
        newest = newest.order_by(newest_first)
        with etl_db_errors(UNUSABLE), self._engine.connect() as connection:
            return [job_of(row) for row in connection.execute(newest).mappings()]

    def show(self, number: int) -> Job:
        """See `JobQueue`."""
        with etl_db_errors(UNUSABLE), self._engine.connect() as connection:
            return _known(connection, number)

    def figures(self) -> QueueFigures:
        """See `JobQueue`."""
        counts = select(_jobs.state, func.count()).group_by(_jobs.state)
        oldest = select(database_time(self._engine), func.min(_jobs.created)).where(
            is_due(self._engine)
        )
        lost = select(func.count()).where(is_expired(self._engine))
        with etl_db_errors(UNUSABLE), self._engine.connect() as connection:
            by_state = {row[0]: row[1] for row in connection.execute(counts)}
            now, created = connection.execute(oldest).one()
            age = (as_utc(now) - as_utc(created)).total_seconds() if created else 0.0
            return QueueFigures(
                {state: by_state.get(state.value, 0) for state in JobState},
                max(age, 0.0),
                connection.scalars(lost).one(),
            )

    @contextmanager
    def _transaction(self, within: Connection | None = None) -> Iterator[Connection]:
        begun = nullcontext(within) if within is not None else self._engine.begin()
        with etl_db_errors(UNUSABLE), begun as connection:
            yield connection

    def _job_of_wish(self, connection: Connection, wish: Wish) -> Job | None:
        if wish.source_id is None:
            return None
        look = (
            select(*jobs_table.columns)
            .join(job_wishes_table, _wishes.job == _jobs.number)
            .where(_wishes.source_id == wish.source_id)
        )
        row = connection.execute(look).mappings().first()
        return job_of(row) if row else None

    def _accept(self, connection: Connection, wish: Wish) -> Job:
        job, is_new = self._job_of_key(connection, wish)
        if wish.source_id is None:
            return job
        named = (
            insert_new(self._engine, job_wishes_table)
            .values(
                source_id=wish.source_id,
                job=job.number,
                made=database_time(self._engine),
            )
            .returning(_wishes.job)
        )
        if connection.scalar(named) is not None:
            return job
        # The same wish came twice at once, and the other was faster.
        if is_new:
            connection.execute(delete(jobs_table).where(_jobs.number == job.number))
        return self._job_of_wish(connection, wish) or job

    def _job_of_key(self, connection: Connection, wish: Wish) -> tuple[Job, bool]:
        """The open job of a wish's key, and whether it has just been made."""
        new = (
            insert_new(self._engine, jobs_table)
            .values(new_row(self._engine, wish))
            .returning(*jobs_table.columns)
        )
        look = select(*jobs_table.columns).where(_jobs.open_key == wish.key)
        for _ in range(TRIES):
            if made := connection.execute(new).mappings().first():
                return job_of(made), True
            if known := connection.execute(look).mappings().first():
                return job_of(known), False
        raise TransientError(f"{UNUSABLE}: jobs of one key end as soon as they begin")

    def _let_go(self, job: Job, **values: Any) -> bool:  # noqa: ANN401 - of columns
        change = (
            update(jobs_table)
            .where(_is_held(job))
            .values(lease=None, **values)
            .returning(*LISTED)
        )
        with self._transaction() as connection:
            row = connection.execute(change).mappings().first()
            if row is not None:
                self._tell_end(connection, job_of(row))
            return row is not None

    def _tell_end(self, connection: Connection, job: Job) -> None:
        if self._at_end and job.state.is_over and job.wish.audit is not None:
            self._at_end(connection, job)

    def _of_same_wish(self, number: int) -> JobError:
        with etl_db_errors(UNUSABLE), self._engine.connect() as connection:
            job = _known(connection, number)
            look = select(_jobs.number).where(_jobs.open_key == job.wish.key)
            return is_open_already(job, connection.scalars(look).first() or number)


def _is_held(job: Job) -> ColumnElement[bool]:
    """Whether a job is still whose it was when it was claimed."""
    return and_(
        _jobs.number == job.number,
        _jobs.worker == job.worker,
        _jobs.attempt == job.attempt,
        _jobs.state == JobState.RUNNING.value,
    )


def _is_open() -> ColumnElement[bool]:
    return _jobs.state.in_([JobState.QUEUED.value, JobState.RUNNING.value])


def _heard(cancelled: Sequence[Row[Any]]) -> Heard:
    if not cancelled:
        return Heard.LOST
    return Heard.GO_ON if cancelled[0][0] is None else Heard.CANCEL


def _known(connection: Connection, number: int) -> Job:
    look = select(*jobs_table.columns).where(_jobs.number == number)
    row = connection.execute(look).mappings().first()
    if row is None:
        raise no_such_job(number)
    return job_of(row)


def _conditions(wanted: JobFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.state:
        yield _jobs.state == wanted.state.value
    if wanted.verb:
        yield _jobs.verb == wanted.verb
    if wanted.asker:
        yield _jobs.asker == wanted.asker
    if wanted.before is not None:
        yield _jobs.number < wanted.before
