"""The outbox: every failure is a row, from the moment it happened."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Engine, case, func, null, select, update

from pipelines.alerts.fingerprint import fingerprint, normalise
from pipelines.catalog import Catalog
from pipelines.errors import ShardlineError, one_line
from pipelines.etl_db import (
    Columns,
    alerts_table,
    as_utc,
    etl_db_errors,
    insert_or_renew,
    new_id,
)

NO_RUN = 0
"""The run of what waits for its time, and not for the end of a run."""

MENDED = 0
"""The incident of what was mended before anybody was told of it: there is none."""

ANY_TABLE = "LoadTable"
"""The tasks of every table that has no class of its own."""

LONGEST = 4_000
"""Most characters of a message that are kept."""

UNREAD = "the outbox of alerts cannot be read"
UNWRITTEN = "the outbox of alerts cannot be written"


class Event(StrEnum):
    """What told of a failure: Luigi's events by their names, and some of our own."""

    FAILURE = "failure"
    PROCESS_FAILURE = "process failure"
    TIMEOUT = "timeout"
    BROKEN_TASK = "broken task"
    DEPENDENCY_MISSING = "dependency missing"
    NOT_STARTED = "not started"
    """The run ended before Luigi could begin."""
    LATE = "late"
    """A day was not complete by its time."""
    LOST = "lost"
    """A session was left open by a process that is gone."""


@dataclass(frozen=True)
class About:
    """What a failure happened to.

    Attributes:
        family: The kind of task, as the headline calls it.
        task_id: The task, as Luigi calls it.
        subject: The table, or whatever else the task is for.
        day: The day, if it is for one.
        shard: The shard, if it is for one.
        triage: What to do about failures of this family.
        asked: When it was asked for although it had a marker, as a reload does: only
            the marker of a later attempt ends the failure. None if any marker does.
    """

    family: str
    task_id: str
    subject: str | None = None
    day: date | None = None
    shard: str | None = None
    triage: str = ""
    asked: datetime | None = None


def error_kind(family: str, subject: str | None) -> str:
    """How a headline calls a task: tables that have no class are told apart, too."""
    return f"{family} {subject}" if family == ANY_TABLE and subject else family


@dataclass(frozen=True)
class Alert:
    """A row of the outbox; the attributes are its columns.

    Attributes:
        id: Unique; the same for an event that is told again.
        run: Which run it happened in: the same in all of its processes.
        session: The latest attempt in the session log, if there was one.
        error: The type of the exception; of the driver's, where there is one.
        code: The server's number or SQLSTATE, or "".
        message: The exception's text.
        step: What to do next.
        happened: When.
        due: From when on it counts: an attempt that will be repeated is none yet.
        asked: See `About`.
    """

    id: int
    run: int
    session: int | None
    event: Event
    family: str
    task_id: str
    subject: str | None
    day: date | None
    shard: str | None
    error: str
    code: str
    message: str
    step: str
    fingerprint: str
    happened: datetime
    due: datetime
    asked: datetime | None


@dataclass(frozen=True)
class Occasion:
    """When a failure happened, and in which run.

    Attributes:
        event: What told of it.
        run: The run's number, or the lost session's; or `NO_RUN`.
        session: The attempt's number in the session log.
        again: Whether the same event may be told several times for one failure.
        held: How long it waits for the failure to mend itself, or until its run ends.
        happened: When.
    """

    event: Event
    run: int
    session: int | None = None
    again: bool = False
    held: timedelta = timedelta(0)
    happened: datetime = field(default_factory=lambda: datetime.now(UTC))


def alert_for_error(
    error: BaseException, about: About, occasion: Occasion, catalog: Catalog
) -> Alert:
    """The row for an error.

    Args:
        error: What was raised.
        about: What it happened to.
        occasion: When and where.
        catalog: The names that do not make one cause differ from another.
    """
    driver = error.__cause__ if isinstance(error, ShardlineError) else None
    kind = type(driver or error).__name__
    ours = error if isinstance(error, ShardlineError) else None
    message = ours.cause if ours else one_line(str(error)) or kind
    code = ours.code if ours else ""
    steps = [ours.step if ours else "", about.triage]
    cause = normalise(message, _own_names(about, catalog), _all_names(catalog))
    return Alert(
        id=_id(occasion, about) if occasion.again else new_id(),
        run=occasion.run,
        session=occasion.session,
        event=occasion.event,
        family=about.family[:200],
        task_id=about.task_id[:400],
        subject=about.subject,
        day=about.day,
        shard=about.shard,
        error=kind[:200],
        code=code[:32],
        message=message[:LONGEST],
        step="; ".join(step for step in steps if step),
        fingerprint=fingerprint(about.family, kind, code, cause),
        happened=occasion.happened,
        due=occasion.happened + occasion.held,
        asked=about.asked,
    )


