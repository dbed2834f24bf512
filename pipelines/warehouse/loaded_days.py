"""The markers of a table over a range of days, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from pipelines.catalog import ONE_DAY, Table
from pipelines.errors import PermanentError
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.errors import MissingRelationError
from pipelines.warehouse.markers import Marker, Markers

MOST_OCTETS = 1 << 28
"""Most octets that are kept: of a year, those of 30,000 sources."""


class LoadedDays:
    """Which days of which sources have a marker, and what those say.

    A year of 150 shards is 54,750 markers: as objects they would take more than all
    the rest of a process, as three integers each 1.3 MB.

    Attributes:
        first: The first day.
        length: How many days.
    """

    def __init__(self, first: date, last: date) -> None:
        """Know of no marker; both days are included."""
        self.first = first
        self.length = (last - first).days + 1
        self._empty = bytes(8 * self.length)
        # For each source: session, rows and checksum of each day; no session has id 0.
        self._found: dict[str, tuple[array[int], array[int], array[int]]] = {}

    def add(self, source: str, day: date, marker: Marker) -> None:
        """Note a marker."""
        if source not in self._found:
            if (len(self._found) + 1) * 3 * len(self._empty) > MOST_OCTETS:
                raise PermanentError(
                    f"there are markers of more than {len(self._found):,} sources",
                    step="see what is in the marker table, or ask for fewer days",
                )
            self._found[source] = (self._zeros(), self._zeros(), self._zeros())
        etl_ids, rows, checksums = self._found[source]
        at = (day - self.first).days
        etl_ids[at], rows[at], checksums[at] = (
            marker.etl_id,
            marker.rows,
            marker.checksum,
        )

    def find(self, source: str, day: date) -> Marker | None:
        """The marker of a day of a source, if there is one."""
        at = (day - self.first).days
        etl_ids, rows, checksums = self._of(source)
        if not 0 <= at < self.length or not etl_ids[at]:
            return None
        return Marker(etl_ids[at], rows[at], checksums[at])

    def present(self, source: str) -> int:
        """How many days of a source have a marker."""
        return self.length - self._of(source)[0].count(0)

    def with_rows(self, source: str) -> int:
        """How many days of a source have a marker that tells of rows."""
        return self.length - self._of(source)[1].count(0)

    def absent(self, source: str) -> list[int]:
        """The days of a source without a marker, counted from the first, which is 0."""
        etl_ids = self._of(source)[0]
        if 0 not in etl_ids:
            return []
        return [at for at, etl_id in enumerate(etl_ids) if not etl_id]

    def days(self, source: str) -> Iterator[date]:
        """The days of a source with a marker, in order."""
        for at, etl_id in enumerate(self._of(source)[0]):
            if etl_id:
                yield self.first + at * ONE_DAY

    def of_day(self, day: date) -> Iterator[tuple[str, Marker]]:
        """The markers of a day, each with its source."""
        for source in self._found:
            marker = self.find(source, day)
            if marker is not None:
                yield source, marker

    @property
    def sources(self) -> list[str]:
        """Every source with a marker."""
        return list(self._found)

    def _of(self, source: str) -> tuple[array[int], array[int], array[int]]:
        found = self._found.get(source)
        return found or (self._zeros(), self._zeros(), self._zeros())

    def _zeros(self) -> array[int]:
        return array("q", self._empty)


def read_loaded_days(
    connection: Connection, markers: str, table: Table, first: date, last: date
) -> LoadedDays:
    """The markers of a table that are there now, by one query.

    Args:
        connection: To the warehouse.
        markers: The marker table, as schema.table.
        table: Whose markers.
        first: The first day.
        last: The last day, included.
    """
    found = LoadedDays(first, last)
    with suppress(MissingRelationError):  # then nothing was ever loaded
        for day, source, marker in Markers(connection, markers).each(
            table, first, last
        ):
            found.add(source, day, marker)
    return found
