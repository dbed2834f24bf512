"""The state of each day of each shard: what the status shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from sqlalchemy import Engine

from pipelines.catalog import Shard, Table, is_day_ready
from pipelines.config import Settings
from pipelines.etl_db import Attempt, AttemptState, latest_attempts
from pipelines.planning.selection import Selection
from pipelines.warehouse import Connection, LoadedDays, read_loaded_days


class DayState(Enum):
    """The state of a day of a shard."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    RUNNING = "running"
    MISSING = "missing"
    WAITING = "not over"


@dataclass(frozen=True)
class Grid:
    """Days across, tables and shards down.

    Attributes:
        days: The days.
        tables: For each table, for each shard, how each of the days is.
    """

    days: tuple[date, ...]
    tables: Mapping[str, Mapping[str, tuple[DayState, ...]]]

    def counts(self, table: str) -> list[Counter[DayState]]:
        """How many shards of a table are in each state, for each of the days."""
        shards = self.tables[table].values()
        return [
            Counter(states[at] for states in shards) for at in range(len(self.days))
        ]

    @property
    def whole(self) -> Counter[DayState]:
        """How many days of shards are in each state, of all tables."""
        whole: Counter[DayState] = Counter()
        for shards in self.tables.values():
            for states in shards.values():
                whole.update(states)
        return whole


def read_grid(
    connection: Connection, engine: Engine, settings: Settings, selection: Selection
) -> Grid:
    """Look at the markers, one query a table, and at the log for what has none.

    Args:
        connection: To the warehouse.
        engine: The ETL database.
        settings: All options.
        selection: What to look at.

    Raises:
        ShardlineError: The warehouse or the log cannot be read.
    """
    first, last = selection.first, selection.last
    targets = [table.target for table in selection.tables]
    # The log first: what ends in between then has its marker.
    attempts = latest_attempts(engine, targets, first, last)
    looking = _Looking(settings, tuple(selection.days), attempts)
    tables = {}
    for table in selection.tables:
        markers = settings.warehouse.markers
        found = read_loaded_days(connection, markers, table, first, last)
        tables[table.name] = {
            shard.name: looking.states(found, table, shard)
            for shard in selection.shards
        }
    return Grid(looking.days, tables)


@dataclass(frozen=True)
class _Looking:
    settings: Settings
    days: tuple[date, ...]
    attempts: Mapping[tuple[str, str, date], Attempt]

    def states(
        self, found: LoadedDays, table: Table, shard: Shard
    ) -> tuple[DayState, ...]:
        return tuple(self._state(found, table, shard, day) for day in self.days)

    def _state(
        self, found: LoadedDays, table: Table, shard: Shard, day: date
    ) -> DayState:
        marker = found.find(shard.name, day)
        if marker is not None:
            return DayState.DONE if marker.rows else DayState.SKIPPED
        attempt = self.attempts.get((table.target, shard.name, day))
        if attempt is not None and attempt.state is AttemptState.RUNNING:
            return DayState.RUNNING
        if attempt is not None and attempt.state.unsuccessful:
            return DayState.FAILED
        ended = is_day_ready(day, shard.time_zone, self.settings.load.settle)
        return DayState.MISSING if ended else DayState.WAITING
