"""What a run has to do for one table: spans, oldest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

from pipelines.catalog import (
    Bounds,
    Partition,
    Span,
    Table,
    group_days,
)
from pipelines.config import Settings
from pipelines.etl_db import etl_engine, now_for_all
from pipelines.load import is_replaced
from pipelines.planning import (
    Estimates,
    Expected,
    Selection,
    count_days_over,
    usual_loads,
)
from pipelines.runtime import ask_with_retries, ledger
from pipelines.tasks import (
    LoadDays,
    PrecheckedTask,
    own_class,
    recheck_of,
    reload_of,
    shard_task,
)
from pipelines.warehouse import (
    LoadedDays,
    Marker,
    SourceDay,
    cached_markers,
    read_loaded_days,
)


class Purpose(Protocol):
    """Which days a run is for, and by which tasks it does them.

    Attributes:
        lasting: Whether a task that was done stays so for another process.
    """

    lasting: bool

    @property
    def asked(self) -> datetime | None:
        """When it was asked for, if it is for days that may have a marker already."""

    def wants(self, loaded: LoadedDays, shard: str, day: date) -> bool:
        """Whether there is something to be done for a day."""

    def task(self, loaded: LoadedDays, span: Span) -> PrecheckedTask:
        """The task that does it, not done yet when the markers were read."""

    def is_done(self, partition: Partition, marker: Marker, old: Marker | None) -> bool:
        """Whether it is done for a day, which has this marker now and had that one.

        What it had is that of when the work was found out.
        """


class Load:
    """Days without a marker are loaded."""

    lasting = True
    asked = None

    def wants(self, loaded: LoadedDays, shard: str, day: date) -> bool:
        """Whether the marker is missing."""
        return loaded.find(shard, day) is None

    def task(self, loaded: LoadedDays, span: Span) -> PrecheckedTask:  # noqa: ARG002
        """A day alone is loaded as ever, so that luigid knows it for the same."""
        if len(span) == 1:
            return shard_task(span.table, span.first, span.shard.name)
        return LoadDays.of(span)

    def is_done(self, partition: Partition, marker: Marker, old: Marker | None) -> bool:  # noqa: ARG002
        """Whoever has done it."""
        return True


class Reload:
    """All days are loaded, those that are there in the place of what is there."""

    lasting = True

    def __init__(self, settings: Settings) -> None:
        """Note when it was asked for."""
        self._settings = settings
        self.asked = now_for_all(settings.sessions.database)

    def wants(self, loaded: LoadedDays, shard: str, day: date) -> bool:  # noqa: ARG002
        """Each."""
        return True

    def task(self, loaded: LoadedDays, span: Span) -> PrecheckedTask:
        """One that is done when the markers of now are gone."""
        found = [loaded.find(span.shard.name, day) for day in span.days]
        replaces = [marker.etl_id if marker else 0 for marker in found]
        return reload_of(span, replaces, self.asked)

    def is_done(self, partition: Partition, marker: Marker, old: Marker | None) -> bool:  # noqa: ARG002
        """Whether this run has replaced it, or another attempt that began later."""
        session = old.etl_id if old else None
        return marker.etl_id in ledger().sessions() or is_replaced(
            self._settings, marker, session, self.asked
        )


class Recheck:
    """Days with a marker are compared; what has changed is for `Work.reload`."""

    lasting = False

    def __init__(self, settings: Settings) -> None:
        """Note when it was asked for."""
        self.asked = now_for_all(settings.sessions.database)

    def wants(self, loaded: LoadedDays, shard: str, day: date) -> bool:
        """Whether the marker is there."""
        return loaded.find(shard, day) is not None

    def task(self, loaded: LoadedDays, span: Span) -> PrecheckedTask:  # noqa: ARG002
        """One that compares."""
        return recheck_of(span, self.asked)

    def is_done(self, partition: Partition, marker: Marker, old: Marker | None) -> bool:  # noqa: ARG002
        """Whether it was compared by this run."""
        table, shard = partition.table.name, partition.shard.name
        return (table, shard, partition.day) in ledger().compared()


@dataclass(frozen=True)
class Work:
    """What there is to do for one table.

    Attributes:
        purpose: Why.
        table: The table.
        selection: Its days and shards.
        loaded: The markers as they were when it was found out.
        spans: What to do, oldest first; days that are not over are not among them.
        waiting: Days that have no marker and are not over.
        usual: What loads of the table usually come to.
    """

    purpose: Purpose
    table: Table
    selection: Selection
    loaded: LoadedDays
    spans: tuple[Span, ...]
    waiting: tuple[Span, ...]
    usual: Estimates

    @property
    def days(self) -> int:
        """How many days of shards there are to do."""
        return sum(len(span) for span in self.spans)

    @property
    def expected(self) -> Expected:
        """How many rows, and how long for one worker."""
        days: Counter[str] = Counter()
        for span in self.spans:
            days[span.shard.name] += len(span)
        return self.usual.total(days)

    @property
    def not_over(self) -> int:
        """How many days of shards have to wait for their end."""
        return sum(len(span) for span in self.waiting)

    @property
    def present(self) -> int:
        """How many of those asked for have a marker."""
        return sum(self.loaded.present(shard.name) for shard in self.selection.shards)

    def is_left(self, span: Span, markers: Mapping[SourceDay, Marker]) -> bool:
        """Whether nobody else has done a span since; `markers` are those of now."""
        return not all(
            self.is_done(one, markers.get((one.day, one.shard.name))) for one in span
        )

    def is_done(self, partition: Partition, marker: Marker | None) -> bool:
        """Whether it is done for a day, which has this marker now."""
        old = self.loaded.find(partition.shard.name, partition.day)
        return marker is not None and self.purpose.is_done(partition, marker, old)

    def tasks(self, spans: Sequence[Span], *, prepared: bool) -> list[PrecheckedTask]:
        """The tasks of some spans.

        Args:
            spans: Which.
            prepared: Whether the markers were read just now, and the target is there.
        """
        tasks = [self.purpose.task(self.loaded, span) for span in spans]
        for task in tasks if prepared else ():
            task.prepare()
        return tasks

    def reload(self, settings: Settings) -> Work:
        """The reload of what the run has found to differ, for a recheck.

        Args:
            settings: How many days one extract may have, and where the log is.
        """
        compared = ledger().compared()
        loaded = LoadedDays(self.selection.first, self.selection.last)
        spans: list[Span] = []
        for span in self.spans:
            name = span.shard.name
            for day in span.days:
                if marker := compared.get((self.table.name, name, day)):
                    loaded.add(name, day, Marker(*marker))
            changed = [day for day in span.days if loaded.find(name, day)]
            groups = group_days(changed, 0, settings.load.bounds)
            spans += [Span(self.table, span.shard, group) for group in groups]
        return replace(
            self,
            purpose=Reload(settings),
            loaded=loaded,
            spans=tuple(spans),
            waiting=(),
        )


def find_work(
    purpose: Purpose, table: Table, selection: Selection, settings: Settings
) -> Work:
    """Find out what to do, by one query of the markers.

    Raises:
        ShardlineError: The warehouse or the session log cannot be read.
    """
    own_class(table)
    loaded = cached_markers(settings.warehouse).ask(
        lambda link: read_loaded_days(
            link, settings.warehouse.markers, table, selection.first, selection.last
        )
    )
    engine = etl_engine(settings.sessions.database)
    names = [shard.name for shard in selection.shards]
    usual = ask_with_retries(
        lambda: usual_loads(engine, table.target, names), settings.run.tries()
    )
    over = count_days_over(settings, selection)
    asked = list(selection.days)
    spans: list[Span] = []
    waiting: list[Span] = []
    for shard in selection.shards:
        ended, others = asked[: over[shard.name]], asked[over[shard.name] :]
        wanted = [day for day in ended if purpose.wants(loaded, shard.name, day)]
        rows = usual.average(shard.name)
        spans += [
            Span(table, shard, days)
            for days in group_days(wanted, rows, settings.load.bounds)
        ]
        if purpose.lasting:
            absent = [day for day in others if loaded.find(shard.name, day) is None]
            whole = Bounds(days=len(asked), rows=0)
            waiting += [
                Span(table, shard, days) for days in group_days(absent, 0, whole)
            ]
    spans.sort(key=lambda span: span.first)
    return Work(purpose, table, selection, loaded, tuple(spans), tuple(waiting), usual)
