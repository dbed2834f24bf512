"""Runs the loads of some days through Luigi, and tells from the markers how it went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from urllib.parse import urlsplit

import luigi
import luigi.configuration
import luigi.interface
from luigi.execution_summary import LuigiStatusCode
from luigi.rpc import RPCError

from pipelines import database, failures
from pipelines.alerts import follower
from pipelines.alerts.events import about, run_id, tell_all
from pipelines.alerts.outbox import Event
from pipelines.catalog import Table
from pipelines.errors import ConfigurationError, ShardlineError, TransientError
from pipelines.reach import why_unreachable
from pipelines.settings import Settings
from pipelines.table_tasks import task_class
from pipelines.warehouse.memo import memo

SCHEDULER_OPTIONS = (
    "default-scheduler-host",
    "default-scheduler-url",
    "default_scheduler_host",
    "default_scheduler_url",
    "scheduler_host",
    "scheduler_url",
)
"""Options of Luigi's [core], old and new, that say where luigid is."""

HELD = {LuigiStatusCode.NOT_RUN, LuigiStatusCode.SUCCESS}
"""What Luigi says when nothing failed, although something may be missing."""

POLL = 5.0
"""Seconds between two looks at what another run holds."""

LUIGID = "check [core] in luigi.cfg and that luigid is up, or use --local-scheduler"


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
        loaded: How many got their rows while it ran, from whichever run.
        skipped: How many were found to have none while it ran.
        rows: How many rows arrived while it ran.
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


@dataclass(frozen=True)
class How:
    """How a run uses Luigi.

    Attributes:
        workers: How many processes load at a time.
        local_scheduler: Whether to schedule in this process, not by luigid.
        verbose: Whether Luigi says what it does.
    """

    workers: int
    local_scheduler: bool
    verbose: bool


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
        ConfigurationError: A shard or a table's tasks are unknown.
        ShardlineError: The markers cannot be read, or luigid does not answer.
    """
    names = [settings.catalog.shard(name).name for name in shards]
    classes = [(table, task_class(table)) for table in tables]
    run_id()
    follower.start(settings)
    failures.lines()
    database.connect(settings.sessions.database)
    for day in days:
        for table, of_day in classes:
            tasks: list[luigi.Task] = [of_day(date=day)]
            if names:
                tasks = [of_day.shard_task(date=day, shard=name) for name in names]
            yield _run_day(
                tasks, table, day, names or list(settings.catalog.shards), settings, how
            )


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
        status = build_patiently(
            tasks,
            lambda: len(seen.sources(table, day).intersection(shards)),
            settings.load.patience,
            how,
        )
        after = seen.markers(table, day, day)
    except ShardlineError as error:
        _tell(error, table, day, shards)
        raise error.at(f"{table.name} {day}, {len(shards)} shards") from error
    new = [
        after[day, name]
        for name in shards
        if (day, name) in after and (day, name) not in before
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
    of_day = task_class(table)
    one = about(of_day(date=day))
    those = [replace(one, shard=name) for name in shards]
    tell_all(error, those, Event.NOT_STARTED)


def build_patiently(
    tasks: Sequence[luigi.Task], complete: Callable[[], int], patience: float, how: How
) -> LuigiStatusCode:
    """Run Luigi, again while luigid keeps what is missing for another run.

    That run may be dead, which luigid notices later only. `patience` seconds after
    the last shard has come, nobody waits any longer.
    """
    status = _build(tasks, how)
    if how.local_scheduler:
        return status
    known, deadline = complete(), time.monotonic() + patience
    while status in HELD and time.monotonic() < deadline and not _done(tasks):
        time.sleep(POLL)
        status = _build(tasks, how)
        now = complete()
        if now > known:
            known, deadline = now, time.monotonic() + patience
    return status


def _done(tasks: Sequence[luigi.Task]) -> bool:
    return all(task.complete() for task in tasks)


def _build(tasks: Sequence[luigi.Task], how: How) -> LuigiStatusCode:
    if not how.local_scheduler:
        _check_luigid()
    try:
        result = luigi.build(
            tasks,
            workers=how.workers,
            local_scheduler=how.local_scheduler,
            log_level="INFO" if how.verbose else "CRITICAL",
            detailed_summary=True,
        )
    except RPCError as error:
        failures.lines().add(f"luigid went away: {error}; {LUIGID}")
        return LuigiStatusCode.FAILED
    except ValueError as error:
        raise ConfigurationError(
            f"Luigi does not take an option of its own: {error}",
            step="correct luigi.cfg",
        ) from error
    status: LuigiStatusCode = result.status
    return status


def names_luigid() -> bool:
    """Whether the configuration says where luigid is."""
    core = luigi.configuration.get_config()
    return any(core.has_option("core", name) for name in SCHEDULER_OPTIONS)


def _check_luigid() -> None:
    """Ask now: Luigi itself would try for minutes."""
    core = luigi.interface.core()
    url = urlsplit(core.scheduler_url)
    host = url.hostname or core.scheduler_host
    port = url.port or core.scheduler_port
    if unreachable := why_unreachable(host, port):
        raise TransientError(
            f"luigid {host}:{port} cannot be reached: {unreachable}", step=LUIGID
        )


def _unexplained(what: str, missing: Sequence[str], code: ExitCode) -> tuple[str, ...]:
    """What is missing without anything having failed."""
    if not missing:
        return ()
    why = {
        ExitCode.ALREADY_RUNNING: "being loaded by another run; wait for its end",
        ExitCode.NOT_RUN: "kept by luigid for another run, or for one that has died"
        " until it drops that; see its page, and run it again in two minutes",
    }.get(code, "not loaded; run it again with --verbose")
    return (f"{what} {missing[0]} ({len(missing)} shards in all): {why}",)


def exit_code_for(missing: Sequence[str], status: LuigiStatusCode) -> ExitCode:
    """How a run ended: markers say whether all is well, Luigi what is not."""
    if not missing:
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
