"""Closing the sessions that a dead process left open."""

from __future__ import annotations

from sqlalchemy import Engine

from pipelines import sessions
from pipelines.catalog import Catalog, Partition
from pipelines.sessions import OpenSession
from pipelines.settings import Settings
from pipelines.warehouse.connection import connect
from pipelines.warehouse.markers import Marker, Markers


def close_dead_sessions(settings: Settings, engine: Engine) -> None:
    """Close, from the markers, every session whose process is gone.

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
    left_open = sessions.still_open(engine)
    dead = {one.id for one in left_open if not one.may_be_alive}
    if not left_open:
        return
    with connect(settings.warehouse) as connection:
        markers = Markers(connection, settings.warehouse.markers)
        for session in left_open:
            marker = _marker(markers, settings.catalog, session)
            if marker is not None and marker.etl_id == session.id:
                sessions.confirm(engine, session.id, marker.rows)
            elif marker is not None or session.id in dead:
                sessions.give_up(engine, session.id)


def _marker(markers: Markers, catalog: Catalog, session: OpenSession) -> Marker | None:
    tables = {table.target: table for table in catalog.tables.values()}
    table = tables.get(session.target_table)
    shard = catalog.shards.get(session.shard)
    if table is None or shard is None:
        return None
    return markers.find(Partition(table, shard, session.day))
