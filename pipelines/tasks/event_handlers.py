"""What Luigi's events mean to the one who started a run.

Each handler is registered once, on the base of all our tasks, where a run of ours
begins, and for the `luigi` command when it imports `pipelines.tasks`.
"""

from __future__ import annotations

import logging
import multiprocessing
from datetime import UTC, datetime, timedelta
from functools import cache

import luigi
import luigi.configuration
import luigi.interface
from luigi import Event
from luigi.cmdline_parser import CmdlineParser
from luigi.rpc import RPCError

from pipelines.alerts import Event as AlertEvent
from pipelines.alerts import (
    record_failure,
    record_failure_later,
    release_at_exit,
    run_id,
    start_sender,
)
from pipelines.catalog import day_not_over, day_ready_at
from pipelines.config import SQLITE_WARNING, current_settings
from pipelines.errors import ShardlineError, TransientError
from pipelines.etl_db import etl_engine, prune
from pipelines.load import once_a_run
from pipelines.runtime import (
    ExitCode,
    die_with_parent,
    failure_log,
    note_failure,
    stopper,
)
from pipelines.sql import Dialect, precompile
from pipelines.tasks import luigid
from pipelines.tasks.base import WatchedTask
from pipelines.tasks.load import DayEnded, LoadShard
from pipelines.tasks.load_days import Days
from pipelines.tasks.lost_sessions import close_dead_sessions

logger = logging.getLogger(__name__)

EXIT_CODES = {
    "already_running": ExitCode.ALREADY_RUNNING,
    "missing_data": ExitCode.NOT_READY,
    "not_run": ExitCode.NOT_RUN,
    "task_failed": ExitCode.FAILED,
    "scheduling_error": ExitCode.NOT_SCHEDULED,
    "unhandled_exception": ExitCode.UNHANDLED,
}
"""What luigi.cfg has in [retcode]."""

OF_LOADS = {
    Dialect.SQL_SERVER: (
        *("use_database", "describe_query", "describe_table", "count_undated"),
        "extract",
    ),
    Dialect.VERTICA: (
        *("look", "select_marker", "select_markers", "copy", "copied_rows"),
        "insert_marker",
    ),
}
"""The statements of loads, which many forked children send."""

LATE_AFTER = timedelta(hours=1)
"""How long after its end a day that was not over may be missing, before it is told."""


@cache
def register_handlers() -> None:
    """Register the handlers; calls after the first do nothing."""
    _exit_with_a_code()
    luigid.log_in_one_line()
    handlers = {
        Event.START: _on_start,
        Event.DEPENDENCY_DISCOVERED: _on_dependency,
        Event.DEPENDENCY_PRESENT: _on_present,
        Event.DEPENDENCY_MISSING: _on_missing,
        Event.BROKEN_TASK: _on_broken,
        Event.FAILURE: _on_failure,
        Event.PROCESS_FAILURE: _on_death,
        Event.TIMEOUT: _on_timeout,
    }
    for event, handler in handlers.items():
        WatchedTask.event_handler(event)(handler)


def _exit_with_a_code() -> None:
    """Let `luigi` notice failures and tell them, even where no luigi.cfg says so.

    Luigi's own codes are 0 whatever happens, and a task that has run is done for it,
    whether its target is there or not. It reads both after it has imported us.
    """
    config = luigi.configuration.get_config()
    for option, code in EXIT_CODES.items():
        if not config.has_option("retcode", option):
            config.set("retcode", option, str(code))
    if not config.has_option("worker", "check_complete_on_run"):
        config.set("worker", "check_complete_on_run", "true")


def task_label(task: luigi.Task) -> str:
    """How a task is called in messages: table or report, day, shard."""
    if isinstance(task, Days):
        return str(task.span(current_settings()))
    names = ("table", "report", "date", "shard")
    parts = (getattr(task, part, None) for part in names)
    text = " ".join(str(part) for part in parts if part is not None)
    return text or str(task.task_id)


def _on_start(_task: luigi.Task) -> None:
    """In the process of the task, before its run()."""
    stopper().check()
    if multiprocessing.parent_process() is not None:
        die_with_parent()


