"""Replacing days that are in the warehouse, so that readers see the old or the new.

The rows come into a temporary table of the session first, which nobody else sees or
waits for. Then one short transaction deletes the old rows, inserts the new ones and
replaces the markers. Like every other it touches the target before the markers, and
its DELETE takes the target's exclusive lock, which every other replacement waits for.
The markers are deleted by the sessions they had before the rows were read: so rows that
were read earlier never take the place of rows that were read later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pipelines.catalog import DayRange, Span, Table, half_open
from pipelines.errors import PermanentError, TransientError
from pipelines.sql import Dialect, render
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.copy import loaded_columns
from pipelines.warehouse.markers import Marker, Markers

STAGING = "shardline_staging"
"""The temporary table; one session has one of that name."""


def replace_rows(
    connection: Connection,
    markers: Markers,
    span: Span,
    old: Mapping[date, Marker],
    new: Mapping[date, Marker],
) -> None:
    """Put what is staged, and its markers, in the place of a span's days.

    Args:
        connection: Whose session has staged the rows; the caller commits.
        markers: The markers as this connection sees them.
        span: Which days; just those of `new`.
        old: The markers that they had before the rows were read.
        new: Their new markers.

    Raises:
        TransientError: Some of the old markers are gone: what took their place may be
            newer than what is staged.
        PermanentError: Not all rows that were staged have arrived.
        ShardlineError: The warehouse failed; the caller must roll back.
    """
    source = [span.shard.name]
    connection.query(delete_rows_statement(span.table, source, span.days))
    rows = sum(marker.rows for marker in new.values())
    if rows:
        (moved,) = connection.one_row(insert_staged_statement(span.table), int)
        if moved != rows:
            raise PermanentError(
                f"Vertica moved {moved} rows of {rows} from the staging table",
                step="compare the target's columns with the catalog",
            )
    sessions = [marker.etl_id for marker in old.values()]
    if sessions and markers.delete(
        span.table, source, span.days, sessions=sessions
    ) != len(sessions):
        raise TransientError(
            "another run replaced or cleared it while it was read",
            step="read it again",
        )
    markers.insert_all(span, new)


def delete_rows_statement(table: Table, sources: Sequence[str], days: DayRange) -> str:
    """The DELETE of some sources' rows of some days, whichever load brought them."""
    schema, name = table.schema_and_table
    start, stop = half_open(days.first, days.last)
    return render(
        "delete_rows",
        Dialect.VERTICA,
        schema=schema,
        table=name,
        sources=sources,
        date_column=table.date_column,
        start=start,
        stop=stop,
    )


def insert_staged_statement(table: Table) -> str:
    """The INSERT of all that is staged."""
    schema, name = table.schema_and_table
    return render(
        "insert_staged",
        Dialect.VERTICA,
        schema=schema,
        table=name,
        staging=STAGING,
        columns=loaded_columns(table),
    )
