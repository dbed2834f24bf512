"""The rows of a target: how many there are of each day, and their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pipelines.catalog import Partition, Table, half_open
from pipelines.sql import Dialect, render
from pipelines.warehouse.answers import check_day
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.errors import MissingRelationError
from pipelines.warehouse.markers import SourceDay


@dataclass(frozen=True)
class RowCount:
    """How many rows a session has left in a day of a source.

    Attributes:
        rows: All of them.
        keys: How many different keys they have.
    """

    rows: int
    keys: int


@dataclass(frozen=True)
class MovedRow:
    """A row that is there under two days.

    Attributes:
        source: Its shard.
        key: Its key.
        days: The earliest and the latest of them.
    """

    source: str
    key: int
    days: tuple[date, date]


def count_rows(
    connection: Connection, table: Table, first: date, last: date
) -> dict[SourceDay, dict[int, RowCount]]:
    """The rows of each day of each source, by session; one query.

    Args:
        connection: To the warehouse.
        table: Whose target.
        first: The first day.
        last: The last day, included.
    """
    sql = _render("count_rows", table, first, last)
    found: dict[SourceDay, dict[int, RowCount]] = {}
    try:
        for source, day, etl_id, rows, keys in connection.stream(
            *(sql, str, date, int, int, int)
        ):
            check_day(day, first, last, connection.server)
            found.setdefault((day, source), {})[etl_id] = RowCount(rows, keys)
    except MissingRelationError:
        return {}
    return found


def moved_rows(
    connection: Connection, table: Table, first: date, last: date
) -> list[MovedRow]:
    """The rows of some days that are there under two of them; one query."""
    sql = _render("select_moved", table, first, last, key=table.key)
    return [
        MovedRow(source, key, (one, other))
        for source, key, one, other in connection.query(sql, str, int, date, date)
    ]


def partition_values(
    connection: Connection, partition: Partition
) -> Iterator[list[object]]:
    """A partition's rows, in the order of their keys, with the source's columns."""
    table = partition.table
    kinds = (int if column.name == table.key else object for column in table.columns)
    return connection.stream(
        _render(
            "select_values",
            table,
            partition.day,
            partition.day,
            source=partition.shard.name,
            key=table.key,
            columns=[column.name for column in table.columns],
        ),
        *kinds,
        octets=None,
    )


def _render(
    template: str, table: Table, first: date, last: date, **more: object
) -> str:
    schema, name = table.schema_and_table
    start, stop = half_open(first, last)
    return render(
        template,
        Dialect.VERTICA,
        schema=schema,
        table=name,
        date_column=table.date_column,
        start=start,
        stop=stop,
        **more,
    )
