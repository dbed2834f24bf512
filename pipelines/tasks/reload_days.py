"""The tasks that load days again: those that are asked for, and those that changed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property, partial

import luigi

from pipelines.alerts import accept_markers
from pipelines.catalog import Span
from pipelines.config import Settings, current_settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_engine, now_for_all
from pipelines.load import is_replaced, read_with_retries, reload_days, source_markers
from pipelines.runtime import LedgerEntry, ledger
from pipelines.tasks.class_lookup import shard_task
from pipelines.tasks.load import LoadShard
from pipelines.tasks.load_days import Days
from pipelines.warehouse import Marker, cached_markers

logger = logging.getLogger(__name__)


class DaysAgain(Days):
    """Days that are asked for although they may have a marker.

    Attributes:
        asked: When: they are there, and what failed of them is over, when an attempt
            has brought them that began later.
    """

    @cached_property
    def asked(self) -> datetime:
        """As whoever makes the task says; otherwise when that is first of interest."""
        return now_for_all(current_settings().sessions.database)

    @property
    def parts(self) -> Sequence[LoadShard]:
        """The loads of all the days: a marker tells nothing of what is asked for."""
        span = self.span(current_settings())
        return [shard_task(span.table, day, self.shard) for day in span.days]


class ReloadDays(DaysAgain):
    """Days that are loaded in the place of what is there; readers see old or new.

    Done when each day has the marker of an attempt that began after it was asked for,
    so it can be repeated, and two that replace the same are one.
    """

    replaces = luigi.ListParameter()
    """The sessions in the days' markers until now; 0 for a day that has none."""

    @property
    def resources(self) -> dict[str, int]:  # type: ignore[override]
        """Besides a place at the host, the table: one reload of it runs at a time."""
        return {**super().resources, f"reload_{self.table}": 1}

    def complete(self) -> bool:
        """Whether each day has been replaced."""
        options = current_settings()
        span = self.span(options)
        found = cached_markers(options.warehouse).of_span(span)
        return all(
            day in found and is_replaced(options, found[day], old, self.asked)
            for day, old in zip(span.days, self.replaces, strict=True)
        )

    def run(self) -> None:
        """Load the days again, trying again what may pass."""
        options = current_settings()
        span = self.span(options)
        old = dict(zip(span.days, self.replaces, strict=True))
        self.work(options, span, partial(reload_days, old=old, asked=self.asked))


class RecheckDays(DaysAgain):
    """Days that are read again, and compared with what was loaded of them.

    What differs is for the run to load again. There is no target, for what a source has
    now is nothing that lasts: a recheck is done for the run that did it.
    """

    def complete(self) -> bool:
        """Whether this run has compared each day."""
        compared = ledger().compared()
        return all(
            (self.table, self.shard, day) in compared
            for day in self.span(current_settings()).days
        )

    def run(self) -> None:
        """Compare count and checksum of each day that has a marker."""
        options = current_settings()
        began = now_for_all(options.sessions.database)
        span = self.span(options)
        seen = cached_markers(options.warehouse)
        known = read_with_retries(lambda: seen.of_span(span), options)
        found = source_markers(span, options)
        changed = {
            day: [marker.etl_id, marker.rows, marker.checksum]
            for day, marker in known.items()
            if not _is_same(marker, found[day])
        }
        same = [day for day in known if day not in changed]
        _accept(span, same, began, options)
        ledger().add(
            LedgerEntry(
                *(self.table, self.shard, 1),
                days=len(span) - len(changed),
                compared={str(day): changed.get(day, []) for day in span.days},
            )
        )


def reload_of(span: Span, replaces: list[int], asked: datetime) -> ReloadDays:
    """The task that replaces a span's days, and these sessions of theirs."""
    task = ReloadDays.of(span, replaces=replaces)
    task.asked = asked
    return task


def recheck_of(span: Span, asked: datetime) -> RecheckDays:
    """The task that compares a span's days."""
    task = RecheckDays.of(span)
    task.asked = asked
    return task


def _accept(
    span: Span, days: Sequence[date], read: datetime, options: Settings
) -> None:
    """Let days that are as the source is end what had failed of replacing them."""
    try:
        engine = etl_engine(options.sessions.database)
        accept_markers(engine, span.table.name, span.shard.name, days, read)
    except ShardlineError as error:
        # The next comparison may do it; nothing of this one depends on it.
        logger.warning("%s: incidents of it may stay open: %s", span, error)


def _is_same(marker: Marker, found: Marker) -> bool:
    return (marker.rows, marker.checksum) == (found.rows, found.checksum)
