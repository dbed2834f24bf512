"""Failures of one family with one cause are one incident, with one number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Self

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Subquery,
    and_,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from pipelines.alerts.channel import Receipt
from pipelines.alerts.lease import Lease
from pipelines.alerts.outbox import Alert, ungrouped, utc
from pipelines.database import alerts, incidents
from pipelines.database_faults import translated

BATCH = 500
"""How many failures are grouped in one transaction."""

ONE_NIGHT = timedelta(hours=18)
"""How long an incident takes in failures. The next night's make a new one, since a
message that is edited wakes nobody."""

NEXT_NIGHT = timedelta(hours=36)
"""How much later an incident may begin and still go on with a row of nights."""

MOST_CAUSES = 20
"""How many incidents a family opens in one night; what else it fails of shares one."""

VARIOUS = "various"
"""The fingerprint of that one."""

TOLD = "the incidents cannot be used"


@dataclass(frozen=True)
class Incident:
    """A row of the incidents; the attributes are its columns.

    Attributes:
        number: What it is called by, in every message.
        error: The exception's type, of its first failure, as are `code`, `message`
            and `step`.
        opened: When it was first seen, and `last_seen` when last.
        running_since: When the row of nights began that this one belongs to.
        partitions: How many different things failed: shards' days, mostly.
        shown_partitions: How many of them the last message shows; None before it.
        shown: When that was.
        receipts: What each channel gave for its message.
        closed: When all its markers were seen, or someone closed it.
        settled: When nothing more was left to be told of it.
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
    shown_partitions: int | None
    shown: datetime | None
    receipts: dict[str, Receipt]
    closed: datetime | None
    settled: datetime | None

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """The incident of a row."""
        kept = json.loads(row["receipts"])
        values = {name: row[name] for name in cls.__dataclass_fields__}
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = utc(value)
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


def group(lease: Lease) -> None:
    """Make every failure in the outbox part of an incident, some at a time.

    Raises:
        LeaseLostError: Another sender has taken over.
        ShardlineError: The ETL database cannot be used.
    """
    while _group_some(lease) == BATCH:
        pass


def _group_some(lease: Lease) -> int:
    with lease.held() as connection:
        some = ungrouped(connection, BATCH)
        by_cause = sorted(
            some, key=lambda a: (a.family, a.fingerprint, a.happened, a.shard or "")
        )
        for _, same in groupby(by_cause, key=lambda a: (a.family, a.fingerprint)):
            left = list(same)
            while left:
                incident = _incident_for(connection, left[0])
                joined = [a for a in left if _same_night(incident.opened, a.happened)]
                left = left[len(joined) :]
                _join(connection, incident, joined)
    return len(some)


def _same_night(opened: datetime, happened: datetime) -> bool:
    return abs(happened - opened) < ONE_NIGHT


def _incident_for(connection: Connection, alert: Alert) -> Incident:
    """The open incident that a failure belongs to, made if there is none."""
    open_now = _open_one(connection, alert, alert.fingerprint)
    if open_now is None and _many_causes(connection, alert):
        open_now = _open_one(connection, alert, VARIOUS)
        return open_now or _open(connection, alert, VARIOUS)
    return open_now or _open(connection, alert, alert.fingerprint)


