"""Runs the loads of some days through Luigi, and tells from the markers how it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import luigi
from luigi.execution_summary import LuigiStatusCode

from pipelines import failures
from pipelines.alerts.events import about, tell_all
from pipelines.alerts.outbox import Event
from pipelines.catalog import Table
from pipelines.errors import ShardlineError
from pipelines.exit_codes import ExitCode
from pipelines.ledger import ledger
from pipelines.rounds import How, begin, build
from pipelines.settings import Settings
from pipelines.signals import stopper
from pipelines.table_tasks import day_task, shard_task
from pipelines.warehouse.memo import memo


@dataclass(frozen=True)
class DayReport:
    """What a run did for one day.

    Attributes:
        table: The table.
        day: The day.
        shards: How many shards were asked for.
        missing: Those that have no marker at the end.
        loaded: How many the run loaded itself.
        skipped: How many it found to have no rows.
        rows: How many rows it loaded.
        warnings: What someone should see to, a line each.
        failures: What failed or has to wait, a line each.
        exit_code: How it ended.
    """

    table: str
    day: date
    shards: int
    missing: tuple[str, ...]
    loaded: int
    skipped: int
    rows: int
    warnings: tuple[str, ...]
    failures: tuple[str, ...]
    exit_code: ExitCode

    def __str__(self) -> str:
        """One line."""
        complete = self.shards - len(self.missing)
        present = complete - self.loaded - self.skipped
        return (
            f"{self.table} {self.day}: {complete} of {self.shards} shards complete:"
            f" {self.loaded} loaded, {self.skipped} skipped, {present} already there,"
            f" {len(self.missing)} missing; {self.rows:,} rows"
        )


def run(
    tables: Sequence[Table],
    days: Sequence[date],
    shards: Sequence[str],
    settings: Settings,
    how: How,
) -> Iterator[DayReport]:
    """Load days of some tables, one after the other.

    Each day of a table is a run of Luigi of its own, since the cost of Luigi's
    scheduler grows with the square of what is pending.

    Args:
        tables: What to load.
        days: Which days.
        shards: Names of the shards to load; all of the catalog's if empty.
        settings: All options.
        how: How to run Luigi.

    Yields:
        What was done for each table and day, when it is done.

    Raises:
        Stop: The run was told to end; what was done so far has been yielded.
        ConfigurationError: A shard or a table's tasks are unknown.
        ShardlineError: The markers cannot be read, or luigid does not answer.
    """
    names = [settings.catalog.shard(name).name for name in shards]
    begin(settings)
    for day in days:
        for table in tables:
            tasks: list[luigi.Task] = [day_task(table, day)]
            if names:
                tasks = [shard_task(table, day, name) for name in names]
            yield _run_day(
                tasks, table, day, names or list(settings.catalog.shards), settings, how
            )
            stopper().check()


def _run_day(
    tasks: Sequence[luigi.Task],
    table: Table,
    day: date,
    shards: Sequence[str],
    settings: Settings,
    how: How,
) -> DayReport:
    seen = memo(settings.warehouse)
    try:
        before = seen.markers(table, day, day)
        status = build(
            tasks,
            lambda: len(seen.sources(table, day).intersection(shards)),
            settings,
            how,
        )
        after = seen.markers(table, day, day)
    except ShardlineError as error:
        _tell(error, table, day, shards)
        raise error.at(f"{table.name} {day}, {len(shards)} shards") from error
    own = ledger().sessions()
    new = [
        after[day, name]
        for name in shards
        if (day, name) in after
        and (day, name) not in before
        and after[day, name].etl_id in own
    ]
    missing = tuple(name for name in shards if (day, name) not in after)
    code = exit_code_for(missing, status)
    told = failures.lines().take()
    return DayReport(
        table=table.name,
        day=day,
        shards=len(shards),
        missing=missing,
        loaded=sum(1 for marker in new if marker.rows),
        skipped=sum(1 for marker in new if not marker.rows),
        rows=sum(marker.rows for marker in new),
        warnings=told.warnings,
        failures=told.failures or _unexplained(f"{table.name} {day}", missing, code),
        exit_code=code,
    )


def _tell(
    error: ShardlineError, table: Table, day: date, shards: Sequence[str]
) -> None:
    """Have those on call know that shards are missing, although no task failed."""
    one = about(day_task(table, day))
    those = [replace(one, shard=name) for name in shards]
    tell_all(error, those, Event.NOT_STARTED)


def _unexplained(what: str, missing: Sequence[str], code: ExitCode) -> tuple[str, ...]:
    """What is missing without anything having failed."""
    if not missing:
        return ()
    in_all = f"({len(missing)} shards in all)"
    return (f"{what} {missing[0]} {in_all}: {why_missing(code)}",)


def why_missing(code: ExitCode) -> str:
    """What is with days that are missing, although nothing has failed."""
    match code:
        case ExitCode.INTERRUPTED | ExitCode.TERMINATED:
            return "not loaded, since the run was told to end"
        case ExitCode.ALREADY_RUNNING:
            return "being loaded by another run; wait for its end"
        case ExitCode.NOT_RUN:
            return (
                "kept by luigid for another run, or for one that has died until it"
                " drops that; see its page, and run it again in two minutes"
            )
        case _:
            return "not loaded; run it again with --verbose"


def exit_code_for(missing: Sequence[str], status: LuigiStatusCode) -> ExitCode:
    """How a run ended: markers say whether all is well, Luigi what is not."""
    if not missing:
        return ExitCode.COMPLETE
    if number := stopper().number:
        return ExitCode(128 + number)
    if failures.lines().untold():
        return ExitCode.UNHANDLED
    match status:
        case LuigiStatusCode.MISSING_EXT:
            return ExitCode.NOT_READY
        case LuigiStatusCode.SCHEDULING_FAILED:
            return ExitCode.NOT_SCHEDULED
        case LuigiStatusCode.NOT_RUN:
            return ExitCode.NOT_RUN
        case LuigiStatusCode.SUCCESS:
            # Nothing failed and yet something is missing: others are at it.
            return ExitCode.ALREADY_RUNNING
        case _:
            return ExitCode.FAILED