def append_alerts(engine: Engine, rows: Sequence[Alert]) -> None:
    """Add rows, in one transaction.

    Of one that is there already the latest telling counts, as long as it belongs to no
    incident: it may be the last attempt's, which waits for no other. What waits is not
    put off by that.

    Raises:
        TransientError: The ETL database does not take them now.
        ConfigurationError: It will not until someone corrects it.
    """
    if not rows:
        return
    is_untold = func.coalesce(alerts_table.c.incident, MENDED) == MENDED
    insert = insert_or_renew(engine, alerts_table, _renewed, is_untold)
    values = [{**asdict(row), "event": row.event.value} for row in rows]
    with etl_db_errors(UNWRITTEN), engine.begin() as connection:
        connection.execute(insert, values)


def _renewed(new: Columns) -> dict[str, ColumnElement[Any]]:
    """What a row gets when it is told again."""
    kept = {"id", "happened"}
    values = {
        name: new[name] for name in Alert.__dataclass_fields__ if name not in kept
    }
    waits = alerts_table.c.incident.is_(None) & (alerts_table.c.due < new.due)
    due = case((waits, alerts_table.c.due), else_=new.due)
    return {**values, "incident": null(), "due": due}


def release_alerts(engine: Engine, run: int) -> None:
    """Let all that a run has recorded count from now on: it makes no more attempts.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    now = datetime.now(UTC)
    held = (alerts_table.c.run == run) & (alerts_table.c.due > now)
    change = update(alerts_table).where(held, alerts_table.c.incident.is_(None))
    with etl_db_errors(UNWRITTEN), engine.begin() as connection:
        connection.execute(change.values(due=now))


def count_alerts(engine: Engine, run: int, task_id: str) -> int:
    """How often a task has failed in a run so far."""
    query = select(func.count()).where(
        alerts_table.c.run == run, alerts_table.c.task_id == task_id[:400]
    )
    with etl_db_errors(UNREAD), engine.connect() as link:
        return link.scalar(query) or 0


def has_alert_since(
    engine: Engine,
    subject: str,
    day: date,
    shard: str | None,
    since: datetime,
    *,
    again: bool,
) -> bool:
    """Whether a failure of a partition, or of a report, since then is in the outbox.

    One of work that was asked for again, if that is wanted: any marker ends others.
    """
    query = select(alerts_table.c.id).where(
        alerts_table.c.subject == subject,
        alerts_table.c.day == day,
        alerts_table.c.shard.is_not_distinct_from(shard),
        alerts_table.c.happened >= since,
        *([alerts_table.c.asked.is_not(None)] if again else []),
    )
    with etl_db_errors(UNREAD), engine.connect() as link:
        return link.scalar(query.limit(1)) is not None


def accept_markers(
    engine: Engine, subject: str, shard: str, days: Sequence[date], read: datetime
) -> None:
    """Let the markers that are there end the failures of some days.

    For days that were asked for again, and have been found to be as the source is.

    Args:
        engine: The ETL database.
        subject: The table.
        shard: The shard.
        days: The days.
        read: When the source was read: what was asked for later may have come later.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    accepted = (
        update(alerts_table)
        .where(
            alerts_table.c.subject == subject,
            alerts_table.c.shard == shard,
            alerts_table.c.day.in_(days),
            alerts_table.c.asked <= read,
        )
        .values(asked=None)
    )
    with etl_db_errors(UNWRITTEN), engine.begin() as connection:
        connection.execute(accepted)


def ungrouped(engine: Engine, limit: int) -> list[Alert]:
    """The oldest rows that count by now and belong to no incident yet.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    columns = (alerts_table.c[name] for name in Alert.__dataclass_fields__)
    query = (
        select(*columns)
        .where(
            alerts_table.c.incident.is_(None), alerts_table.c.due <= datetime.now(UTC)
        )
        .order_by(alerts_table.c.due, alerts_table.c.id)
        .limit(limit)
    )
    with etl_db_errors(UNREAD), engine.connect() as connection:
        return [
            Alert(
                **{
                    **row,
                    "event": Event(row["event"]),
                    "happened": as_utc(row["happened"]),
                    "due": as_utc(row["due"]),
                    "asked": as_utc(row["asked"]) if row["asked"] else None,
                }
            )
            for row in connection.execute(query).mappings()
        ]


def _id(occasion: Occasion, about: About) -> int:
    """The same number for the same event, from 1 to 2**63 - 1."""
    parts = (occasion.run, occasion.event, about.task_id, about.shard, occasion.session)
    key = "\0".join(map(str, parts))
    octets = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(octets) % (2**63 - 1) + 1


def _own_names(about: About, catalog: Catalog) -> list[str]:
    shard = catalog.shards.get(about.shard or "")
    names = [about.task_id, about.shard or ""]
    return [*names, shard.database, shard.server] if shard else names


def _all_names(catalog: Catalog) -> list[str]:
    shards = catalog.shards.values()
    return [name for one in shards for name in (one.name, one.database, one.server)]