def _open_one(
    connection: Connection, alert: Alert, fingerprint: str
) -> Incident | None:
    query = (
        select(incidents)
        .where(
            incidents.c.family == alert.family,
            incidents.c.fingerprint == fingerprint,
            incidents.c.closed.is_(None),
            incidents.c.opened > alert.happened - ONE_NIGHT,
            incidents.c.opened < alert.happened + ONE_NIGHT,
        )
        .order_by(incidents.c.opened.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return Incident.of(row) if row else None


def _many_causes(connection: Connection, alert: Alert) -> bool:
    query = select(func.count()).where(
        incidents.c.family == alert.family,
        incidents.c.closed.is_(None),
        incidents.c.opened > alert.happened - ONE_NIGHT,
        incidents.c.opened < alert.happened + ONE_NIGHT,
    )
    return (connection.scalar(query) or 0) >= MOST_CAUSES


def _open(connection: Connection, alert: Alert, fingerprint: str) -> Incident:
    values = {
        "family": alert.family,
        "fingerprint": fingerprint,
        "error": alert.error,
        "code": alert.code,
        "message": alert.message,
        "step": alert.step,
        "opened": alert.happened,
        "last_seen": alert.happened,
        "running_since": _running_since(connection, alert, fingerprint),
        "partitions": 0,
        "receipts": "{}",
    }
    made = insert(incidents).values(values).returning(incidents)
    return Incident.of(connection.execute(made).mappings().one())


def _running_since(connection: Connection, alert: Alert, fingerprint: str) -> datetime:
    """When the first of the nights was that this one follows without a break."""
    query = (
        select(incidents.c.opened, incidents.c.running_since)
        .where(
            incidents.c.family == alert.family,
            incidents.c.fingerprint == fingerprint,
            incidents.c.opened <= alert.happened,
            incidents.c.opened > alert.happened - NEXT_NIGHT,
        )
        .order_by(incidents.c.opened.desc())
        .limit(1)
    )
    before = connection.execute(query).first()
    return utc(before.running_since) if before else alert.happened


def _join(connection: Connection, incident: Incident, joined: Sequence[Alert]) -> None:
    ids = [alert.id for alert in joined]
    moments = [incident.last_seen, *(alert.happened for alert in joined)]
    connection.execute(
        update(alerts).where(alerts.c.id.in_(ids)).values(incident=incident.number)
    )
    distinct = _partitions(incident.number)
    connection.execute(
        update(incidents)
        .where(incidents.c.number == incident.number)
        .values(
            opened=min(incident.opened, *moments),
            last_seen=max(moments),
            partitions=select(func.count()).select_from(distinct).scalar_subquery(),
        )
    )


def _partitions(number: int) -> Subquery:
    parts = select(alerts.c.subject, alerts.c.day, alerts.c.shard)
    return parts.where(alerts.c.incident == number).distinct().subquery()


def extent(engine: Engine, number: int, named: int) -> Extent:
    """What all failed of an incident.

    Args:
        engine: The ETL database.
        number: Which incident.
        named: How many shards and tables are named.
    """
    parts = _partitions(number)
    counts = select(
        func.count().label("partitions"),
        func.count(parts.c.shard.distinct()).label("shards"),
        func.count(parts.c.day.distinct()).label("days"),
        func.min(parts.c.day).label("first_day"),
        func.max(parts.c.day).label("last_day"),
    )
    shards = (
        select(alerts.c.shard)
        .where(alerts.c.incident == number, alerts.c.shard.is_not(None))
        .group_by(alerts.c.shard)
        .order_by(func.min(alerts.c.happened), alerts.c.shard)
        .limit(named)
    )
    subjects = (
        select(parts.c.subject)
        .where(parts.c.subject.is_not(None))
        .distinct()
        .order_by(parts.c.subject)
        .limit(named)
    )
    with translated(TOLD), engine.connect() as connection:
        return Extent(
            **connection.execute(counts).mappings().one(),
            first_shards=tuple(connection.scalars(shards)),
            subjects=tuple(connection.scalars(subjects)),
        )


def of(engine: Engine, *, also_closed: bool) -> list[Incident]:
    """The incidents that are open, or all that there ever were, by number."""
    query = select(incidents).order_by(incidents.c.number)
    if not also_closed:
        query = query.where(incidents.c.closed.is_(None))
    with translated(TOLD), engine.connect() as connection:
        return [Incident.of(row) for row in connection.execute(query).mappings()]


def untold(engine: Engine) -> list[Incident]:
    """The incidents whose message is missing or out of date, oldest first.

    One that ended before anybody was told of it is not worth a word.
    """
    query = select(incidents).where(_out_of_date()).order_by(incidents.c.number)
    with translated(TOLD), engine.connect() as connection:
        return [Incident.of(row) for row in connection.execute(query).mappings()]


def anything_untold(engine: Engine) -> bool:
    """Whether there is a failure, or a change, that nobody was told of."""
    new = and_(alerts.c.incident.is_(None), alerts.c.due <= datetime.now(UTC))
    return _any(engine, alerts.c.id, new) or _any(
        engine, incidents.c.number, _out_of_date()
    )


def anything_open(engine: Engine) -> bool:
    """Whether some incident has not ended."""
    return _any(engine, incidents.c.number, incidents.c.closed.is_(None))


def _out_of_date() -> ColumnElement[bool]:
    grown = incidents.c.shown_partitions.is_distinct_from(incidents.c.partitions)
    told_of = incidents.c.shown_partitions.is_not(None)
    is_open = incidents.c.closed.is_(None)
    return and_(
        incidents.c.settled.is_(None),
        or_(and_(is_open, grown), and_(not_(is_open), told_of)),
    )


def _any(engine: Engine, column: Column[int], condition: ColumnElement[bool]) -> bool:
    query = select(column).where(condition).limit(1)
    with translated(TOLD), engine.connect() as connection:
        return connection.scalar(query) is not None


def note_shown(lease: Lease, incident: Incident, receipts: dict[str, Receipt]) -> None:
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


def keep(lease: Lease, incident: Incident, receipts: dict[str, Receipt]) -> None:
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
    change = update(incidents).where(incidents.c.number == incident.number)
    with lease.held() as connection:
        connection.execute(change.values(values))


def close(connection: Connection, numbers: Iterable[int]) -> None:
    """Write that incidents have ended, unless they had before."""
    connection.execute(
        update(incidents)
        .where(incidents.c.number.in_(list(numbers)), incidents.c.closed.is_(None))
        .values(closed=datetime.now(UTC))
    )


def close_by_hand(engine: Engine, number: int) -> bool:
    """Write that someone has seen to an incident; whether it was open."""
    now = datetime.now(UTC)
    change = (
        update(incidents)
        .where(incidents.c.number == number, incidents.c.closed.is_(None))
        .values(closed=now, settled=now)
    )
    with translated(TOLD), engine.begin() as connection:
        return connection.execute(change).rowcount == 1
