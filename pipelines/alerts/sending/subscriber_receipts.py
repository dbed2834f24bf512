"""What those who have subscribed to incidents have been shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    and_,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    true,
    update,
)

from pipelines.alerts.channel import Receipt
from pipelines.alerts.incidents import (
    UNUSABLE,
    Incident,
    incident_columns,
    is_muted,
    mute_is_over,
)
from pipelines.alerts.sender_lease import Lease
from pipelines.alerts.subscriptions import places_of_incident
from pipelines.etl_db import (
    Columns,
    as_utc,
    etl_db_errors,
    incidents_table,
    insert_or_renew,
    subscriber_receipts_table,
)

INCIDENTS = 50
"""How many incidents one pass is about; any of them, so that none waits for others."""

PLACES = 1_000
"""How many places one pass may tell of an incident: more than there is time for."""

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A place where people have subscribed to an incident.

    Attributes:
        name: Such as ``telegram:-1001234567890/5``.
        receipt: What its channel gave for what it shows; empty if that is nothing.
        partitions: How many partitions it shows; None if it shows nothing.
        handled: How much it shows of what people have done about it.
        showing: The `showing` of what it shows.
        tried: When it was last to be told; `NEVER` if it was not yet.
    """

    name: str
    receipt: str
    partitions: int | None
    handled: int | None
    showing: int | None
    tried: datetime

    def is_edit(self, incident: Incident) -> bool:
        """Whether an incident only differs in what people have done about it."""
        shown = (self.partitions, self.showing)
        now = (incident.partitions, incident.showing)
        return bool(self.receipt) and not incident.closed and shown == now


def pending_incidents(
    engine: Engine, number: int | None = None, limit: int = INCIDENTS
) -> list[Incident]:
    """Some incidents that have changed since those who subscribed were told.

    Args:
        engine: The ETL database.
        number: The one that is asked for; all are if it is None.
        limit: How many at most.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    query = select(*incident_columns(engine)).where(_is_pending(engine))
    if number is not None:
        query = query.where(incidents_table.c.number == number)
    some = query.order_by(func.random()).limit(limit)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return [Incident.of(row) for row in connection.execute(some).mappings()]


def _is_pending(engine: Engine) -> ColumnElement[bool]:
    its, shown = incidents_table.c, subscriber_receipts_table.c
    is_open = its.closed.is_(None)
    grown = its.partitions.is_distinct_from(its.offered_partitions)
    return or_(
        and_(
            is_open,
            not_(func.coalesce(mute_is_over(engine), False)),
            or_(
                its.handled != its.offered_handled,
                and_(grown, not_(is_muted(engine))),
            ),
        ),
        and_(not_(is_open), exists().where(shown.incident == its.number)),
    )


def places_to_tell(
    engine: Engine,
    incident: Incident,
    configured: Sequence[str],
    name: str | None = None,
    limit: int = PLACES,
) -> list[Place]:
    """Where an incident is yet to be shown as it is, first where it was tried first.

    One that is over, or muted, is told only where it was shown before.

    Args:
        engine: The ETL database.
        incident: The incident.
        configured: The places that are told otherwise.
        name: The place that is asked for; all are if it is None.
        limit: How many at most.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    shown = subscriber_receipts_table.c
    wanted = places_of_incident(incident.number).subquery()
    joined = wanted.outerjoin(
        subscriber_receipts_table,
        and_(shown.place == wanted.c.place, shown.incident == incident.number),
    )
    query = (
        select(
            wanted.c.place,
            shown.receipt,
            shown.partitions,
            shown.handled,
            shown.showing,
            shown.tried,
        )
        .select_from(joined)
        .where(wanted.c.place.not_in(configured), _differs(incident))
        .order_by(shown.tried.nulls_first(), wanted.c.place)
        .limit(limit)
    )
    if name is not None:
        query = query.where(wanted.c.place == name)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return [
            Place(
                name=row["place"],
                receipt=row["receipt"] or "",
                partitions=row["partitions"],
                handled=row["handled"],
                showing=row["showing"],
                tried=as_utc(row["tried"]) if row["tried"] else NEVER,
            )
            for row in connection.execute(query).mappings()
        ]


def _differs(incident: Incident) -> ColumnElement[bool]:
    """Whether a place does not show an incident as it is, and should."""
    shown = subscriber_receipts_table.c
    has_shown = func.coalesce(shown.receipt, "") != ""
    handled = shown.handled.is_distinct_from(incident.handled)
    if incident.closed:
        return has_shown
    if incident.muted:
        return has_shown & handled
    return or_(handled, shown.partitions.is_distinct_from(incident.partitions))


def record_tried(
    lease: Lease,
    incident: Incident,
    place: Place,
    receipt: Receipt | None,
    *,
    is_told: bool,
) -> None:
    """Write what became of an incident at a place.

    Args:
        lease: The right to write it down.
        incident: The incident as it was to be shown.
        place: Where.
        receipt: What the channel gave, if it gave something.
        is_told: Whether it is not to be told there again before it changes.

    Raises:
        LeaseLostError: Another sender has taken over.
    """
    told = incident if is_told else place
    values = {
        "incident": incident.number,
        "place": place.name,
        "receipt": receipt.reference if receipt else place.receipt,
        "partitions": told.partitions,
        "handled": told.handled,
        "showing": told.showing,
        "tried": datetime.now(UTC),
    }
    if incident.closed and is_told:
        values["receipt"] = ""  # What has been told to be over is not told again.
    new = insert_or_renew(lease.engine, subscriber_receipts_table, _renewed, true())
    with lease.held() as connection:
        connection.execute(new, values)


def _renewed(new: Columns) -> dict[str, ColumnElement[Any]]:
    return {name: new[name] for name in new.keys()}  # noqa: SIM118 - no dict


def forget_told(lease: Lease, told: Sequence[Incident]) -> None:
    """Write of incidents that there is nobody left who is to be told of them now.

    Args:
        lease: The right to write it down.
        told: The incidents as they were told.

    Raises:
        LeaseLostError: Another sender has taken over.
    """
    if not told:
        return
    its = incidents_table.c
    over = [one.number for one in told if one.closed]
    with lease.held() as connection:
        for one in told:
            offered = {"offered_handled": one.handled}
            if not one.muted:  # What it has grown by is told when the mute is over.
                offered["offered_partitions"] = one.partitions
            change = update(incidents_table).where(its.number == one.number)
            connection.execute(change.values(offered))
        its_rows = subscriber_receipts_table.c.incident.in_(over)
        connection.execute(delete(subscriber_receipts_table).where(its_rows))
