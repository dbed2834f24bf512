"""Runs the loads of some days through Luigi, and tells from the markers how it went."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import luigi
import luigi.configuration
from luigi.execution_summary import LuigiStatusCode
from luigi.rpc import RPCError

from pipelines import failures
from pipelines.catalog import Table
from pipelines.errors import ConfigurationError, ShardlineError, TransientError
from pipelines.load import LoadDay
from pipelines.settings import Settings
from pipelines.warehouse.markers import Day, Marker
from pipelines.warehouse.memo import memo


class ExitCode(IntEnum):
    """How a run ended; the same numbers as ``[retcode]`` in luigi.cfg."""

    COMPLETE = 0
    USAGE = 2
    ALREADY_RUNNING = 10
    NOT_READY = 20
    NOT_RUN = 25
    FAILED = 30
    NOT_SCHEDULED = 35


@dataclass(frozen=True)
class DayReport:
    """What a run did for one day.

    Attributes:
        table: The table.
        day: The day.
        shards: How many shards were asked for.
        missing: Those that have no marker at the end.
        loaded: How many got their rows in this run.
        skipped: How many were found to have none in this run.
        rows: How many rows arrived in this run.
    """

    table: str
    day: date
    shards: int
    missing: tuple[str, ...]
    loaded: int
    skipped: int
    rows: int

    def __str__(self) -> str:
        """One line."""
        complete = self.shards - len(self.missing)
        present = complete - self.loaded - self.skipped
        return (
            f"{self.table} {self.day}: {complete} of {self.shards} shards complete:"
            f" {self.loaded} loaded, {self.skipped} skipped, {present} already there,"
            f" {len(self.missing)} missing; {self.rows:,} rows"
        )


@dataclass(frozen=True)
class Report:
    """What a run did.

    Attributes:
        days: Day by day.
        failures: What failed, a line each.
        exit_code: How the run ended.
    """

    days: tuple[DayReport, ...]
    failures: tuple[str, ...]
    exit_code: ExitCode


def run(
    table: Table,
    days: Sequence[date],
    settings: Settings,
    *,
    shards: Sequence[str],
    workers: int,
    local_scheduler: bool,
    verbose: bool,
) -> Report:
    """Load days of one table.

    Args:
        table: What to load.
        days: Which days.
        settings: All options.
        shards: Names of the shards to load; all of the catalog's if empty.
        workers: How many processes load at a time.
        local_scheduler: Whether to schedule in this process, not by luigid.
        verbose: Whether Luigi says what it does.

    Raises:
        ConfigurationError: A shard or the table's tasks are unknown.
        ShardlineError: The markers cannot be read.
    """
    names = [settings.catalog.shard(name).name for name in shards]
    names = names or list(settings.catalog.shards)
    failures.lines()
    seen = memo(settings.warehouse)
    try:
        before = seen.markers(table, min(days), max(days))
    except ShardlineError as error:
        asked = " ".join(str(day) for day in days)
        raise error.at(f"{table.name} {asked}, {len(names)} shards") from error
    try:
        result = luigi.build(
            _tasks(table, days, shards),
            workers=workers,
            local_scheduler=local_scheduler,
            log_level="INFO" if verbose else "CRITICAL",
            detailed_summary=True,
        )
    except RPCError as error:
        raise TransientError(
            f"luigid does not answer: {error}",
            step="check [core] in luigi.cfg, or use --local-scheduler",
        ) from error
    after = seen.markers(table, min(days), max(days))
    reports = tuple(_report(table, day, names, before, after) for day in days)
    code = _exit_code(reports, result.status)
    lines = failures.lines().take() or _unexplained(reports, code)
    return Report(reports, tuple(lines), code)


def task_class(table: Table) -> type[LoadDay]:
    """The task that loads a table's days: in the module named for the table.

    Raises:
        ConfigurationError: There is none.
    """
    missing = ConfigurationError(
        f"no task loads {table.name!r}",
        step=f"write its class in pipelines/{table.name}.py: see docs/tables.md",
    )
    try:
        module = importlib.import_module(f"pipelines.{table.name}")
    except ModuleNotFoundError as error:
        raise missing from error
    for member in vars(module).values():
        if (
            isinstance(member, type)
            and issubclass(member, LoadDay)
            and vars(member).get("table") == table.name
        ):
            return member
    raise missing


def _tasks(
    table: Table, days: Sequence[date], shards: Sequence[str]
) -> list[luigi.Task]:
    of_day = task_class(table)
    if not shards:
        return [of_day(date=day) for day in days]
    return [of_day.shard_task(date=day, shard=name) for day in days for name in shards]


def _unexplained(reports: Sequence[DayReport], code: ExitCode) -> list[str]:
    """What is missing without anything having failed."""
    why = {
        ExitCode.ALREADY_RUNNING: "being loaded by another run; wait for its end",
        ExitCode.NOT_RUN: "the scheduler did not let it run; see luigid's page",
    }.get(code, "not loaded; run it again with --verbose")
    return [
        f"{report.table} {report.day} {report.missing[0]}"
        f" ({len(report.missing)} shards in all): {why}"
        for report in reports
        if report.missing
    ]


def _report(
    table: Table,
    day: date,
    shards: Sequence[str],
    before: dict[Day, Marker],
    after: dict[Day, Marker],
) -> DayReport:
    keys = [(day, name) for name in shards]
    new = [after[key] for key in keys if key in after and key not in before]
    return DayReport(
        table=table.name,
        day=day,
        shards=len(keys),
        missing=tuple(name for _, name in keys if (day, name) not in after),
        loaded=sum(1 for marker in new if marker.rows),
        skipped=sum(1 for marker in new if not marker.rows),
        rows=sum(marker.rows for marker in new),
    )


def _exit_code(reports: Sequence[DayReport], status: LuigiStatusCode) -> ExitCode:
    """The markers decide whether all is well, Luigi tells what is not."""
    if not any(report.missing for report in reports):
        return ExitCode.COMPLETE
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
