"""Markers: which day of which shard is in the warehouse.

A marker is inserted last, in the transaction that holds its rows, into a table whose
primary key ``(target_table, source, day)`` is enforced. So a day is in the warehouse
exactly when its marker is, and can be there once only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import cast

from pipelines.catalog import Partition, Table
from pipelines.templates import Dialect, render
from pipelines.warehouse.connection import Connection

Day = tuple[date, str]
"""A day of one source."""


@dataclass(frozen=True)
class Marker:
    """What is known of a day that is in the warehouse.

    Attributes:
        etl_id: The session that loaded it.
        rows: How many rows it has.
        checksum: The sum of their hashes: see docs/formats.md.
    """

    etl_id: int
    rows: int
    checksum: int


class Markers:
    """The marker table, seen through one connection."""

    def __init__(self, connection: Connection, markers: str) -> None:
        """Use the table `markers`, named as schema.table."""
        self._connection = connection
        schema, _, table = markers.partition(".")
        self._names = {"schema": schema, "markers": table}

    def find(self, partition: Partition) -> Marker | None:
        """The marker of one partition, if it is there."""
        sql = self._render("select_marker", **_key(partition))
        rows = self._connection.query(sql)
        return _marker(rows[0]) if rows else None

    def insert(self, partition: Partition, marker: Marker) -> None:
        """Insert a marker into the open transaction.

        Raises:
            DuplicateKeyError: It is there already; the caller must roll back.
        """
        values = {
            "etl_id": marker.etl_id,
            "rows": marker.rows,
            "checksum": marker.checksum,
        }
        self._connection.query(
            self._render("insert_marker", **_key(partition), **values)
        )

    def of_days(self, table: Table, first: date, last: date) -> dict[Day, Marker]:
        """All markers of a table from one day to another, both included."""
        found = self.each(table, first, last)
        return {(day, source): marker for day, source, marker in found}

    def each(
        self, table: Table, first: date, last: date
    ) -> Iterator[tuple[date, str, Marker]]:
        """Day, source and marker of the same, as they stream in."""
        sql = self._render(
            "select_markers", target=table.target, first=first, last=last
        )
        for day, source, *values in self._connection.stream(sql):
            yield cast(date, day), str(source), _marker(values)

    def _render(self, template: str, **values: object) -> str:
        return render(template, Dialect.VERTICA, **self._names, **values)


def _key(partition: Partition) -> dict[str, object]:
    return {
        "target": partition.table.target,
        "source": partition.shard.name,
        "day": partition.day,
    }


def _marker(values: list[object]) -> Marker:
    etl_id, rows, checksum = cast(list[int], values)
    return Marker(etl_id, rows, checksum)
