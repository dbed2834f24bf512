"""Markers: which day of which shard is in the warehouse.

A marker is inserted last, in the transaction that holds its rows, into a table whose
primary key ``(target_table, source, day)`` is enforced. So a day is in the warehouse
exactly when its marker is, and can be there once only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.catalog import DayRange, Partition, Span, Table
from pipelines.sql import Dialect, render
from pipelines.warehouse.answers import check_day
from pipelines.warehouse.connection import Connection

SourceDay = tuple[date, str]
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


MarkersFound = dict[date, Marker]
"""The markers of some days of one source."""


class Markers:
    """The marker table, seen through one connection."""

    def __init__(self, connection: Connection, markers: str) -> None:
        """Use the table `markers`, named as schema.table."""
        self._connection = connection
        schema, _, table = markers.partition(".")
        self._names = {"schema": schema, "markers": table}

    def find(self, partition: Partition) -> Marker | None:
        """The marker of one partition, if it is there."""
        return self.of_span(Span.of(partition)).get(partition.day)

    def of_span(self, span: Span) -> dict[date, Marker]:
        """The markers that are there of some days, by day."""
        sql = self._render("select_marker", **_key(span))
        return {
            self._among(day, span.first, span.last): Marker(*values)
            for *values, day in self._connection.query(sql, int, int, int, date)
        }

    def insert_all(self, span: Span, markers: Mapping[date, Marker]) -> None:
        """Insert markers of a span's days into the open transaction, by one statement.

        Raises:
            DuplicateKeyError: One is there already; the caller must roll back.
        """
        days = [
            [day, marker.etl_id, marker.rows, marker.checksum]
            for day, marker in markers.items()
        ]
        self._connection.query(self._render("insert_marker", **_key(span), days=days))

    def delete(
        self,
        table: Table,
        sources: Sequence[str],
        days: DayRange,
        *,
        sessions: Sequence[int] = (),
    ) -> int:
        """Delete some sources' markers of some days, in the open transaction.

        Args:
            table: Whose target.
            sources: Of which shards.
            days: Of which days.
            sessions: Only the markers of these; those of any session if empty.

        Returns:
            How many there were.
        """
        (deleted,) = self._connection.one_row(
            self._render(
                "delete_markers",
                target=table.target,
                sources=sources,
                first=days.first,
                last=days.last,
                sessions=sessions,
            ),
            int,
        )
        return int(deleted)

    def of_days(self, table: Table, first: date, last: date) -> dict[SourceDay, Marker]:
        """All markers of a table from one day to another, both included."""
        found = self.each(table, first, last)
        return {(day, source): marker for day, source, marker in found}

    def each(
        self, table: Table, first: date, last: date
    ) -> Iterator[tuple[date, str, Marker]]:
        """Day, source and marker of the same, as they stream in."""
        sql = self.query(table, first, last)
        for day, source, *values in self._connection.stream(
            *(sql, date, str, int, int, int)
        ):
            yield self._among(day, first, last), source, Marker(*values)

    def _among(self, day: date, first: date, last: date) -> date:
        return check_day(day, first, last, self._connection.server)

    def query(self, table: Table, first: date, last: date) -> str:
        """The statement that reads them."""
        return self._render(
            "select_markers", target=table.target, first=first, last=last
        )

    def _render(self, template: str, **values: object) -> str:
        return render(template, Dialect.VERTICA, **self._names, **values)


def _key(span: Span) -> dict[str, object]:
    return {
        "target": span.table.target,
        "source": span.shard.name,
        "first": span.first,
        "last": span.last,
    }
