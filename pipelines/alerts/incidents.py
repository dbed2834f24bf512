"""Incidents: failures of one family with one cause, under one number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Subquery,
    and_,
    false,
    func,
    or_,
    select,
    update,
)

from pipelines.alerts.channel import Receipt
from pipelines.alerts.outbox import MENDED
from pipelines.errors import ConfigurationError
from pipelines.etl_db import (
    alerts_table,
    as_utc,
    database_time,
    etl_db_errors,
    incidents_table,
)

VARIOUS = "various"
"""The fingerprint of an incident that takes in what has many different causes."""

KEPT = timedelta(weeks=4)
"""How long the outbox keeps the failures of an incident that has ended."""

UNUSABLE = "the incidents cannot be used"

NO_RECEIPTS = "{}"
"""What no channel has shown anything of has for receipts."""


@dataclass(frozen=True)
class Incident:
    """A row of the incidents; the attributes are columns of it.

    Attributes:
        number: What it is called by, in every message.
        error: The exception's type, of its first failure, as are `code`, `message`
            and `step`.
        opened: When it was first seen, and `last_seen` when last.
        running_since: When the row of nights began that this one belongs to.
        partitions: How many different things failed: shards' days, mostly.
        shown: When a channel took its last message; None before the first.
        receipts: What each channel gave for its message.
        closed: When all its markers were seen, or someone closed it.
        acknowledged: When somebody wrote that they see to it: `acknowledged_by`.
        muted_until: Until when nothing new is told of it, as `muted_by` wished.
        shown_partitions: How many were shown; None before the first message, 0 when
            it is to be told anew.
        handled: How often people have done something about it.
        shown_handled: How much of that is shown.
        showing: How often it was to be shown anew, as when a mute is over.
        muted: Whether it was muted when this was read, by the database's clock.
    """

    number: int
    family: str
    fingerprint: str
    error: str
    code: str
    message: str
    step: str
    opened: datetime
    last_seen: datetime
    running_since: datetime
    partitions: int
    shown: datetime | None
    receipts: dict[str, Receipt]
    closed: datetime | None
    acknowledged: datetime | None
    acknowledged_by: str | None
    muted_until: datetime | None
    muted_by: str | None
    shown_partitions: int | None
    handled: int
    shown_handled: int
    showing: int
    muted: bool

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """The incident of a row of `incident_columns`."""
        kept = json.loads(row["receipts"])
        values = {name: row[name] for name in cls.__dataclass_fields__}
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = as_utc(value)
        values["receipts"] = {name: Receipt(text) for name, text in kept.items()}
        values["muted"] = bool(row["muted"])
        return cls(**values)

    @property
    def nights(self) -> int:
        """The how-manieth night in a row this is."""
        nights = (self.opened - self.running_since) / timedelta(days=1)
        return max(round(nights), 0) + 1  # it may take in what failed before the row

    @property
    def is_mute_over(self) -> bool:
        """Whether it was muted, and no sender has seen yet that this is over."""
        return self.muted_until is not None and not self.muted and not self.closed

    @property
    def may_be_muted(self) -> bool:
        """Whether a mute of it silences one cause only."""
        return self.fingerprint != VARIOUS

    @property
    def is_quiet(self) -> bool:
        """Whether it is muted, or was so when it ended."""
        if self.closed:
            return self.muted_until is not None and self.closed < self.muted_until
        return self.muted

    @property
    def is_changed_by_people_only(self) -> bool:
        """Whether its message lacks nothing but what people have done about it."""
        return not self.closed and self.partitions == self.shown_partitions


def incident_columns(engine: Engine) -> list[ColumnElement[Any]]:
    """What an `Incident` is made from."""
    return [*incidents_table.c, is_muted(engine).label("muted")]


def is_muted(engine: Engine) -> ColumnElement[bool]:
    """The incidents, open or not, whose mute lasts."""
    now = database_time(engine)
    return func.coalesce(incidents_table.c.muted_until > now, false())


def mute_is_over(engine: Engine) -> ColumnElement[bool]:
    """The open incidents whose mute's time has come, and no sender has seen it yet."""
    return and_(
        incidents_table.c.closed.is_(None),
        incidents_table.c.muted_until <= database_time(engine),
    )


@dataclass(frozen=True)
class Extent:
    """What all failed of one incident.

    Attributes:
        partitions: How many things: shards' days, mostly.
        shards: How many shards are among them.
        days: How many days, from `first_day` to `last_day`.
        first_shards: Some of the shards that failed first.
        subjects: Some of the tables.
    """

    partitions: int
    shards: int
    days: int
    first_day: date | None
    last_day: date | None
    first_shards: tuple[str, ...]
    subjects: tuple[str, ...]


