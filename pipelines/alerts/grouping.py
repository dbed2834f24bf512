"""Makes the failures in the outbox parts of incidents: one a cause and a night."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from pipelines.alerts.incidents import (
    NO_RECEIPTS,
    VARIOUS,
    Incident,
    count_partitions,
    incident_columns,
    leave_out,
)
from pipelines.alerts.outbox import Alert, ungrouped
from pipelines.alerts.sender_lease import Lease
from pipelines.etl_db import alerts_table, incidents_table

BATCH = 500
"""How many failures are grouped in one transaction."""

ONE_NIGHT = timedelta(hours=18)
"""How long an incident takes in failures. The next night's make a new one, since a
message that is edited wakes nobody."""

NEXT_NIGHT = timedelta(hours=36)
"""How much later an incident may begin and still go on with a row of nights."""

MOST_CAUSES = 20
"""How many incidents a family opens in one night; what else it fails of shares one."""


Mended = Callable[[Sequence[Alert]], Collection[int]]
"""Tells the numbers of those failures that are mended."""


def group_alerts(lease: Lease, mended: Mended = lambda _: ()) -> None:
    """Make every failure in the outbox part of an incident, some at a time.

    Args:
        lease: The right to do so.
        mended: Tells what is left out, since it was mended before anybody was told.

    Raises:
        LeaseLostError: Another sender has taken over.
        ShardlineError: The ETL database cannot be used.
    """
    while _group_some(lease, mended) == BATCH:
        pass


def _group_some(lease: Lease, mended: Mended) -> int:
    some = ungrouped(lease.engine, BATCH)
    # Asked before the transaction, which others wait for.
    over = mended(some) if some else ()
    left = [alert for alert in some if alert.id not in over]
    left.sort(key=lambda a: (a.family, a.fingerprint, a.happened, a.shard or ""))
    with lease.held() as connection:
        if over:
            leave_out(connection, list(over))
        for _, same in groupby(left, key=lambda a: (a.family, a.fingerprint)):
            _group_one_cause(connection, list(same))
    return len(some)


def _group_one_cause(connection: Connection, left: list[Alert]) -> None:
    """Join failures of one cause, oldest first, to an incident of each night."""
    while left:
        incident = _incident_for(connection, left[0])
        joined = [a for a in left if abs(a.happened - incident.opened) < ONE_NIGHT]
        left = left[len(joined) :]
        _join(connection, incident, joined)


def _incident_for(connection: Connection, alert: Alert) -> Incident:
    """The open incident that a failure belongs to, made if there is none."""
    if found := _find(connection, alert, alert.fingerprint):
        return found
    if not _are_many(connection, alert):
        return _make(connection, alert, alert.fingerprint)
    return _find(connection, alert, VARIOUS) or _make(connection, alert, VARIOUS)


def _find(connection: Connection, alert: Alert, fingerprint: str) -> Incident | None:
    query = (
        select(*incident_columns(connection.engine))
        .where(_open_that_night(alert), incidents_table.c.fingerprint == fingerprint)
        .order_by(incidents_table.c.opened.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return Incident.of(row) if row else None


def _are_many(connection: Connection, alert: Alert) -> bool:
    query = select(func.count()).where(_open_that_night(alert))
    return (connection.scalar(query) or 0) >= MOST_CAUSES


def _open_that_night(alert: Alert) -> ColumnElement[bool]:
    """The incidents of a failure's family and night that are open."""
    return and_(
        incidents_table.c.family == alert.family,
        incidents_table.c.closed.is_(None),
        incidents_table.c.opened > alert.happened - ONE_NIGHT,
        incidents_table.c.opened < alert.happened + ONE_NIGHT,
    )


def _make(connection: Connection, alert: Alert, fingerprint: str) -> Incident:
    row = _latest_of_row(connection, alert, fingerprint)
    mute = row if row and row.muted else None
    values = {
        "family": alert.family,
        "fingerprint": fingerprint,
        "error": alert.error,
        "code": alert.code,
        "message": alert.message,
        "step": alert.step,
        "opened": alert.happened,
        "last_seen": alert.happened,
        "running_since": row.running_since if row else alert.happened,
        # A mute is of a cause, which ends no sooner for failing again.
        "muted_until": mute.muted_until if mute else None,
        "muted_by": mute.muted_by if mute else None,
        "partitions": 0,
        "receipts": NO_RECEIPTS,
    }
    new = insert(incidents_table).values(values)
    made = new.returning(*incident_columns(connection.engine))
    return Incident.of(connection.execute(made).mappings().one())


def _latest_of_row(
    connection: Connection, alert: Alert, fingerprint: str
) -> Incident | None:
    """The latest incident of the row of nights that a failure belongs to.

    It may have begun later the same night: not all is recorded in the order in which it
    happened.
    """
    query = (
        select(*incident_columns(connection.engine))
        .where(
            incidents_table.c.family == alert.family,
            incidents_table.c.fingerprint == fingerprint,
            incidents_table.c.opened < alert.happened + ONE_NIGHT,
            incidents_table.c.opened > alert.happened - NEXT_NIGHT,
        )
        .order_by(incidents_table.c.opened.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return Incident.of(row) if row else None


def _join(connection: Connection, incident: Incident, joined: Sequence[Alert]) -> None:
    ids = [alert.id for alert in joined]
    moments = [incident.last_seen, *(alert.happened for alert in joined)]
    connection.execute(
        update(alerts_table)
        .where(alerts_table.c.id.in_(ids))
        .values(incident=incident.number)
    )
    connection.execute(
        update(incidents_table)
        .where(incidents_table.c.number == incident.number)
        .values(opened=min(incident.opened, *moments), last_seen=max(moments))
    )
    count_partitions(connection, incident.number)
