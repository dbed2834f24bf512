"""Compares source and warehouse, day by day of each shard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TypeVar

from pipelines.catalog import Shard, Span, Table, group_days, is_day_ready
from pipelines.config import Settings
from pipelines.errors import ConfigurationError, ShardlineError, one_line
from pipelines.load import (
    ask_warehouse,
    describe_undated,
    source_markers,
    undated_of_shard,
)
from pipelines.planning import Selection
from pipelines.verify.compare_values import compare_values
from pipelines.verify.differences import (
    Difference,
    Found,
    Kind,
    compare_counts,
    compare_source,
)
from pipelines.warehouse import (
    Connection,
    LoadedDays,
    RowCount,
    SourceDay,
    count_rows,
    moved_rows,
    read_loaded_days,
)

T = TypeVar("T")

Key = tuple[str, date, str]
"""Table, day and shard."""


@dataclass(frozen=True)
class VerifyOptions:
    """How to verify.

    Attributes:
        deep: Whether to read the warehouse's values back.
        workers: How many shards are read at a time.
        every_source: Whether rows of shards that the catalog lacks count too.
        show: Called with each shard of a table that is done, and how many there are.
    """

    deep: bool
    workers: int
    every_source: bool
    show: Callable[[int, int], None]


@dataclass(frozen=True)
class UndatedShard:
    """A shard that has rows without a date, which no day has."""

    table: Table
    shard: Shard
    rows: int

    @property
    def fails(self) -> bool:
        """Whether the table's entry takes that for a failure."""
        return self.table.undated == "fail"

    def __str__(self) -> str:
        """One line."""
        undated = describe_undated(self.table, self.rows)
        return one_line(f"{self.table.name} {self.shard.name}: {undated}")


@dataclass
class Verdict:
    """What was found.

    Attributes:
        days: How many days of shards were compared with the source.
        rows: How many rows the source has in them.
        differences: What is wrong.
        failures: What could not be compared, and why.
        meanwhile: Days of shards that were loaded anew while they were compared.
        undated: Which shards have rows without a date, and how many.
    """

    days: int = 0
    rows: int = 0
    differences: list[Difference] = field(default_factory=list)
    failures: list[ShardlineError] = field(default_factory=list)
    meanwhile: int = 0
    undated: list[UndatedShard] = field(default_factory=list)

    @property
    def wrong(self) -> list[Key]:
        """The days of shards with something wrong, each once."""
        return list(dict.fromkeys((d.table, d.day, d.shard) for d in self.differences))


def verify(
    settings: Settings,
    selection: Selection,
    how: VerifyOptions,
    only: frozenset[Key] | None,
) -> Verdict:
    """Compare.

    Args:
        settings: Where everything is.
        selection: What to compare.
        how: How.
        only: The days of shards to judge; all of them if None.

    What may pass is tried again, as a load is. What cannot be read, be it a shard or of
    the warehouse a table, is among the verdict's failures.

    Raises:
        ConfigurationError: Nothing can be read until someone corrects it.
    """
    verdict = Verdict()
    for table in selection.tables:
        try:
            _Table(settings, selection, how, table, only).verify(verdict)
        except ConfigurationError:
            raise
        except ShardlineError as error:
            verdict.failures.append(error if error.where else error.at(table.name))
    order = {name: at for at, name in enumerate(settings.catalog.tables)}
    verdict.differences.sort(key=lambda d: (order[d.table], d.day, d.shard))
    return verdict


