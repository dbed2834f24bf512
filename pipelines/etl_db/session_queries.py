"""Questions to the session log: what was attempted, and what goes on failing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby

from sqlalchemy import ColumnElement, Engine, RowMapping, Select, func, select

from pipelines.etl_db.database import as_utc, database_time
from pipelines.etl_db.errors import etl_db_errors
from pipelines.etl_db.sessions import UNREAD, Outcome
from pipelines.etl_db.tables import sessions_table
from pipelines.etl_db.unclosed_sessions import may_be_alive


class AttemptState(StrEnum):
    """How an attempt ended, or that it goes on."""

    LOADED = Outcome.LOADED.value
    SKIPPED = Outcome.SKIPPED.value
    PRESENT = Outcome.PRESENT.value
    FAILED = Outcome.FAILED.value
    LOST = Outcome.LOST.value
    RUNNING = "running"

    @property
    def unsuccessful(self) -> bool:
        """Whether nothing came of it."""
        return self in {AttemptState.FAILED, AttemptState.LOST}


@dataclass(frozen=True)
class Attempt:
    """A row of the session log.

    Attributes:
        id: The session's number.
        task_name: What was attempted, as Luigi calls it.
        target_table: Which table, if it was a load.
        shard: Which shard.
        day: Which day.
        attempt: Which attempt of its run, from 1.
        host: Where.
        pid: By which process there.
        started: When, in UTC.
        finished: When it ended, in UTC; None if nobody wrote that.
        state: How it ended; one that is open is lost if its process is gone, or has not
            renewed its lease.
        rows: How many rows it loaded; None if it loaded nothing.
        comment: What failed.
    """

    id: int
    task_name: str
    target_table: str | None
    shard: str | None
    day: date | None
    attempt: int
    host: str
    pid: int
    started: datetime
    finished: datetime | None
    state: AttemptState
    rows: int | None
    comment: str | None

    @property
    def task(self) -> tuple[str, ...]:
        """What it has in common with other attempts at the same."""
        if self.target_table and self.shard and self.day:
            return (self.target_table, str(self.day), self.shard)
        return (self.task_name,)


@dataclass(frozen=True)
class AttemptFilter:
    """Which attempts are asked for; what is None or empty does not matter.

    Attributes:
        targets: Tables' targets.
        shards: Names of shards.
        day: The day.
        state: The state.
        since: The earliest start.
    """

    targets: Sequence[str] = ()
    shards: Sequence[str] = ()
    day: date | None = None
    state: AttemptState | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class FailureStreak:
    """Attempts at the same, one after the other, of which nothing came.

    Attributes:
        attempts: How many.
        first: The first of them.
        last: The last of them.
        ended: The attempt that succeeded then, if one has.
    """

    attempts: int
    first: Attempt
    last: Attempt
    ended: Attempt | None


def newest_attempts(engine: Engine, wanted: AttemptFilter, limit: int) -> list[Attempt]:
    """The attempts that are asked for, newest first.

    Args:
        engine: The ETL database.
        wanted: Which.
        limit: How many at most.

    Raises:
        ShardlineError: The log cannot be read.
    """
    query = select(sessions_table).where(*_conditions(wanted))
    ordered = query.order_by(sessions_table.c.started.desc(), sessions_table.c.id)
    found: list[Attempt] = []
    # Which of the open ones are lost is known here only, so the limit is counted here.
    for attempt in _attempts(engine, ordered):
        if wanted.state in {None, attempt.state}:
            found.append(attempt)
        if len(found) == limit:
            break
    return found


def latest_attempts(
    engine: Engine, targets: Iterable[str], first: date, last: date
) -> dict[tuple[str, str, date], Attempt]:
    """The latest attempt at each day of each shard, by target, shard and day.

    Args:
        engine: The ETL database.
        targets: The tables' targets.
        first: The first day.
        last: The last day, included.

    Raises:
        ShardlineError: The log cannot be read.
    """
    key = (sessions_table.c.target_table, sessions_table.c.shard, sessions_table.c.day)
    newest_first = sessions_table.c.started.desc()
    age = func.row_number().over(partition_by=key, order_by=newest_first)
    aged = (
        select(sessions_table, age.label("age"))
        .where(
            sessions_table.c.target_table.in_(list(targets)),
            sessions_table.c.day.between(first, last),
        )
        .subquery()
    )
    query = select(*(aged.c[column.name] for column in sessions_table.c))
    return {
        (attempt.target_table, attempt.shard, attempt.day): attempt
        for attempt in _attempts(engine, query.where(aged.c.age == 1))
        if attempt.target_table and attempt.shard and attempt.day
    }


def failure_streaks(engine: Engine, since: datetime) -> list[FailureStreak]:
    """Every streak of attempts since a moment of which nothing came, newest first.

    Args:
        engine: The ETL database.
        since: The earliest start of an attempt that counts.

    Raises:
        ShardlineError: The log cannot be read.
    """
    query = (
        select(sessions_table)
        .where(sessions_table.c.started >= since)
        .order_by(sessions_table.c.started, sessions_table.c.id)
    )
    by_task: dict[tuple[str, ...], list[Attempt]] = {}
    for attempt in _attempts(engine, query):
        known = by_task.get(attempt.task)
        if known is not None:
            known.append(attempt)
        elif attempt.state.unsuccessful:
            by_task[attempt.task] = [attempt]
    found = [streak for each in by_task.values() for streak in _streaks(each)]
    return sorted(found, key=lambda streak: streak.last.started, reverse=True)


def _streaks(attempts: Sequence[Attempt]) -> Iterator[FailureStreak]:
    """The streaks among the attempts at one task, in the order of their starts."""
    over = [one for one in attempts if one.state is not AttemptState.RUNNING]
    runs = [list(run) for _, run in groupby(over, lambda one: one.state.unsuccessful)]
    for at, run in enumerate(runs):
        if run[0].state.unsuccessful:
            ended = runs[at + 1][0] if at + 1 < len(runs) else None
            yield FailureStreak(len(run), run[0], run[-1], ended)


def _conditions(wanted: AttemptFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.targets:
        yield sessions_table.c.target_table.in_(wanted.targets)
    if wanted.shards:
        yield sessions_table.c.shard.in_(wanted.shards)
    if wanted.day is not None:
        yield sessions_table.c.day == wanted.day
    if wanted.since is not None:
        yield sessions_table.c.started >= wanted.since
    match wanted.state:
        case None:
            pass
        case AttemptState.RUNNING:
            yield sessions_table.c.outcome.is_(None)
        case AttemptState.LOST:
            is_lost = sessions_table.c.outcome == AttemptState.LOST.value
            yield is_lost | sessions_table.c.outcome.is_(None)
        case state:
            yield sessions_table.c.outcome == state.value


def _attempts(engine: Engine, query: Select[*tuple[object, ...]]) -> Iterator[Attempt]:
    with etl_db_errors(UNREAD), engine.connect() as connection:
        now = as_utc(connection.scalars(select(database_time(engine))).one())
        for row in connection.execute(query).mappings():
            yield _attempt(row, now)


def _attempt(row: RowMapping, now: datetime) -> Attempt:
    started, finished = as_utc(row["started"]), row["finished"]
    return Attempt(
        id=row["id"],
        task_name=row["task_name"],
        target_table=row["target_table"],
        shard=row["shard"],
        day=row["day"],
        attempt=row["attempt"],
        host=row["host"],
        pid=row["pid"],
        started=started,
        finished=as_utc(finished) if finished else None,
        state=_state(row, now),
        rows=row["loaded_rows"],
        comment=row["comment"],
    )


def _state(row: RowMapping, now: datetime) -> AttemptState:
    if row["outcome"] is not None:
        return AttemptState(row["outcome"])
    lease = row["lease"]
    is_over = lease is not None and as_utc(lease) <= now
    is_lost = is_over or not may_be_alive(row["host"], row["pid"])
    return AttemptState.LOST if is_lost else AttemptState.RUNNING