def _on_dependency(task: luigi.Task, dependency: luigi.Task) -> None:
    """In the parent, while scheduling: say which shard's day has not ended."""
    begin_in_parent()
    if isinstance(task, LoadShard | Days) and isinstance(dependency, DayEnded):
        _note_if_not_over(task, dependency)


def _on_present(_task: luigi.Task) -> None:
    begin_in_parent()


def _on_missing(task: luigi.Task) -> None:
    """In the parent: what is external is missing, or complete() raised an error.

    The event does not bring the error, so the question is asked once more. A task that
    can say why it is missing has a method `why`.
    """
    begin_in_parent()
    try:
        if not task.complete() and hasattr(task, "why"):
            _record(task.why(), task, AlertEvent.DEPENDENCY_MISSING)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        _record(error, task, AlertEvent.DEPENDENCY_MISSING)


def _on_broken(task: luigi.Task, error: BaseException) -> None:
    """In the parent: what the task requires cannot be found out."""
    begin_in_parent()
    _record(error, task, AlertEvent.BROKEN_TASK)


def _on_failure(task: luigi.Task, error: BaseException) -> None:
    """In the process of the task: its run() raised."""
    _record(error, task, AlertEvent.FAILURE)


def _on_death(task: luigi.Task, message: str) -> None:
    """In the parent: the task's process is gone. Comes several times for one death."""
    died = TransientError(f"its process ended: {message}", step="run it again")
    _record(died, task, AlertEvent.PROCESS_FAILURE)


def _on_timeout(task: luigi.Task, message: str) -> None:
    """In the parent: the task took too long, and its process was ended."""
    ended = TransientError(f"its process was ended: {message}", step="run it again")
    _record(ended, task, AlertEvent.TIMEOUT)


def _record(error: BaseException, task: luigi.Task, event: AlertEvent) -> None:
    if isinstance(error, RPCError):
        error = luigid.luigid_gone()
        failure_log().add(str(error))
    else:
        note_failure(error, task_label(task), str(task.task_id))
    record_failure(error, task, event)


@cache
def begin_in_parent() -> None:
    """Make ready, once, in the parent, before any child is forked."""
    run_id()
    _start_sender()
    failure_log()
    once_a_run()
    precompile(OF_LOADS)
    try:
        options = current_settings()
        if options.sessions.is_file and _luigi_asks_luigid():
            logger.warning(SQLITE_WARNING)
        engine = etl_engine(options.sessions.database)
        release_at_exit()
        close_dead_sessions(options, engine)
    except ShardlineError as error:
        # The next run may do it; nothing of this one depends on it.
        logger.warning("sessions of dead processes stay open: %s", error)
    _forget_what_is_old()


def _forget_what_is_old() -> None:
    """Keep the ETL database from growing; what is not done now, the next run does."""
    try:
        options = current_settings()
        prune(etl_engine(options.sessions.database), options.sessions.keep)
    except ShardlineError as error:
        logger.info("what is old stays in the ETL database: %s", error)


def _start_sender() -> None:
    """First: what it registers for the end of the run so comes after our lines."""
    try:
        start_sender(current_settings())
    except ShardlineError as error:
        logger.warning("alerts are not sent during this run: %s", error)


def _luigi_asks_luigid() -> bool:
    """Whether this is the `luigi` command without --local-scheduler."""
    by_command = CmdlineParser.get_instance() is not None
    return by_command and not luigi.interface.core().local_scheduler


def _note_if_not_over(task: LoadShard | Days, ended: DayEnded) -> None:
    if ended.complete():
        return
    ready = day_ready_at(ended.date, ended.time_zone, current_settings().load.settle)
    held = max(ready - datetime.now(UTC), timedelta(0)) + LATE_AFTER
    why = day_not_over(ended.time_zone, ready)
    failure_log().wait_for(f"{task.table} {ended.date}", task.shard, str(why))
    record_failure_later(why, task, AlertEvent.DEPENDENCY_MISSING, held)
