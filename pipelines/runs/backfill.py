"""Runs the loads of some days through Luigi, slice by slice; one day is a range, too.

What Luigi's scheduler takes for each task grows with the number of tasks it has, so it
gets some at a time; and consecutive days of a shard are one task, one extract and one
COPY. How it went is told from the markers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime

from luigi.execution_summary import LuigiStatusCode
from luigi.task_register import Register

from pipelines.alerts import Event, record_failure_later, record_failures
from pipelines.catalog import (
    ONE_DAY,
    Partition,
    Span,
    Table,
    day_not_over,
    day_ready_at,
)
from pipelines.config import Settings
from pipelines.errors import ConfigurationError, ShardlineError
from pipelines.etl_db import Outcome
from pipelines.planning import Selection
from pipelines.runs import luigi_run
from pipelines.runs.backfill_work import Purpose, Recheck, Work, find_work
from pipelines.runs.luigi_run import LuigiOptions, build
from pipelines.runs.outcome import exit_code_for, why_missing
from pipelines.runs.range_report import RangeReport
from pipelines.runtime import (
    ExitCode,
    exit_code_of,
    failure_log,
    ledger,
    stopper,
    telling_progress,
)
from pipelines.tasks import (
    LATE_AFTER,
    about_loads,
    begin_in_parent,
    own_class,
    shard_task,
)
from pipelines.warehouse import Marker, SourceDay, cached_markers

Show = Callable[[str, int], AbstractContextManager[None]]
"""Shows for a block how far it is, given what is done and how many days of shards."""


def run_range(
    selection: Selection,
    purpose: Purpose,
    settings: Settings,
    how: LuigiOptions,
    show: Show,
) -> Iterator[RangeReport]:
    """Do some days, table by table.

    Args:
        selection: Which tables, shards and days.
        purpose: What to do.
        settings: All options.
        how: How to run Luigi.
        show: Shows how far it is.

    Yields:
        What was done for each table, when it is done.

    Raises:
        ConfigurationError: A module of ``[catalog] modules`` is wrong; nothing was
            started.
        ShardlineError: What is to be done for a table cannot be found out. What has
            been loaded until then stays, and the next run leaves it alone.
    """
    for table in selection.tables:
        own_class(table)
    begin_run(settings)
    for table in selection.tables:
        yield _run_table(table, selection, purpose, settings, how, show)


def recheck_range(
    selection: Selection,
    days: int | None,
    settings: Settings,
    how: LuigiOptions,
    show: Show,
) -> Iterator[RangeReport]:
    """Compare what was loaded of the days before a selection.

    Args:
        selection: What has just been loaded.
        days: How many days; as each table's entry says if None.
        settings: All options.
        how: How to run Luigi.
        show: Shows how far it is.

    Yields:
        What was replaced of each table, when it is done.
    """
    for table in selection.tables:
        count = table.recheck_days if days is None else days
        if count:
            before = replace(
                selection,
                tables=(table,),
                first=selection.first - count * ONE_DAY,
                last=selection.first - ONE_DAY,
            )
            yield from run_range(before, Recheck(settings), settings, how, show)


def begin_run(settings: Settings) -> None:
    """Make ready, before any child is forked, what they share with this process."""
    luigi_run.begin_luigi(settings)
    begin_in_parent()


def _run_table(
    table: Table,
    selection: Selection,
    purpose: Purpose,
    settings: Settings,
    how: LuigiOptions,
    show: Show,
) -> RangeReport:
    """Do the days of one table; who is on call knows if that cannot begin or go on."""
    work = _find(purpose, table, selection, settings)
    for span in work.waiting:
        _record_wait(span, settings)
    with show(table.name, work.days), telling_progress(work.days):
        return do_work(work, settings, how)


def _find(
    purpose: Purpose, table: Table, selection: Selection, settings: Settings
) -> Work:
    """Find out what to do; of what cannot be found out, the last day is recorded."""
    try:
        return find_work(purpose, table, selection, settings)
    except ShardlineError as error:
        last = selection.days.last
        missing = [Partition(table, shard, last) for shard in selection.shards]
        _record_not_started(error, purpose, missing)
        raise _at(error, table, selection) from error


def _at(error: ShardlineError, table: Table, selection: Selection) -> ShardlineError:
    shards = f"{len(selection.shards)} shards"
    return error.at(f"{table.name} {selection.days}, {shards}")


def do_work(work: Work, settings: Settings, how: LuigiOptions) -> RangeReport:
    """Do what there is to do for one table; what cannot go on ends with its report.

    Args:
        work: What there is to do.
        settings: All options.
        how: How to run Luigi.

    Raises:
        ConfigurationError: Luigi does not take an option.
    """
    days = work.selection.days
    asked = len(days) * len(work.selection.shards)
    report = RangeReport(work.table.name, days, asked)
    if work.waiting:
        report.worsen(exit_code_for(LuigiStatusCode.MISSING_EXT, complete=False))
    missing = _run_slices(work, settings, how, report)
    if not work.purpose.lasting:
        missing += _run_slices(work.reload(settings), settings, how, report)
    report.missing += len(missing) + work.not_over
    report.present = asked - report.missing - report.loaded - report.skipped
    pending = failure_log().take()
    report.warnings, report.failures = pending.warnings, pending.failures
    if missing and not pending.failures:
        in_all = f"({len(missing):,} {report.unit} in all)"
        why = why_missing(report.exit_code)
        report.failures = (f"{missing[0]} {in_all}: {why}",)
    return report


def _run_slices(
    work: Work, settings: Settings, how: LuigiOptions, report: RangeReport
) -> list[Partition]:
    """Do what there is to do, some spans at a time, and return what is missing of it.

    A question that gets no answer in the end is told, and what is left is missing.
    """
    missing: list[Partition] = []
    left = work.spans
    # No shard of a day has to wait until the last of others has been tried again.
    size = settings.load.slice_tasks if len(report.days) > 1 else max(len(left), 1)
    while left and not stopper().number:
        spans, left = left[:size], left[size:]
        begun = ledger().end()
        try:
            absent = _run_slice(work, spans, settings, how, report)
        except ConfigurationError:
            raise
        except ShardlineError as error:
            absent = [partition for span in spans for partition in span]
            _record_not_started(error, work.purpose, absent)
            failure_log().add(str(_at(error, work.table, work.selection)))
            report.worsen(ExitCode(exit_code_of(error)))
            report.missing -= _count_by_ledger(work.table, begun, report)
            missing += absent
            break
        missing += absent
        if absent:
            # What failed was tried again, with its pauses; other slices go without.
            run_once = settings.run.model_copy(update={"retries": 0})
            settings = settings.model_copy(update={"run": run_once})
            if left and _lacks_table(work.table, settings):
                break
    if left and (number := stopper().number):
        report.worsen(ExitCode(128 + number))
    return missing + [partition for span in left for partition in span]


def _lacks_table(table: Table, settings: Settings) -> bool:
    """Whether there is no target, so that all others would fail as some have."""
    try:
        return not cached_markers(settings.warehouse).has_table(table)
    except ShardlineError:
        return False  # the next slice asks, too, and tells


def _run_slice(
    work: Work,
    spans: Sequence[Span],
    settings: Settings,
    how: LuigiOptions,
    report: RangeReport,
) -> list[Partition]:
    """Do some spans, count what came, and return what is missing of them."""
    first, last = min(s.first for s in spans), max(s.last for s in spans)
    seen = cached_markers(settings.warehouse)

    def found() -> dict[SourceDay, Marker]:
        return seen.markers(work.table, first, last)

    asked = {shard.name for shard in work.selection.shards}
    before = found()
    spans = [span for span in spans if work.is_left(span, before)]
    status = build(
        work.tasks(spans, prepared=seen.has_table(work.table)),
        lambda: sum(source in asked for _, source in found()),
        settings,
        how,
        patience=settings.load.patience if work.purpose.lasting else 0,
    )
    missing = _count(work, spans, before, found(), report)
    report.worsen(exit_code_for(status, complete=not missing))
    # Luigi keeps every task there ever was.
    Register.clear_instance_cache()
    return missing


def _count(
    work: Work,
    spans: Sequence[Span],
    before: Mapping[SourceDay, Marker],
    after: Mapping[SourceDay, Marker],
    report: RangeReport,
) -> list[Partition]:
    """Count what a slice has brought, and return what is missing of it."""
    missing = []
    own = ledger().sessions()
    for partition in (partition for span in spans for partition in span):
        key = (partition.day, partition.shard.name)
        marker, old = after.get(key), before.get(key)
        if not work.is_done(partition, marker):
            missing.append(partition)
        elif marker and marker != old and marker.etl_id in own:
            report.loaded += bool(marker.rows)
            report.skipped += not marker.rows
            report.replaced += old is not None
            report.rows += marker.rows
    return missing


def _count_by_ledger(table: Table, begun: int, report: RangeReport) -> int:
    """Count what came since, where the markers cannot be asked; how many days did."""
    found = [one for one in ledger().entries(begun) if one.table == table.name]
    outcomes: Counter[str] = Counter()
    for entry in found:
        outcomes.update(entry.outcomes)
        report.rows += entry.rows
    report.loaded += outcomes[Outcome.LOADED]
    report.skipped += outcomes[Outcome.SKIPPED]
    return sum(
        outcomes[one] for one in (Outcome.LOADED, Outcome.SKIPPED, Outcome.PRESENT)
    )


def _record_wait(span: Span, settings: Settings) -> None:
    """Tell what has to wait, and those on call if its first day is late then."""
    zone, what = span.shard.time_zone, f"{span.table.name} {span.days}"
    last = day_ready_at(span.last, zone, settings.load.settle)
    failure_log().wait_for(what, span.shard.name, str(day_not_over(zone, last)))
    ready = day_ready_at(span.first, zone, settings.load.settle)
    task = shard_task(span.table, span.first, span.shard.name)
    held = ready - datetime.now(UTC) + LATE_AFTER
    record_failure_later(
        day_not_over(zone, ready), task, Event.DEPENDENCY_MISSING, held
    )


def _record_not_started(
    error: ShardlineError, purpose: Purpose, missing: Sequence[Partition]
) -> None:
    """Have those on call know what is missing, although no task failed."""
    record_failures(error, about_loads(missing, purpose.asked), Event.NOT_STARTED)
