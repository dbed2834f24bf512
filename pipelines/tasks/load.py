"""The tasks that load a day of a table: one a shard, and one over all shards."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from typing import ClassVar

import luigi

from pipelines.alerts import Event, about_task, record_failures
from pipelines.catalog import Partition, Span
from pipelines.config import Settings, current_settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import expected_rows
from pipelines.load import load_with_retries
from pipelines.runtime import note_failure
from pipelines.tasks.base import NameParameter, PrecheckedTask, WatchedTask
from pipelines.tasks.progress import Progress
from pipelines.tasks.targets import DayTarget, EndOfDayTarget, MarkerTarget, TableTarget
from pipelines.warehouse import cached_markers, create_tables

LOAD_AGAIN = (
    "when that is done, `shardline run` the table's day again: it loads what is missing"
)
"""What to do about a load that failed, when its cause is mended."""


SHARED = ("priority", "retry_count", "worker_timeout", "owner_email")
"""What Luigi asks of a task, and a class over all shards says for each of them."""


class CreateTarget(WatchedTask):
    """A table's schema, target and marker table, made unless they are there."""

    triage: ClassVar[str] = (
        "make the table, or let the user of [warehouse] make it, and run the load again"
    )

    table = luigi.Parameter()

    def output(self) -> luigi.Target:
        """The tables."""
        options = current_settings()
        return TableTarget(options, options.catalog.table(self.table))

    def run(self) -> None:
        """Make them; many processes may do so at once."""
        options = current_settings()
        create_tables(options.warehouse, options.catalog.table(self.table))


class DayEnded(WatchedTask, luigi.ExternalTask):
    """The end of a day in a time zone; nobody can bring it about."""

    triage: ClassVar[str] = "check the clock and the time zones in the shards file"

    date = luigi.DateParameter()
    time_zone = luigi.Parameter()

    def output(self) -> luigi.Target:
        """The moment from which the day may be loaded."""
        return EndOfDayTarget(current_settings(), self.date, self.time_zone)


class LoadShard(PrecheckedTask):
    """One day of one table of one shard; a subclass names the table."""

    table: ClassVar[str]
    triage: ClassVar[str] = LOAD_AGAIN

    date = luigi.DateParameter()
    shard = NameParameter()

    def requires(self) -> list[luigi.Task]:
        """The day has ended, and there is somewhere to put it."""
        shard = current_settings().catalog.shard(self.shard)
        ended = DayEnded(date=self.date, time_zone=shard.time_zone)
        return [ended, CreateTarget(table=self.table)]

    def output(self) -> luigi.Target:
        """The partition's marker."""
        options = current_settings()
        return MarkerTarget(options, self._partition(options))

    @property
    def resources(self) -> dict[str, int]:  # type: ignore[override]
        """One place in the pool of the SQL Server host."""
        shard = current_settings().catalog.shards.get(self.shard)
        return {shard.pool: 1} if shard else {}

    def run(self) -> None:
        """Load the partition, trying again what may pass."""
        options = current_settings()
        partition = self._partition(options)
        usual_rows = expected_rows(options.sessions.database, partition)
        span = Span.of(partition)
        with Progress(self, span, usual_rows) as progress:
            load_with_retries(span, options, lambda _: str(self.task_id), progress)

    @classmethod
    def bulk_complete(cls, parameter_tuples: Iterable[date]) -> list[date]:
        """Which of these days are complete, by one query; see `LoadDay`."""
        days = list(parameter_tuples)
        if not days:
            return []
        one = cls(date=days[0])
        options = current_settings()
        table = options.catalog.table(one.table)
        present = cached_markers(options.warehouse).markers(table, min(days), max(days))
        return [day for day in days if (day, one.shard) in present]

    def _partition(self, options: Settings) -> Partition:
        return Partition(
            options.catalog.table(self.table),
            options.catalog.shard(self.shard),
            self.date,
        )


class LoadDay(WatchedTask):
    """One day of one table, all shards; a subclass names the table.

    A subclass ``LoadX`` gets its task for one shard, ``LoadXShard``, made for it and
    put beside it in its module, so that Luigi's page and command line name the table.
    One that names no table is a base for others.
    """

    table: ClassVar[str]
    shard_task: ClassVar[type[LoadShard]]
    triage: ClassVar[str] = LOAD_AGAIN

    date = luigi.DateParameter()

    def __init_subclass__(cls) -> None:
        """Make the task for one shard."""
        super().__init_subclass__()
        if not isinstance(getattr(cls, "table", None), str):
            return
        members = {
            "__module__": cls.__module__,
            "__doc__": f"One day of {cls.table} of one shard.",
            "table": cls.table,
            **{
                name: getattr(cls, name)
                for name in SHARED
                if getattr(cls, name) is not getattr(LoadDay, name)
            },
        }
        name = f"{cls.__name__}Shard"
        cls.shard_task = type(name, (LoadShard,), members)
        setattr(sys.modules[cls.__module__], name, cls.shard_task)

    def requires(self) -> list[luigi.Task]:
        """The day's load of each shard."""
        shards = current_settings().catalog.shards
        return [self.of_shard(name) for name in shards]

    def of_shard(self, name: str) -> LoadShard:
        """The day's load of one shard."""
        return self.shard_task(date=self.date, shard=name)

    def output(self) -> luigi.Target:
        """The day's markers, seen by one query."""
        options = current_settings()
        shards = tuple(options.catalog.shards.values())
        return DayTarget(options, options.catalog.table(self.table), shards, self.date)

    @classmethod
    def bulk_complete(cls, parameter_tuples: Iterable[date]) -> list[date]:
        """Which of these days are complete, by one query.

        Luigi's range tools call this with a `functools.partial` for `cls`.
        """
        days = list(parameter_tuples)
        if not days:
            return []
        table_name = cls(date=days[0]).table
        try:
            options = current_settings()
            table = options.catalog.table(table_name)
            present = cached_markers(options.warehouse).markers(
                table, min(days), max(days)
            )
        except ShardlineError as error:
            # Luigi's range tools raise it in a task of theirs, which tells nobody.
            note_failure(error, f"{table_name} {min(days)} to {max(days)}")
            record_failures(
                error,
                [about_task(cls(date=day)) for day in days],
                Event.DEPENDENCY_MISSING,
            )
            raise
        shards = options.catalog.shards
        return [day for day in days if all((day, name) in present for name in shards)]


class LoadTableShard(LoadShard):
    """One day of one shard, of any table that has no class."""

    table = luigi.Parameter()


class LoadTable(LoadDay):
    """One day of any table that has no class, all shards."""

    table = luigi.Parameter()
    shard_task = LoadTableShard

    def of_shard(self, name: str) -> LoadShard:
        """The day's load of one shard."""
        return LoadTableShard(table=self.table, date=self.date, shard=name)
