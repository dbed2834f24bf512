"""What this process has seen to be in the warehouse.

Luigi asks each task several times whether it is complete. What is there stays there
for a run, so it is remembered; what is absent never is, since another process may
bring it at any moment.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import TypeVar

from tenacity import Retrying

from pipelines.catalog import Partition, Span, Table
from pipelines.config import Warehouse
from pipelines.errors import TransientError
from pipelines.runtime import ask_with_retries, retrying
from pipelines.warehouse import schema
from pipelines.warehouse.connection import Connection, log_in_warehouse
from pipelines.warehouse.markers import Marker, Markers, MarkersFound, SourceDay

T = TypeVar("T")

ONCE = retrying(TransientError, attempts=1, backoff=0, backoff_max=0)


@cache
def cached_markers(options: Warehouse) -> MarkerCache:
    """This process's cache of the markers; a forked child begins with its parent's."""
    return MarkerCache(options)


class MarkerCache:
    """Remembers what is present, over connections that each process keeps.

    There are as many as threads have asked at a time, one for most processes.

    Attributes:
        tries: How often a question is asked when what fails may pass; once if None.
            After one that got no answer in the end, so are the next, until one gets it.
    """

    def __init__(self, options: Warehouse) -> None:
        """Know nothing yet, and connect when first asked."""
        self.tries: Retrying | None = None
        self._answers = True
        self._options = options
        self._idle: dict[int, list[Connection]] = {}
        self._tables: set[str] = set()
        self._sources: dict[tuple[str, date], set[str]] = {}

    def has_table(self, table: Table) -> bool:
        """Whether a table's target and the marker table are there."""
        if table.target not in self._tables and self.ask(
            lambda connection: schema.tables_exist(
                connection, self._options.markers, table
            )
        ):
            self._tables.add(table.target)
        return table.target in self._tables

    def has(self, partition: Partition) -> bool:
        """Whether a partition's marker is there."""
        return self.holds(Span.of(partition))

    def holds(self, span: Span) -> bool:
        """Whether the markers of all days of a span are there; one query at most."""
        if self._knows(span):
            return True
        self._learn(span.table, span.first, span.last)
        return self._knows(span)

    def unseen(self, span: Span) -> list[date]:
        """The days of a span whose marker this process has not seen."""
        name = span.shard.name
        return [day for day in span.days if name not in self._known(span.table, day)]

    def add(self, partition: Partition) -> None:
        """Remember a marker that this process has just seen."""
        self._known(partition.table, partition.day).add(partition.shard.name)

    def sources(self, table: Table, day: date) -> set[str]:
        """The shards whose marker of that day is there now."""
        self._learn(table, day, day)
        return self._known(table, day)

    def markers(self, table: Table, first: date, last: date) -> dict[SourceDay, Marker]:
        """All markers of a table that are there now, from one day to another."""
        if not self.has_table(table):
            return {}
        return self.ask(
            lambda connection: Markers(connection, self._options.markers).of_days(
                table, first, last
            )
        )

    def of_span(self, span: Span) -> MarkersFound:
        """The markers of a span's days that are there now, by day."""
        if not self.has_table(span.table):
            return {}
        return self.ask(
            lambda connection: Markers(connection, self._options.markers).of_span(span)
        )

    def _knows(self, span: Span) -> bool:
        return not self.unseen(span)

    def _learn(self, table: Table, first: date, last: date) -> None:
        for day, source in self.markers(table, first, last):
            self._known(table, day).add(source)

    def _known(self, table: Table, day: date) -> set[str]:
        return self._sources.setdefault((table.target, day), set())

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Ask, as often as `tries` says.

        Raises:
            TransientError: All attempts failed.
        """
        tries = (self._answers and self.tries) or ONCE
        try:
            answer = ask_with_retries(lambda: self._ask(question), tries)
        except TransientError:
            self._answers = False
            raise
        self._answers = True
        return answer

    def _ask(self, question: Callable[[Connection], T]) -> T:
        """Ask over a kept connection, or over a new one if it has been cut.

        One that a parent left here is its own, and is not touched; one that another
        thread asks over is that thread's until it has its answer.
        """
        idle = self._idle.setdefault(os.getpid(), [])
        if idle:
            kept = idle.pop()
            try:
                return _ask_over(kept, question, idle)
            except TransientError:
                idle.remove(kept)
                kept.close()
        connection = log_in_warehouse(self._options, autocommit=True)
        return _ask_over(connection, question, idle)


def _ask_over(
    connection: Connection, question: Callable[[Connection], T], idle: list[Connection]
) -> T:
    """Ask, and keep the connection if it may be asked again."""
    try:
        answer = question(connection)
    except KeyboardInterrupt:
        connection.cancel()  # It is in the middle of an answer.
        connection.close()
        raise
    except BaseException:
        idle.append(connection)
        raise
    idle.append(connection)
    return answer
