"""Closing the sessions that a dead process left open."""

from __future__ import annotations

from sqlalchemy import Engine

from pipelines import sessions
from pipelines.catalog import Catalog, Partition
from pipelines.sessions import OpenSession, Outcome
from pipelines.settings import Settings
from pipelines.warehouse.connection import connect
from pipelines.warehouse.markers import Marker, Markers


def close_dead_sessions(settings: Settings, engine: Engine) -> int:
    """Close, from the markers, every session whose process is gone.

    A process of another host cannot be asked; its session is closed once the
    partition has a marker, since then it has either won or lost.

    Args:
        settings: Where the markers are.
        engine: The ETL database.

    Returns:
        How many sessions were closed.
    """
    left_open = sessions.still_open(engine)
    if not left_open:
        return 0
    closed = 0
    with connect(settings.warehouse) as connection:
        markers = Markers(connection, settings.warehouse.markers)
        for session in left_open:
            marker = _marker(markers, settings.catalog, session)
            closed += _close(engine, session, marker)
    return closed


def _marker(markers: Markers, catalog: Catalog, session: OpenSession) -> Marker | None:
    tables = {table.target: table for table in catalog.tables.values()}
    table = tables.get(session.target_table)
    shard = catalog.shards.get(session.shard)
    if table is None or shard is None:
        return None
    return markers.find(Partition(table, shard, session.day))


def _close(engine: Engine, session: OpenSession, marker: Marker | None) -> bool:
    if marker is not None and marker.etl_id == session.id:
        sessions.confirm(engine, session.id, marker.rows)
    elif session.runs_here or (marker is None and session.is_elsewhere):
        return False
    else:
        sessions.close(
            engine, session.id, Outcome.LOST, comment="its process ended without a word"
        )
    return True