@dataclass(frozen=True)
class _Table:
    settings: Settings
    selection: Selection
    how: VerifyOptions
    table: Table
    only: frozenset[Key] | None

    def verify(self, verdict: Verdict) -> None:
        loaded = self._markers()
        rows = self._ask(
            lambda link: count_rows(
                link, self.table, self.selection.first, self.selection.last
            )
        )
        found = list(self._of_warehouse(loaded, rows))
        shards: Sequence[Shard] = self.selection.shards
        if self.only is None:
            shards = self._count_undated(verdict)
        changed = list(self._of_sources(shards, loaded, verdict))
        found += changed
        if changed:
            found += self._moved({(d.day, d.shard) for d in changed})
        if not found:
            return
        now = self._markers()
        for difference in found:
            day, shard = difference.day, difference.shard
            if loaded.find(shard, day) == now.find(shard, day):
                verdict.differences.append(difference)
        judged = {(d.table, d.day, d.shard) for d in verdict.differences}
        seen = {(d.table, d.day, d.shard) for d in found}
        verdict.meanwhile += len(seen - judged)

    def _markers(self) -> LoadedDays:
        first, last = self.selection.first, self.selection.last
        markers = self.settings.warehouse.markers
        return self._ask(
            lambda link: read_loaded_days(link, markers, self.table, first, last)
        )

    def _ask(self, question: Callable[[Connection], T]) -> T:
        return ask_warehouse(question, self.settings)

    def _of_warehouse(
        self, loaded: LoadedDays, rows: Mapping[SourceDay, Mapping[int, RowCount]]
    ) -> Iterator[Difference]:
        """What the markers and the rows say of each other."""
        for shard in self.selection.shards:
            for day in self._judged(shard):
                marker = loaded.find(shard.name, day)
                sessions = rows.get((day, shard.name), {})
                if marker or sessions or self._is_over(shard, day):
                    yield from self._all(
                        shard.name, day, compare_counts(marker, sessions)
                    )
        if self.how.every_source:
            yield from self._of_unknown(loaded, rows)

    def _of_unknown(
        self, loaded: LoadedDays, rows: Mapping[SourceDay, Mapping[int, RowCount]]
    ) -> Iterator[Difference]:
        """Days of shards that the catalog does not have, or no more."""
        known = self.settings.catalog.shards
        days = {day for day in rows if day[1] not in known}
        for source in loaded.sources:
            if source not in known:
                days |= {(day, source) for day in loaded.days(source)}
        for day, source in sorted(days):
            sessions = rows.get((day, source), {})
            count = sum(one.rows for one in sessions.values())
            text = f"{count:,} rows, and the catalog has no such shard"
            yield from self._all(source, day, [(Kind.UNKNOWN_SHARD, text)])

    def _of_sources(
        self, shards: Sequence[Shard], loaded: LoadedDays, verdict: Verdict
    ) -> Iterator[Difference]:
        """What the shards have now, several of them at a time."""
        spans = [span for shard in shards for span in self._spans(shard, loaded)]
        compare = partial(self._of_source, loaded)
        for span, (rows, differences) in self._of_each(spans, compare, verdict):
            verdict.days += len(span)
            verdict.rows += rows
            yield from differences

    def _of_each(
        self, spans: Sequence[Span], ask: Callable[[Span], T], verdict: Verdict
    ) -> Iterator[tuple[Span, T]]:
        """What each answers, several at a time; who does not is among the failures."""
        with ThreadPoolExecutor(self.how.workers) as pool:
            work = {pool.submit(ask, span): span for span in spans}
            try:
                for at, done in enumerate(as_completed(work), 1):
                    self.how.show(at, len(spans))
                    span = work[done]
                    try:
                        answer = done.result()
                    except ShardlineError as error:
                        verdict.failures.append(
                            error if error.where else error.at(str(span))
                        )
                        continue
                    yield span, answer
            finally:
                pool.shutdown(cancel_futures=True)

    def _spans(self, shard: Shard, loaded: LoadedDays) -> Iterator[Span]:
        days = [day for day in self._judged(shard) if loaded.find(shard.name, day)]
        for group in group_days(days, 0, self.settings.load.bounds):
            yield Span(self.table, shard, group)

    def _of_source(
        self, loaded: LoadedDays, span: Span
    ) -> tuple[int, list[Difference]]:
        """How many rows a shard has now, and what differs; in a thread of its own."""
        now = source_markers(span, self.settings)
        differences: list[Difference] = []
        for partition in span:
            marker = loaded.find(span.shard.name, partition.day)
            found = list(compare_source(marker, now[partition.day])) if marker else []
            if self.how.deep:
                found += compare_values(partition, now[partition.day], self.settings)
            differences += self._all(span.shard.name, partition.day, found)
        return sum(marker.rows for marker in now.values()), differences

    def _count_undated(self, verdict: Verdict) -> list[Shard]:
        """Count the rows that are in none of a shard's days; the shards that answer."""
        shards = [
            Span(self.table, shard, self.selection.days)
            for shard in self.selection.shards
        ]
        count = partial(undated_of_shard, self.settings)
        counted = {
            span.shard.name: rows
            for span, rows in self._of_each(shards, count, verdict)
        }
        answered = [one for one in self.selection.shards if one.name in counted]
        verdict.undated += [
            UndatedShard(self.table, shard, counted[shard.name])
            for shard in answered
            if counted[shard.name]
        ]
        return answered

    def _moved(self, changed: set[SourceDay]) -> Iterator[Difference]:
        """The rows that are under two days, one of which the source has changed."""
        first, last = self.selection.first, self.selection.last
        found = self._ask(lambda link: moved_rows(link, self.table, first, last))
        for one in found:
            for day, other in (one.days, one.days[::-1]):
                if (day, one.source) in changed:
                    text = f"{self.table.key} {one.key} is under {other} too"
                    yield from self._all(one.source, day, [(Kind.MOVED, text)])

    def _judged(self, shard: Shard) -> Sequence[date]:
        days = list(self.selection.days)
        if self.only is None:
            return days
        return [d for d in days if (self.table.name, d, shard.name) in self.only]

    def _is_over(self, shard: Shard, day: date) -> bool:
        return is_day_ready(day, shard.time_zone, self.settings.load.settle)

    def _all(
        self, shard: str, day: date, found: Iterator[Found] | Sequence[Found]
    ) -> Iterator[Difference]:
        for kind, detail in found:
            yield Difference(self.table.name, day, shard, kind, detail)


def wrong_spans(settings: Settings, wrong: Sequence[Key]) -> Iterator[Span]:
    """The days that are wrong, together where they may be; not of unknown shards."""
    catalog = settings.catalog
    days: dict[tuple[str, str], list[date]] = {}
    for table, day, shard in wrong:
        if shard in catalog.shards:
            days.setdefault((table, shard), []).append(day)
    for (table, shard), each in days.items():
        for group in group_days(each, 0, settings.load.bounds):
            yield Span(catalog.table(table), catalog.shard(shard), group)