def partitions(number: int) -> Subquery:
    """The different things that failed of an incident."""
    parts = select(alerts_table.c.subject, alerts_table.c.day, alerts_table.c.shard)
    return parts.where(alerts_table.c.incident == number).distinct().subquery()


def incident_extent(engine: Engine, number: int, named: int) -> Extent:
    """What all failed of an incident.

    Args:
        engine: The ETL database.
        number: Which incident.
        named: How many shards and tables are named.
    """
    parts = partitions(number)
    counts = select(
        func.count().label("partitions"),
        func.count(parts.c.shard.distinct()).label("shards"),
        func.count(parts.c.day.distinct()).label("days"),
        func.min(parts.c.day).label("first_day"),
        func.max(parts.c.day).label("last_day"),
    )
    shards = (
        select(alerts_table.c.shard)
        .where(alerts_table.c.incident == number, alerts_table.c.shard.is_not(None))
        .group_by(alerts_table.c.shard)
        .order_by(func.min(alerts_table.c.happened), alerts_table.c.shard)
        .limit(named)
    )
    subjects = (
        select(parts.c.subject)
        .where(parts.c.subject.is_not(None))
        .distinct()
        .order_by(parts.c.subject)
        .limit(named)
    )
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return Extent(
            **connection.execute(counts).mappings().one(),
            first_shards=tuple(connection.scalars(shards)),
            subjects=tuple(connection.scalars(subjects)),
        )


def list_incidents(engine: Engine, *, also_closed: bool) -> list[Incident]:
    """The incidents that are open, or all that there ever were, by number."""
    query = select(*incident_columns(engine)).order_by(incidents_table.c.number)
    if not also_closed:
        query = query.where(incidents_table.c.closed.is_(None))
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return [Incident.of(row) for row in connection.execute(query).mappings()]


def find_incident(engine: Engine, number: int) -> Incident:
    """The incident of that number.

    Raises:
        ConfigurationError: There is none.
        ShardlineError: The ETL database cannot be used.
    """
    query = select(*incident_columns(engine)).where(incidents_table.c.number == number)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise ConfigurationError(
            f"there is no incident #{number}", step="see `shardline incidents list`"
        )
    return Incident.of(row)


def incidents_of_day(
    engine: Engine, subject: str, shard: str, day: date, limit: int | None = None
) -> list[Incident]:
    """The incidents that a shard's day is a part of, newest first, open and closed.

    A failure of the table's whole day is one of each shard. Of an incident that ended
    `KEPT` ago it is not known any more what it was about.

    Args:
        engine: The ETL database.
        subject: The table.
        shard: The shard.
        day: The day.
        limit: How many at most; all if it is None.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    its = select(alerts_table.c.incident).where(
        alerts_table.c.subject == subject,
        alerts_table.c.day == day,
        or_(alerts_table.c.shard == shard, alerts_table.c.shard.is_(None)),
    )
    query = select(*incident_columns(engine)).where(incidents_table.c.number.in_(its))
    newest_first = query.order_by(incidents_table.c.number.desc()).limit(limit)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return [Incident.of(row) for row in connection.execute(newest_first).mappings()]


def close_incidents(connection: Connection, numbers: Iterable[int]) -> None:
    """Write that incidents have ended, unless they had before."""
    connection.execute(
        update(incidents_table)
        .where(
            incidents_table.c.number.in_(list(numbers)),
            incidents_table.c.closed.is_(None),
        )
        .values(closed=database_time(connection.engine))
    )


def count_partitions(connection: Connection, number: int) -> None:
    """Write how many different things have failed of an incident."""
    count = select(func.count()).select_from(partitions(number)).scalar_subquery()
    change = update(incidents_table).where(incidents_table.c.number == number)
    connection.execute(change.values(partitions=count))


def leave_out(
    connection: Connection, alerts: Sequence[int], number: int | None = None
) -> None:
    """Have nobody told of failures that were mended before.

    Args:
        connection: To the ETL database.
        alerts: Their numbers.
        number: The incident that they are a part of, if they are of one.
    """
    those = alerts_table.c.id.in_(alerts)
    of_it = alerts_table.c.incident.is_not_distinct_from(number)
    connection.execute(update(alerts_table).where(those, of_it).values(incident=MENDED))
    if number is not None:
        count_partitions(connection, number)
