"""What Luigi asks whether a task is complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import luigi

from pipelines.catalog import Partition, Shard, Span, Table, is_day_ready
from pipelines.config import Settings
from pipelines.warehouse import cached_markers


@dataclass(frozen=True)
class MarkerTarget(luigi.Target):
    """The marker of one partition in the warehouse."""

    settings: Settings
    partition: Partition

    def exists(self) -> bool:
        """Whether it is there."""
        return cached_markers(self.settings.warehouse).has(self.partition)


@dataclass(frozen=True)
class SpanTarget(luigi.Target):
    """The markers of consecutive days of a table in one shard."""

    settings: Settings
    span: Span

    def exists(self) -> bool:
        """Whether none is missing."""
        return cached_markers(self.settings.warehouse).holds(self.span)


@dataclass(frozen=True)
class DayTarget(luigi.Target):
    """The markers of one day of a table, of all shards."""

    settings: Settings
    table: Table
    shards: tuple[Shard, ...]
    day: date

    def exists(self) -> bool:
        """Whether none is missing."""
        present = cached_markers(self.settings.warehouse).sources(self.table, self.day)
        return all(shard.name in present for shard in self.shards)


@dataclass(frozen=True)
class TableTarget(luigi.Target):
    """A table's target and the marker table in the warehouse."""

    settings: Settings
    table: Table

    def exists(self) -> bool:
        """Whether both are there."""
        return cached_markers(self.settings.warehouse).has_table(self.table)


@dataclass(frozen=True)
class EndOfDayTarget(luigi.Target):
    """The end of a day in one time zone, and some time to settle."""

    settings: Settings
    day: date
    time_zone: str

    def exists(self) -> bool:
        """Whether it has passed."""
        return is_day_ready(self.day, self.time_zone, self.settings.load.settle)
