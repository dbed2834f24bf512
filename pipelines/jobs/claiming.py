"""Whose turn it is: one job for one worker, within the limits of the servers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    func,
    not_,
    or_,
    select,
    update,
)

from pipelines.etl_db import database_time, jobs_table
from pipelines.jobs.job import Job, JobState, Result
from pipelines.jobs.rows import LISTED, job_of, result_values

CLAIMS = 0x6A6F_6273
"""The number of PostgreSQL's advisory lock that one worker holds while it claims."""

_jobs = jobs_table.c


def claim_job(
    engine: Engine,
    worker: str,
    lease: float,
    limits: Mapping[str, int],
    tell_end: Callable[[Connection, Job], None],
) -> Job | None:
    """Take the job whose turn it is; see `JobQueue.claim`.

    Args:
        engine: The ETL database.
        worker: Who takes it.
        lease: For how long.
        limits: How many jobs at a time may keep a server busy.
        tell_end: Hears, within the transaction, of each job that is over thereby.
    """
    if not _is_anything_to_do(engine):  # as it is mostly: nobody has to wait for that
        return None
    with engine.begin() as connection:
        _wait_for_our_turn(connection)
        for job in _end_cancelled(engine, connection):
            tell_end(connection, job)
        full = _full_servers(engine, connection, limits)
        return _take(engine, connection, worker, lease, full)


def is_expired(engine: Engine) -> ColumnElement[bool]:
    """Whether a job runs whose worker has not renewed its lease."""
    is_running = _jobs.state == JobState.RUNNING.value
    return and_(is_running, _jobs.lease <= database_time(engine))


def is_due(engine: Engine) -> ColumnElement[bool]:
    """Whether a job waits for a worker, and for nothing else."""
    may_begin = or_(
        _jobs.not_before.is_(None), _jobs.not_before <= database_time(engine)
    )
    return and_(_jobs.state == JobState.QUEUED.value, may_begin)


def _is_claimable(engine: Engine) -> ColumnElement[bool]:
    return or_(is_due(engine), is_expired(engine))


def _is_anything_to_do(engine: Engine) -> bool:
    look = select(_jobs.number).where(_is_claimable(engine)).limit(1)
    with engine.connect() as connection:
        return connection.scalar(look) is not None


def _wait_for_our_turn(connection: Connection) -> None:
    """Have nobody else claim until the end of the transaction.

    Two at a time would each see a server with one place left.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(select(func.pg_advisory_xact_lock(CLAIMS)))


def _end_cancelled(engine: Engine, connection: Connection) -> list[Job]:
    """What was to be cancelled and has lost its worker is over, not begun again."""
    ended = (
        update(jobs_table)
        .where(is_expired(engine), _jobs.cancel_asked.is_not(None))
        .values(
            state=JobState.CANCELLED.value,
            open_key=None,
            lease=None,
            finished=database_time(engine),
        )
        .returning(*LISTED)
    )
    return [job_of(row) for row in connection.execute(ended).mappings()]


def _full_servers(
    engine: Engine, connection: Connection, limits: Mapping[str, int]
) -> list[str]:
    at_work = select(_jobs.servers).where(
        _jobs.state == JobState.RUNNING.value, _jobs.lease > database_time(engine)
    )
    busy: Counter[str] = Counter()
    for servers in connection.scalars(at_work):
        busy.update(json.loads(servers))
    return [server for server, most in limits.items() if busy[server] >= most]


def _take(
    engine: Engine,
    connection: Connection,
    worker: str,
    lease: float,
    full: Iterable[str],
) -> Job | None:
    """By one statement, so that whatever happens, a job is one worker's."""
    # A name as it stands in the list of JSON, with its quotation marks.
    is_free = [
        not_(_jobs.servers.contains(json.dumps(server), autoescape=True))
        for server in full
    ]
    whose_turn = (
        select(_jobs.number)
        .where(_is_claimable(engine), *is_free)
        .order_by(_jobs.priority, _jobs.number)
        .limit(1)
        .with_for_update(skip_locked=True)  # one that is just being cancelled
        .scalar_subquery()
    )
    taken = connection.execute(
        update(jobs_table)
        .where(_jobs.number == whose_turn)
        .values(
            state=JobState.RUNNING.value,
            attempt=_jobs.attempt + 1,
            worker=worker,
            lease=database_time(engine, timedelta(seconds=lease)),
            started=database_time(engine),
            not_before=None,
            **result_values(Result(None)),
        )
        .returning(*jobs_table.columns)
    ).first()
    return job_of(taken._mapping) if taken else None  # noqa: SLF001 - SQLAlchemy's name
