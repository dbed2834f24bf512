"""The task that loads consecutive days of a table in one shard, in one go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import luigi

from pipelines.catalog import DayRange, Span
from pipelines.config import Settings, current_settings
from pipelines.etl_db import expected_rows
from pipelines.load import Transfer, load_missing_days, load_with_retries
from pipelines.tasks.base import NameParameter, PrecheckedTask
from pipelines.tasks.class_lookup import shard_task, task_name
from pipelines.tasks.load import LOAD_AGAIN, CreateTarget, DayEnded, LoadShard
from pipelines.tasks.progress import Progress
from pipelines.tasks.targets import SpanTarget
from pipelines.warehouse import cached_markers


class Days(PrecheckedTask):
    """Something that is done for consecutive days of a table in one shard."""

    triage: ClassVar[str] = LOAD_AGAIN

    table = luigi.Parameter()
    shard = NameParameter()
    first = luigi.DateParameter()
    last = luigi.DateParameter()

    @classmethod
    def of(cls, span: Span, **more: object) -> Self:
        """The task for a span, with whatever else a task of its kind is told."""
        return cls(
            table=span.table.name,
            shard=span.shard.name,
            first=span.first,
            last=span.last,
            **more,
        )

    def requires(self) -> list[luigi.Task]:
        """The days have ended, and there is somewhere to put them."""
        shard = current_settings().catalog.shard(self.shard)
        ended = DayEnded(date=self.last, time_zone=shard.time_zone)
        return [ended, CreateTarget(table=self.table)]

    @property
    def resources(self) -> dict[str, int]:  # type: ignore[override]
        """One place in the pool of the SQL Server host."""
        shard = current_settings().catalog.shards.get(self.shard)
        return {shard.pool: 1} if shard else {}

    @property
    def parts(self) -> Sequence[LoadShard]:
        """The loads of the single days that are not known to be there."""
        span = self.span(current_settings())
        unseen = cached_markers(current_settings().warehouse).unseen(span) or list(
            span.days
        )
        return [shard_task(span.table, day, self.shard) for day in unseen]

    def span(self, options: Settings) -> Span:
        """What it is done for."""
        return Span(
            options.catalog.table(self.table),
            options.catalog.shard(self.shard),
            DayRange(self.first, self.last),
        )

    def work(self, options: Settings, span: Span, work: Transfer) -> None:
        """Do it, and let luigid's page tell how it goes on."""
        first = next(iter(span))
        usual_rows = expected_rows(options.sessions.database, first) * len(span)
        with Progress(self, span, usual_rows) as progress:
            load_with_retries(span, options, task_name, progress, work)


class LoadDays(Days):
    """Days that follow each other: one extract, one COPY, and a marker each."""

    def output(self) -> luigi.Target:
        """The days' markers."""
        options = current_settings()
        return SpanTarget(options, self.span(options))

    def run(self) -> None:
        """Load those that are missing, trying again what may pass."""
        options = current_settings()
        self.work(options, self.span(options), load_missing_days)
