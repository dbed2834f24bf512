"""Runs the loads of a range of days through Luigi, slice by slice.

What Luigi's scheduler takes for each task grows with the number of tasks it has, so it
gets some at a time; and consecutive days of a shard are one task, one extract and one
COPY. How it went is told from the markers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from luigi.execution_summary import LuigiStatusCode
from luigi.task_register import Register

from pipelines import events, failures, rounds
from pipelines.alerts.events import about, about_each, tell_all
from pipelines.alerts.outbox import About, Event
from pipelines.backfill_work import Purpose, Work, find_work
from pipelines.catalog import Table
from pipelines.errors import ShardlineError
from pipelines.exit_codes import ExitCode
from pipelines.grouping import Group
from pipelines.ledger import ledger
from pipelines.prepared import PreparedTask
from pipelines.rounds import How, build
from pipelines.runner import exit_code_for, why_missing
from pipelines.selection import Selection
from pipelines.settings import Settings
from pipelines.signals import stopper
from pipelines.spans import Span
from pipelines.table_tasks import day_task
from pipelines.warehouse.markers import Day, Marker
from pipelines.warehouse.memo import memo

DONE = {LuigiStatusCode.SUCCESS, LuigiStatusCode.SUCCESS_WITH_RETRY}


@dataclass
class Report:
    """What a run did for some days of one table; all figures count days of shards.

    Attributes:
        table: The table.
        first: The first day.
        last: The last day.
        asked: How many were asked for.
        present: How many were there before, and are left as they were.
        loaded: How many the run loaded itself.
        skipped: How many it found to have no rows.
        replaced: How many of both were there before, and have been replaced.
        missing: How many are not loaded, or not replaced, at the end.
        rows: How many rows it loaded.
        warnings: What someone should see to, a line each.
        failures: What failed or has to wait, a line each.
        exit_code: How it ended.
    """

    table: str
    first: date
    last: date
    asked: int
    present: int = 0
    loaded: int = 0
    skipped: int = 0
    replaced: int = 0
    missing: int = 0
    rows: int = 0
    warnings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.COMPLETE

    def __str__(self) -> str:
        """One line."""
        replaced = f", {self.replaced:,} of them replaced" if self.replaced else ""
        return (
            f"{self.table} {self.first} to {self.last}: {self.asked - self.missing:,}"
            f" of {self.asked:,} days of shards complete: {self.loaded:,} loaded,"
            f" {self.skipped:,} skipped{replaced}, {self.present:,} already there,"
            f" {self.missing:,} missing; {self.rows:,} rows"
        )

    def worsen(self, code: ExitCode) -> None:
        """Note how another part of it ended: the greatest code wins."""
        self.exit_code = max(self.exit_code, code)


def begin(settings: Settings) -> None:
    """Make ready, before any child is forked, what they share with this process."""
    rounds.begin(settings)
    events.begin()


def find(
    purpose: Purpose, table: Table, selection: Selection, settings: Settings
) -> Work:
    """What is to be done for one table; who is on call knows if nobody can say.

    Raises:
        ShardlineError: The warehouse or the session log cannot be read.
    """
    try:
        return find_work(purpose, table, selection, settings)
    except ShardlineError as error:
        tell_all(error, [_whole(table, selection.last)], Event.NOT_STARTED)
        raise


def run(work: Work, settings: Settings, how: How) -> Report:
    """Do what is to be done for one table.

    Args:
        work: What is to be done.
        settings: All options.
        how: How to run Luigi.

    Raises:
        ShardlineError: The markers cannot be read, or luigid does not answer. What has
            been loaded until then stays, and the next run leaves it alone.
    """
    asked = len(work.selection.days) * len(work.selection.shards)
    report = Report(
        table=work.table.name,
        first=work.selection.first,
        last=work.selection.last,
        asked=asked,
        missing=work.waiting,
    )
    size = settings.load.slice_tasks
    options = settings
    for at in range(0, len(work.spans), size):
        if number := stopper().number:
            report.missing += sum(len(span) for span in work.spans[at:])
            report.worsen(ExitCode(128 + number))
            break
        if _run_slice(work, work.spans[at : at + size], options, how, report):
            # It has waited for what failed; it need not wait in every slice.
            options = _without_retries(settings)
        if not memo(settings.warehouse).has_table(work.table):
            # Without a target all others would fail as these have.
            left = work.spans[at + size :]
            report.missing += sum(len(span) for span in left)
            break
    report.present = asked - report.missing - report.loaded - report.skipped
    told = failures.lines().take()
    report.warnings, report.failures = told.warnings, told.failures
    if work.waiting:
        report.worsen(ExitCode.NOT_READY)
    if report.missing and not told.failures:
        report.failures = (_unexplained(report),)
    return report


def _run_slice(
    work: Work, spans: Sequence[Span], settings: Settings, how: How, report: Report
) -> int:
    """Do some spans, count what came, and return how much is missing of them."""
    table = work.table
    first, last = min(s.first for s in spans), max(s.last for s in spans)
    seen = memo(settings.warehouse)
    tasks: list[PreparedTask] = []

    def found() -> dict[Day, Marker]:
        return seen.markers(table, first, last)

    try:
        before = found()
        asked = [span for span in spans if work.is_left(span, before)]
        tasks = work.tasks(asked, prepared=seen.has_table(table))
        status = build(
            tasks,
            lambda: len(found()),
            settings,
            how,
            patience=settings.load.patience if work.purpose.lasting else 0,
        )
        after = found()
    except ShardlineError as error:
        those = [one for task in tasks for one in about_each(task)]
        tell_all(error, those or [_whole(table, last)], Event.NOT_STARTED)
        raise error.at(f"{table.name} {Group(first, last)}") from error
    missing = _count(work, asked, before, after, report)
    report.worsen(_code(work, missing, status))
    # Luigi keeps every task there ever was.
    Register.clear_instance_cache()
    return missing


def _whole(table: Table, day: date) -> About:
    """A day of all shards, of which no task was made yet."""
    return about(day_task(table, day))


def _without_retries(settings: Settings) -> Settings:
    run_once = settings.run.model_copy(update={"retries": 0})
    return settings.model_copy(update={"run": run_once})


def _code(work: Work, missing: int, status: LuigiStatusCode) -> ExitCode:
    """How a slice ended; of what leaves no marker only Luigi can tell."""
    if not work.purpose.lasting and status not in DONE:
        return exit_code_for(["unknown"], status)
    return exit_code_for(["some"] if missing else [], status)


def _count(
    work: Work,
    spans: Sequence[Span],
    before: Mapping[Day, Marker],
    after: Mapping[Day, Marker],
    report: Report,
) -> int:
    """Count what a slice has brought; returns how much is missing of it."""
    missing = 0
    own = ledger().sessions()
    for span in spans:
        for day in span.days:
            key = (day, span.shard.name)
            marker, old = after.get(key), before.get(key)
            if marker is None or (marker == old and work.purpose.replaces):
                missing += 1
            elif marker != old and marker.etl_id in own:
                report.loaded += bool(marker.rows)
                report.skipped += not marker.rows
                report.replaced += old is not None
                report.rows += marker.rows
    report.missing += missing
    return missing


def _unexplained(report: Report) -> str:
    days = f"{report.table} {Group(report.first, report.last)}"
    why = why_missing(report.exit_code)
    return f"{days}: {report.missing:,} days of shards are {why}"
