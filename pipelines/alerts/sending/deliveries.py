"""What is told of incidents already, and what is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    and_,
    delete,
    not_,
    or_,
    select,
    update,
)

from pipelines.alerts.channel import Receipt
from pipelines.alerts.incidents import (
    KEPT,
    NO_RECEIPTS,
    UNUSABLE,
    Incident,
    incident_columns,
    is_muted,
    mute_is_over,
)
from pipelines.alerts.outbox import MENDED
from pipelines.alerts.sender_lease import Lease
from pipelines.etl_db import (
    alerts_table,
    etl_db_errors,
    incidents_table,
    subscriber_receipts_table,
)


def undelivered(engine: Engine, number: int | None = None) -> list[Incident]:
    """The incidents whose message is missing or out of date, oldest first.

    One that ended before anybody was told of it is not worth a word, nor one that is
    muted, unless something of it is shown that people have done something about.

    Args:
        engine: The ETL database.
        number: The one that is asked for; all are if it is None.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    query = select(*incident_columns(engine)).where(_out_of_date(engine))
    if number is not None:
        query = query.where(incidents_table.c.number == number)
    in_turn = query.order_by(incidents_table.c.number)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return [Incident.of(row) for row in connection.execute(in_turn).mappings()]


def anything_undelivered(engine: Engine) -> bool:
    """Whether there is a failure, or a change, that nobody was told of.

    Not that an incident is muted, or what people do about it then: nobody waits for it.
    """
    return anything_new(engine) or _any(
        engine,
        incidents_table.c.number,
        _out_of_date(engine)
        & (incidents_table.c.closed.is_not(None) | not_(is_muted(engine))),
    )


def anything_new(engine: Engine) -> bool:
    """Whether there is a failure that belongs to no incident yet."""
    new = and_(
        alerts_table.c.incident.is_(None), alerts_table.c.due <= datetime.now(UTC)
    )
    return _any(engine, alerts_table.c.id, new)


def anything_open(engine: Engine) -> bool:
    """Whether some incident has not ended."""
    return _any(engine, incidents_table.c.number, incidents_table.c.closed.is_(None))


def _out_of_date(engine: Engine) -> ColumnElement[bool]:
    grown = incidents_table.c.shown_partitions.is_distinct_from(
        incidents_table.c.partitions
    )
    was_shown = or_(
        incidents_table.c.shown_partitions.is_not(None),
        incidents_table.c.receipts != NO_RECEIPTS,  # a part of its first message is
    )
    handled = was_shown & (incidents_table.c.handled != incidents_table.c.shown_handled)
    is_open = incidents_table.c.closed.is_(None)
    return and_(
        incidents_table.c.settled.is_(None),
        or_(
            and_(is_open, not_(is_muted(engine)), grown),
            and_(is_open, handled),
            mute_is_over(engine),
            and_(not_(is_open), was_shown),
        ),
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
    shown: dict[str, object] = {
        "shown_partitions": incident.partitions,
        "shown_handled": incident.handled,
        "shown": now,
    }
    if incident.closed:
        shown["settled"] = now
    _change(lease, incident, shown | _kept(incident, receipts))


def pass_over_handling(lease: Lease, incident: Incident) -> None:
    """Write that what people have done is not told before its next message is.

    Args:
        lease: The right to write it down.
        incident: The incident, as it would have been shown.

    Raises:
        LeaseLostError: Another sender has taken over.
    """
    _change(lease, incident, {"shown_handled": incident.handled})


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


def delete_old_alerts(lease: Lease) -> None:
    """Delete the failures of incidents that ended `KEPT` ago; the incidents stay.

    And those of that age that were mended before anybody was told of them, and what is
    left of subscribers who could not be told of the end.

    Raises:
        LeaseLostError: Another sender has taken over.
        ShardlineError: The ETL database cannot be used.
    """
    before = datetime.now(UTC) - KEPT
    ended = select(incidents_table.c.number).where(
        incidents_table.c.closed < before, not_(_out_of_date(lease.engine))
    )
    mended = (alerts_table.c.incident == MENDED) & (alerts_table.c.due < before)
    shown = subscriber_receipts_table
    with lease.held() as connection:
        connection.execute(
            delete(alerts_table).where(or_(alerts_table.c.incident.in_(ended), mended))
        )
        connection.execute(delete(shown).where(shown.c.incident.in_(ended)))
