"""Incidents: failures of one family with one cause, under one number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Subquery,
    and_,
    delete,
    func,
    not_,
    or_,
    select,
    update,
)

from pipelines.alerts.channel import Receipt
from pipelines.alerts.outbox import MENDED
from pipelines.alerts.sender_lease import Lease
from pipelines.etl_db import alerts_table, as_utc, etl_db_errors, incidents_table

VARIOUS = "various"
"""The fingerprint of an incident that takes in what has many different causes."""

KEPT = timedelta(weeks=4)
"""How long the outbox keeps the failures of an incident that has ended."""

UNUSABLE = "the incidents cannot be used"


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

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """The incident of a row."""
        kept = json.loads(row["receipts"])
        values = {name: row[name] for name in cls.__dataclass_fields__}
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = as_utc(value)
        values["receipts"] = {name: Receipt(text) for name, text in kept.items()}
        return cls(**values)

    @property
    def nights(self) -> int:
        """The how-manieth night in a row this is."""
        return round((self.opened - self.running_since) / timedelta(days=1)) + 1


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
    query = select(incidents_table).order_by(incidents_table.c.number)
    if not also_closed:
        query = query.where(incidents_table.c.closed.is_(None))
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return [Incident.of(row) for row in connection.execute(query).mappings()]


def undelivered(engine: Engine) -> list[Incident]:
    """The incidents whose message is missing or out of date, oldest first.

    One that ended before anybody was told of it is not worth a word.
    """
    query = (
        select(incidents_table).where(_out_of_date()).order_by(incidents_table.c.number)
    )
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return [Incident.of(row) for row in connection.execute(query).mappings()]


def anything_undelivered(engine: Engine) -> bool:
    """Whether there is a failure, or a change, that nobody was told of."""
    new = and_(
        alerts_table.c.incident.is_(None), alerts_table.c.due <= datetime.now(UTC)
    )
    return _any(engine, alerts_table.c.id, new) or _any(
        engine, incidents_table.c.number, _out_of_date()
    )


def anything_open(engine: Engine) -> bool:
    """Whether some incident has not ended."""
    return _any(engine, incidents_table.c.number, incidents_table.c.closed.is_(None))


def _out_of_date() -> ColumnElement[bool]:
    grown = incidents_table.c.shown_partitions.is_distinct_from(
        incidents_table.c.partitions
    )
    was_shown = incidents_table.c.shown_partitions.is_not(None)
    is_open = incidents_table.c.closed.is_(None)
    return and_(
        incidents_table.c.settled.is_(None),
        or_(and_(is_open, grown), and_(not_(is_open), was_shown)),
    )


def _any(engine: Engine, column: Column[int], condition: ColumnElement[bool]) -> bool:
    query = select(column).where(condition).limit(1)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return connection.scalar(query) is not None


def record_delivered(
    lease: Lease, incident: Incident, receipts: dict[str, Receipt]
) -> None:
    """Write that an incident is shown as it is, and by which messages.

    Args:
        lease: The right to write it down.
        incident: The incident as it was shown.
        receipts: What the channels gave that showed it now.

    Raises:
        LeaseLostError: Another sender has taken over.
    """
    now = datetime.now(UTC)
    settled = now if incident.closed else None
    shown = {"shown_partitions": incident.partitions, "shown": now, "settled": settled}
    _change(lease, incident, shown | _kept(incident, receipts))


def keep_receipts(
    lease: Lease, incident: Incident, receipts: dict[str, Receipt]
) -> None:
    """Keep what channels gave that have shown a part of what they should.

    Raises:
        LeaseLostError: Another sender has taken over.
    """
    _change(lease, incident, _kept(incident, receipts))


def _kept(incident: Incident, receipts: dict[str, Receipt]) -> dict[str, object]:
    known = {**incident.receipts, **receipts}
    texts = {name: receipt.reference for name, receipt in known.items()}
    return {"receipts": json.dumps(texts)}


def _change(lease: Lease, incident: Incident, values: dict[str, object]) -> None:
    change = update(incidents_table).where(incidents_table.c.number == incident.number)
    with lease.held() as connection:
        connection.execute(change.values(values))


def close_incidents(connection: Connection, numbers: Iterable[int]) -> None:
    """Write that incidents have ended, unless they had before."""
    connection.execute(
        update(incidents_table)
        .where(
            incidents_table.c.number.in_(list(numbers)),
            incidents_table.c.closed.is_(None),
        )
        .values(closed=datetime.now(UTC))
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


def delete_old_alerts(lease: Lease) -> None:
    """Delete the failures of incidents that ended `KEPT` ago; the incidents stay.

    And those of that age that were mended before anybody was told of them.

    Raises:
        LeaseLostError: Another sender has taken over.
        ShardlineError: The ETL database cannot be used.
    """
    before = datetime.now(UTC) - KEPT
    ended = select(incidents_table.c.number).where(
        incidents_table.c.closed < before, not_(_out_of_date())
    )
    mended = (alerts_table.c.incident == MENDED) & (alerts_table.c.due < before)
    with lease.held() as connection:
        connection.execute(
            delete(alerts_table).where(or_(alerts_table.c.incident.in_(ended), mended))
        )


def close_incident(engine: Engine, number: int) -> bool:
    """Write that someone has seen to an incident; whether it was open."""
    now = datetime.now(UTC)
    change = (
        update(incidents_table)
        .where(incidents_table.c.number == number, incidents_table.c.closed.is_(None))
        .values(closed=now, settled=now)
    )
    with etl_db_errors(UNUSABLE), engine.begin() as connection:
        return connection.execute(change).rowcount == 1
