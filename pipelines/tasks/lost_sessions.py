"""Closing the sessions that a dead process left open, each a failure to be told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from pipelines.alerts import (
    About,
    Event,
    Occasion,
    alert_for_error,
    append_alerts,
    error_kind,
    has_alert_since,
)
from pipelines.catalog import Catalog, Partition, Table
from pipelines.config import Settings
from pipelines.errors import TransientError
from pipelines.etl_db import (
    OpenSession,
    as_utc,
    confirm_session,
    had_ended_before,
    mark_session_lost,
    open_sessions,
)
from pipelines.warehouse import Marker, Markers, connect_warehouse

TRIAGE = (
    "run the day again; if processes end so more often, look for a kill in the log of"
    " the kernel or the container, such as for memory"
)


def close_dead_sessions(settings: Settings, engine: Engine) -> None:
    """Close, from the markers, every session whose process is gone, and tell of it.

    Of a process that may be at work, here or on another host, the session is closed
    once the partition has a marker, since then it has either won or lost. Should it
    be alive, it writes itself how it ended.

    Args:
        settings: Where the markers are.
        engine: The ETL database.

    Raises:
        ShardlineError: The markers or the log cannot be used.
    """
    # First who is at work, then what is there: so what the dead left is final.
    left_open = open_sessions(engine)
    dead = {one.id for one in left_open if not one.may_be_alive}
    if not left_open:
        return
    with connect_warehouse(settings.warehouse) as connection:
        markers = Markers(connection, settings.warehouse.markers)
        for session in left_open:
            marker = _marker(markers, settings.catalog, session)
            if marker is not None and marker.etl_id == session.id:
                confirm_session(engine, session.id, marker.rows)
                continue
            asked = _asked(engine, session, marker)
            if session.id in dead and (marker is None or asked):
                # Told before it is closed, so that a death in between loses nothing.
                _record_loss(engine, settings.catalog, session, asked)
            if session.id in dead or marker is not None:
                mark_session_lost(engine, session.id)


def _asked(
    engine: Engine, session: OpenSession, marker: Marker | None
) -> datetime | None:
    """When the day was asked for again, if it had this marker when that began.

    Another marker than one from before is that of whoever was first.
    """
    began = as_utc(session.started)
    if marker is None or not had_ended_before(engine, marker.etl_id, began):
        return None
    return began


def _record_loss(
    engine: Engine, catalog: Catalog, session: OpenSession, asked: datetime | None
) -> None:
    """Put the loss in the outbox, unless whoever saw the process die has done so."""
    table = _table(catalog, session)
    subject = table.name if table else session.target_table
    started = as_utc(session.started)
    if has_alert_since(engine, subject, session.day, session.shard, started):
        return
    # Luigi's ids begin with the task's family.
    family, _, _ = session.task_name.partition("_")
    about = About(
        family=error_kind(family.removesuffix("Shard"), subject),
        task_id=session.task_name,
        subject=subject,
        day=session.day,
        shard=session.shard,
        triage=TRIAGE,
        asked=asked,
    )
    lost = TransientError(f"its process ended without a word on {session.host}")
    # The session's own number: two runs that find it write one row.
    occasion = Occasion(Event.LOST, run=session.id, session=session.id, again=True)
    append_alerts(engine, [alert_for_error(lost, about, occasion, catalog)])


def _table(catalog: Catalog, session: OpenSession) -> Table | None:
    tables = {table.target: table for table in catalog.tables.values()}
    return tables.get(session.target_table)


def _marker(markers: Markers, catalog: Catalog, session: OpenSession) -> Marker | None:
    table = _table(catalog, session)
    shard = catalog.shards.get(session.shard)
    if table is None or shard is None:
        return None
    return markers.find(Partition(table, shard, session.day))
