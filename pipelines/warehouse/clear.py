"""Forgetting days: their rows and their markers, by one commit.

Like a load and a reload it touches the target before the markers, so that none of them
waits for another that waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.catalog import DayRange, Table, consecutive_days
from pipelines.config import Warehouse
from pipelines.warehouse.connection import Connection, connect_warehouse
from pipelines.warehouse.loaded_days import read_loaded_days
from pipelines.warehouse.markers import Markers
from pipelines.warehouse.replace import delete_rows_statement
from pipelines.warehouse.rows import count_rows


@dataclass(frozen=True)
class ClearBatch:
    """Days that follow each other, and what the same sources have in them.

    Attributes:
        table: The table.
        days: Which.
        sources: The sources that have a marker or rows.
        markers: How many markers they have.
        rows: How many rows.
    """

    table: Table
    days: DayRange
    sources: tuple[str, ...]
    markers: int
    rows: int


@dataclass
class _Has:
    markers: int = 0
    rows: int = 0


Holdings = dict[date, dict[str, _Has]]
"""What the sources have of each day."""


def read_holdings(
    connection: Connection, options: Warehouse, table: Table, first: date, last: date
) -> Holdings:
    """What is there of some days of a table: two queries.

    Args:
        connection: To the warehouse.
        options: Its options.
        table: The table.
        first: The first day.
        last: The last day, included.
    """
    found: Holdings = {}
    loaded = read_loaded_days(connection, options.markers, table, first, last)
    for source in loaded.sources:
        for day in loaded.days(source):
            found.setdefault(day, {})[source] = _Has(markers=1)
    for (day, source), sessions in count_rows(connection, table, first, last).items():
        has = found.setdefault(day, {}).setdefault(source, _Has())
        has.rows = sum(one.rows for one in sessions.values())
    return found


def clear_batches(
    table: Table, holdings: Holdings, sources: Sequence[str]
) -> Iterator[ClearBatch]:
    """What is to be forgotten together: as few batches as the days allow.

    Args:
        table: The table.
        holdings: What is there of it.
        sources: Those that are to be forgotten.
    """
    wanted = frozenset(sources)
    those = {
        day: tuple(sorted(wanted.intersection(by_source)))
        for day, by_source in holdings.items()
    }
    days = sorted(day for day, present in those.items() if present)
    for run in consecutive_days(days, lambda day: those[day]):
        within = [holdings[day][source] for day in run for source in those[day]]
        yield ClearBatch(
            table=table,
            days=run,
            sources=those[run.first],
            markers=sum(has.markers for has in within),
            rows=sum(has.rows for has in within),
        )


def delete_days(options: Warehouse, batch: ClearBatch) -> tuple[int, int]:
    """Delete a batch's rows and markers; how many markers and rows they were.

    Raises:
        TransientError: Nothing is deleted, and trying again may help; or the commit
            may have happened, and trying again does no harm.
        PermanentError: Nothing is deleted.
    """
    table, sources, days = batch.table, batch.sources, batch.days
    with connect_warehouse(options) as connection:
        markers = Markers(connection, options.markers)
        (rows,) = connection.one_row(delete_rows_statement(table, sources, days), int)
        forgotten = markers.delete(table, sources, days)
        connection.commit()
    return forgotten, int(rows)
