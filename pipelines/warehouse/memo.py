"""What this process has seen to be in the warehouse.

Luigi asks each task several times whether it is complete. What is there stays there
for a run, so it is remembered; what is absent never is, since another process may
bring it at any moment.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import TypeVar

from pipelines.catalog import Partition, Table
from pipelines.errors import TransientError
from pipelines.settings import Warehouse
from pipelines.warehouse import schema
from pipelines.warehouse.connection import Connection, log_in
from pipelines.warehouse.markers import Day, Marker, Markers

T = TypeVar("T")


def memo(options: Warehouse) -> Memo:
    """This process's memo of a warehouse; a forked child has its own."""
    return _memo(options, os.getpid())


class Memo:
    """Remembers what is present, over one connection that is kept."""

    def __init__(self, options: Warehouse) -> None:
        """Know nothing yet, and connect when first asked."""
        self._options = options
        self._connection: Connection | None = None
        self._tables: set[str] = set()
        self._sources: dict[tuple[str, date], set[str]] = {}

    def has_table(self, table: Table) -> bool:
        """Whether a table's target and the marker table are there."""
        if table.target not in self._tables and self._ask(
            lambda connection: schema.exists(connection, self._options.markers, table)
        ):
            self._tables.add(table.target)
        return table.target in self._tables

    def has(self, partition: Partition) -> bool:
        """Whether a partition's marker is there."""
        known = self._sources.get((partition.table.target, partition.day), set())
        if partition.shard.name in known:
            return True
        return partition.shard.name in self.sources(partition.table, partition.day)

    def sources(self, table: Table, day: date) -> set[str]:
        """The shards whose marker of that day is there now."""
        sources = {source for _, source in self.markers(table, day, day)}
        self._sources[table.target, day] = sources
        return sources

    def markers(self, table: Table, first: date, last: date) -> dict[Day, Marker]:
        """All markers of a table that are there now, from one day to another."""
        if not self.has_table(table):
            return {}
        return self._ask(
            lambda connection: Markers(connection, self._options.markers).of_days(
                table, first, last
            )
        )

    def _ask(self, question: Callable[[Connection], T]) -> T:
        """Ask over the kept connection, or over a new one if it has been cut."""
        if self._connection is not None:
            try:
                return question(self._connection)
            except TransientError:
                self._connection.close()
                self._connection = None
        self._connection = log_in(self._options, autocommit=True)
        return question(self._connection)


@lru_cache(maxsize=2)
def _memo(options: Warehouse, _pid: int) -> Memo:
    return Memo(options)
