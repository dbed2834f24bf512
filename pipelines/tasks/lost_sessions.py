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
from pipelines.catalog import Partition, Report, Table
from pipelines.config import Settings
from pipelines.errors import TransientError
from pipelines.etl_db import (
    OpenSession,
    as_utc,
    confirm_session,
    has_begun_since,
    has_ended_since,
    mark_session_lost,
    open_sessions,
    was_loaded_before,
)
from pipelines.reporting import ReportMarker, ReportMarkers
from pipelines.warehouse import (
    Connection,
    Marker,
    Markers,
    MissingRelationError,
    connect_warehouse,
)

TRIAGE = (
    "run the day again, or refresh it; if processes end so more often, look for a kill"
    " in the log of the kernel or the container, such as for memory"
)


def close_dead_sessions(settings: Settings, engine: Engine) -> None:
    """Close, from the markers, every session whose process is gone, and tell of it.

    One of a table, shard or report that the catalog lacks may be of another catalog on
    the same ETL database, whose runs know its marker: it is left to them at first.

    One of another host is closed, too, once an attempt that ended later has brought the
    same: it has either won or lost then. Should its process be alive after all, that
    writes how it ended itself.

    Args:
        settings: Where the markers are.
        engine: The ETL database.

    Raises:
        ShardlineError: The markers or the log cannot be used.
    """
    # First who is at work, then what is there: so what the dead left is final.
    left_open = [
        one
        for one in open_sessions(engine)
        if one.abandoned or _is_known(settings, one)
    ]
    dead = {one.id for one in left_open if not one.may_be_alive}
    if not left_open:
        return
    with connect_warehouse(settings.warehouse) as connection:
        for session in left_open:
            marker = _marker(connection, settings, session)
            if marker is not None and marker.etl_id == session.id:
                confirm_session(engine, session.id, marker.rows)
                continue
            asked = _asked(engine, session, marker)
            is_done = marker is not None and asked is None
            if session.id in dead and not is_done:
                # Told before it is closed, so that a death in between loses nothing.
                _record_loss(engine, settings, session, asked)
            if session.id in dead or (is_done and not session.is_local):
                mark_session_lost(engine, session.id)


def _is_known(settings: Settings, session: OpenSession) -> bool:
    """Whether the catalog has what it is of, so that its marker can be asked for."""
    if session.shard is None:
        return _report(settings, session) is not None
    is_known = session.shard in settings.catalog.shards
    return is_known and _table(settings, session) is not None


def _asked(
    engine: Engine, session: OpenSession, marker: Marker | ReportMarker | None
) -> datetime | None:
    """When the work was asked for, if this marker does not stand for it.

    For a day that was missing any stands that has come since. One that was there was to
    be replaced by what was read later, so only an attempt that began since does.
    """
    began = as_utc(session.started)
    if marker is None or has_begun_since(engine, marker.etl_id, began):
        return None
    of = (session.target_table, session.day, session.shard)
    was_missing = not was_loaded_before(engine, *of, began)
    if was_missing and has_ended_since(engine, marker.etl_id, began):
        return None
    return began


def _record_loss(
    engine: Engine, settings: Settings, session: OpenSession, asked: datetime | None
) -> None:
    """Put the loss in the outbox, unless whoever saw the process die has done so."""
    entry = _table(settings, session) or _report(settings, session)
    subject = entry.name if entry else session.target_table
    started = as_utc(session.started)
    of = (subject, session.day, session.shard)
    if has_alert_since(engine, *of, started, again=asked is not None):
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
    append_alerts(engine, [alert_for_error(lost, about, occasion, settings.catalog)])


def _table(settings: Settings, session: OpenSession) -> Table | None:
    """The table that was loaded, if one was and is known."""
    tables = {table.target: table for table in settings.catalog.tables.values()}
    return tables.get(session.target_table) if session.shard else None


def _report(settings: Settings, session: OpenSession) -> Report | None:
    """The report that was refreshed, if one was and is known."""
    reports = {report.target: report for report in settings.report_entries.values()}
    return None if session.shard else reports.get(session.target_table)


def _marker(
    connection: Connection, settings: Settings, session: OpenSession
) -> Marker | ReportMarker | None:
    """What says whose work is in the warehouse, if anybody's is."""
    table, report = _table(settings, session), _report(settings, session)
    shard = settings.catalog.shards.get(session.shard or "")
    try:
        if table and shard:
            markers = Markers(connection, settings.warehouse.markers)
            return markers.find(Partition(table, shard, session.day))
        if report:
            return ReportMarkers(connection, settings).find(report.name, session.day)
    except MissingRelationError:  # nobody has made the markers yet
        return None
    return None
