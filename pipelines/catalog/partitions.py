"""Partitions, each loaded once, and spans of them, each read by one extract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from pipelines.catalog.day_ranges import Bounds, DayRange, group_days
from pipelines.catalog.tables import Shard, Table
from pipelines.errors import one_line


@dataclass(frozen=True)
class Partition:
    """One day of one table in one shard: the unit that is loaded once."""

    table: Table
    shard: Shard
    day: date

    def __str__(self) -> str:
        """How the partition is called in messages, in one line."""
        return one_line(f"{self.table.name} {self.day} {self.shard.name}")


@dataclass(frozen=True)
class Span:
    """Some days of one table in one shard, each of them loaded once."""

    table: Table
    shard: Shard
    days: DayRange

    @classmethod
    def of(cls, partition: Partition) -> Span:
        """The span of a single day."""
        day = DayRange(partition.day, partition.day)
        return cls(partition.table, partition.shard, day)

    @property
    def first(self) -> date:
        """Its first day."""
        return self.days.first

    @property
    def last(self) -> date:
        """Its last day."""
        return self.days.last

    def __iter__(self) -> Iterator[Partition]:
        """The partition of each day."""
        return (Partition(self.table, self.shard, day) for day in self.days)

    def __len__(self) -> int:
        """How many days it has."""
        return len(self.days)

    def __str__(self) -> str:
        """How the span is called in messages, in one line."""
        return one_line(f"{self.table.name} {self.days} {self.shard.name}")

    def without(self, done: Iterable[date]) -> Span:
        """From the first to the last of the days that are not done; some are not."""
        left = sorted(set(self.days).difference(done)) or [self.last]
        return Span(self.table, self.shard, DayRange(left[0], left[-1]))

    def start_of(self, days: Iterable[date]) -> Span:
        """The first of these days, and those that follow it without a gap."""
        chosen = list(days)
        together = group_days(chosen, 0, Bounds(days=len(chosen), rows=0))
        return Span(self.table, self.shard, together[0])
