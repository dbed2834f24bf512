"""What the ETL database forgets: rows that are old, and that nothing needs any more.

A table that grows with each run has a rule here, so that no question to it costs more
from year to year.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    Select,
    Table,
    and_,
    delete,
    exists,
    false,
    func,
    not_,
    or_,
    select,
)

from pipelines.etl_db.errors import etl_db_errors
from pipelines.etl_db.sessions import LOADS, UNWRITTEN
from pipelines.etl_db.tables import (
    alerts_table,
    confirmations_table,
    conversations_table,
    followed_jobs_table,
    incidents_table,
    invitations_table,
    job_wishes_table,
    jobs_table,
    sessions_table,
    updates_table,
)

BATCH = 1_000
"""How many rows are deleted by one transaction, which others may have to wait for."""

UPDATES_KEPT = timedelta(days=2)
"""How long an update of a chat is known after its end, should it come again.

Telegram keeps for a day what it was not told to have arrived.
"""

CONVERSATIONS_KEPT = timedelta(days=1)
"""For how long an answer that comes too late is known to be one."""

SECONDS = 5.0
"""For how long a run begins further batches; the next one goes on."""


@dataclass(frozen=True)
class _Aged:
    """A table whose rows are for a time only.

    Attributes:
        table: The table, with a key of one column.
        over: The moment from which a row's age counts; none has not begun.
        needed: Which rows stay, however old they are.
        keep: For how long the others stay, if not for as long as is asked for.
    """

    table: Table
    over: Column[datetime]
    needed: ColumnElement[bool]
    keep: timedelta | None = None


def prune(engine: Engine, keep: timedelta) -> None:
    """Delete what has been over for some time, batch by batch, the oldest first.

    Of the session log, the latest load of each shard stays, and what tells of a day
    of which a failure is not over; so does whatever is open, and what a wish for a job
    that is still known was called. Updates of chats go after `UPDATES_KEPT`, and
    what was asked there after `CONVERSATIONS_KEPT`. No row of the audit ever does.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    now = datetime.now(UTC)
    end = time.monotonic() + SECONDS
    of_runs = (_sessions(), _incidents(), _jobs(), _job_wishes(), _followed_jobs())
    for aged in (*of_runs, *_offers(), _updates(), _conversations()):
        before = now - (aged.keep or keep)
        while time.monotonic() < end and _prune_some(engine, aged, before) == BATCH:
            pass


def _prune_some(engine: Engine, aged: _Aged, before: datetime) -> int:
    """Delete one batch; how many rows that were.

    They are looked for before anything is written, while nobody has to wait.
    """
    (key,) = aged.table.primary_key.columns
    oldest = (
        select(key)
        .where(aged.over < before, not_(aged.needed))
        .order_by(aged.over)
        .limit(BATCH)
        .with_for_update(skip_locked=True)  # those that another run is at
    )
    with etl_db_errors(UNWRITTEN), engine.begin() as connection:
        keys = connection.scalars(oldest).all()
        if keys:
            connection.execute(delete(aged.table).where(key.in_(keys)))
        return len(keys)


def _sessions() -> _Aged:
    one, later = sessions_table, sessions_table.alias()
    has_later_load = exists().where(
        later.c.target_table == one.c.target_table,
        later.c.shard == one.c.shard,
        later.c.started > one.c.started,
        later.c.outcome.in_(LOADS),
    )
    # Only a load is of a shard; the refresh of a report has a target, too.
    is_load = and_(one.c.shard.is_not(None), one.c.outcome.in_(LOADS))
    is_latest_load = and_(is_load, not_(has_later_load))
    # Once for all rows: what failed is asked for neither by day nor by shard.
    failed_days = select(alerts_table.c.day).where(
        alerts_table.c.day.is_not(None),
        or_(alerts_table.c.incident.is_(None), alerts_table.c.incident.in_(_open())),
    )
    has_failed = and_(one.c.day.is_not(None), one.c.day.in_(failed_days))
    return _Aged(one, one.c.finished, or_(is_latest_load, has_failed))


def _incidents() -> _Aged:
    one = incidents_table
    # The greatest number stays: the next incident gets the one after it.
    newest = select(func.max(one.alias().c.number)).scalar_subquery()
    is_untold = and_(one.c.shown.is_not(None), one.c.settled.is_(None))
    has_failures = exists().where(alerts_table.c.incident == one.c.number)
    return _Aged(
        one, one.c.closed, or_(one.c.number == newest, is_untold, has_failures)
    )


def _offers() -> Iterator[_Aged]:
    """What somebody might have accepted or confirmed, in time."""
    for table in (invitations_table, confirmations_table):
        yield _Aged(table, table.c.expires, false())


def _jobs() -> _Aged:
    return _Aged(jobs_table, jobs_table.c.finished, false())


def _job_wishes() -> _Aged:
    one = job_wishes_table
    return _Aged(one, one.c.made, exists().where(jobs_table.c.number == one.c.job))


def _followed_jobs() -> _Aged:
    one = followed_jobs_table
    is_known = exists().where(jobs_table.c.number == one.c.job)
    return _Aged(one, one.c.touched, is_known)


def _updates() -> _Aged:
    one = updates_table
    return _Aged(one, one.c.ended, false(), UPDATES_KEPT)


def _conversations() -> _Aged:
    one = conversations_table
    return _Aged(one, one.c.expires, false(), CONVERSATIONS_KEPT)


def _open() -> Select[tuple[int]]:
    return select(incidents_table.c.number).where(incidents_table.c.closed.is_(None))
