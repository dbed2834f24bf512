"""Runs tasks through Luigi, and once more what failed but may pass, or was held."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import luigi
import luigi.configuration
from luigi.execution_summary import LuigiStatusCode
from luigi.rpc import RPCError
from luigi.scheduler import Scheduler
from luigi.worker import Worker

from pipelines.alerts import release_at_exit, run_id, start_sender
from pipelines.config import Settings, logging_file
from pipelines.errors import TransientError
from pipelines.etl_db import etl_engine
from pipelines.runs.luigi_configuration import untaken_option
from pipelines.runs.pooled_worker import PooledWorker
from pipelines.runs.worker_pool import worker_pool
from pipelines.runtime import (
    Stop,
    ask_with_retries,
    failure_log,
    ledger,
    limit_memory,
    run_retries,
    set_verbosity,
    stopper,
)
from pipelines.tasks import (
    ForeignTaskError,
    PatientScheduler,
    check_luigid,
    luigid_gone,
    register_handlers,
)
from pipelines.warehouse import cached_markers

logger = logging.getLogger(__name__)

HELD = {LuigiStatusCode.NOT_RUN, LuigiStatusCode.SUCCESS}
"""What Luigi says when nothing failed, although something may be missing."""

POLL = 5.0
"""Seconds between two looks at what another run holds."""


@dataclass(frozen=True)
class LuigiOptions:
    """How a run uses Luigi.

    Attributes:
        workers: How many processes load at a time.
        local_scheduler: Whether to schedule in this process, not by luigid.
        verbose: Whether Luigi says what it does.
    """

    workers: int
    local_scheduler: bool
    verbose: bool


def begin_luigi(settings: Settings) -> None:
    """Make ready, before any child is forked, what they share with this process."""
    register_handlers()
    run_id()
    stopper().grace = settings.run.grace
    limit_memory(settings.run.memory_mib)
    worker_pool().begin_run(settings)
    start_sender(settings)
    failure_log()
    ledger()
    tries = settings.run.tries()
    cached_markers(settings.warehouse).tries = tries
    try:
        ask_with_retries(lambda: etl_engine(settings.sessions.database), tries)
    except TransientError:
        failure_log().add_unreported()
        raise
    release_at_exit()


def build(
    tasks: Sequence[luigi.Task],
    complete: Callable[[], int],
    settings: Settings,
    how: LuigiOptions,
    *,
    patience: float | None = None,
) -> LuigiStatusCode:
    """Run tasks; what fails, and may pass, some more times with growing pauses.

    Args:
        tasks: What to run.
        complete: Tells how much of it is complete.
        settings: `run` says how often, and how patiently.
        how: How to run Luigi.
        patience: Seconds to wait for what luigid keeps for another run; by default as
            `load` says.

    Returns:
        How the last time ended. A run that was told to end is not run on; `stopper`
        knows of it.

    Raises:
        ShardlineError: luigid cannot be reached, or the configuration is wrong.
    """
    if patience is None:
        patience = settings.load.patience
    luigid_patience = 0.0
    pause = settings.run.retry_pause
    for left in range(settings.run.retries, -1, -1):
        vars(run_retries()).update(ours=True, left=left, pause=pause)
        run_luigi = partial(_build, settings=settings, how=how)
        status = run_luigi(tasks, luigid_patience=luigid_patience)
        if not how.local_scheduler:
            status = _wait_for_others(tasks, complete, patience, status, run_luigi)
        tasks, failed = _worth_another(tasks, status) if left else ((), ())
        if not tasks or stopper().number:
            break
        # Spread at random, so that several runs that failed of the same part.
        wait = pause + random.uniform(0, pause / 2)  # noqa: S311 - no secret
        _forgive(failed, wait)
        _sleep(wait)
        if stopper().number:
            break
        pause, luigid_patience = 2 * pause, settings.run.luigid_patience
    # Of what was not tried again, the last time knows nothing.
    unmended = status in HELD and failure_log().failed()
    return LuigiStatusCode.FAILED if unmended else status


def _sleep(seconds: float) -> None:
    try:
        time.sleep(seconds)
    except Stop:
        logger.info("what failed is not tried again: the run was told to end")


def _worth_another(
    tasks: Sequence[luigi.Task], status: LuigiStatusCode
) -> tuple[Sequence[luigi.Task], Collection[str]]:
    """What to run again, and the ids of the tasks whose failures that may mend.

    All is run again, and so whatever a task has asked for as it went on; or, where some
    of it will fail again until someone acts, what failed otherwise.
    """
    failed = failure_log().failed()
    lasting = {task_id for task_id, lasts in failed.items() if lasts}
    if not lasting:
        is_unknown = status is LuigiStatusCode.SCHEDULING_FAILED
        return (tasks if failed or is_unknown else ()), failed.keys()
    wanted = failed.keys() - lasting
    again = [task for task in _all(tasks) if task.task_id in wanted]
    return again, [task.task_id for task in again]


def _all(tasks: Sequence[luigi.Task]) -> Iterator[luigi.Task]:
    """The tasks and what they require, each once."""
    seen: dict[str, luigi.Task] = {}
    left = list(tasks)
    while left:
        task = left.pop()
        if task.task_id not in seen:
            seen[task.task_id] = task
            left.extend(task.deps())
            yield task


def _forgive(task_ids: Collection[str], wait: float) -> None:
    """Do not tell of what is tried again; should it fail again, that is told."""
    for line in failure_log().forgive(task_ids):
        logger.info("%s; it will be tried again in %.0f seconds", line, wait)


def _wait_for_others(
    tasks: Sequence[luigi.Task],
    complete: Callable[[], int],
    patience: float,
    status: LuigiStatusCode,
    run_luigi: Callable[..., LuigiStatusCode],
) -> LuigiStatusCode:
    """Run Luigi again while luigid keeps what is missing for another run.

    That run may be dead, which luigid notices later only. `patience` seconds after the
    last shard has come, nobody waits any longer.
    """
    if stopper().number:
        return status
    known, deadline = complete(), time.monotonic() + patience
    while status in HELD and time.monotonic() < deadline and not _done(tasks):
        _sleep(POLL)
        if stopper().number:
            break
        status = run_luigi(tasks)
        now = complete()
        if now > known:
            known, deadline = now, time.monotonic() + patience
    return status


def _done(tasks: Sequence[luigi.Task]) -> bool:
    return all(task.complete() for task in tasks)


def _build(
    tasks: Sequence[luigi.Task],
    settings: Settings,
    how: LuigiOptions,
    luigid_patience: float | None = None,
) -> LuigiStatusCode:
    factory = _Factory(settings.run.luigid_patience)
    # Its lines come in our form.
    luigi.configuration.get_config().set("core", "no_configure_logging", "true")
    if not logging_file():
        set_verbosity(verbose=how.verbose)
    if luigid_patience is None:
        luigid_patience = settings.run.luigid_patience
    try:
        if not how.local_scheduler:
            check_luigid(luigid_patience)
        result = luigi.build(
            tasks,
            worker_scheduler_factory=factory,
            workers=how.workers,
            local_scheduler=how.local_scheduler,
            detailed_summary=True,
        )
    except Stop as stop:
        stopper().end_children()
        factory.give_back(str(stop))
        return LuigiStatusCode.NOT_RUN
    except (RPCError, ForeignTaskError) as error:
        told = luigid_gone() if isinstance(error, RPCError) else error
        failure_log().add(str(told))
        failure_log().add_unreported()
        return LuigiStatusCode.FAILED
    except ValueError as error:
        raise untaken_option(error) from error
    status: LuigiStatusCode = result.status
    return status


class _Factory:
    """What `luigi.build` makes its scheduler and its worker with."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._remote: PatientScheduler | None = None

    def create_local_scheduler(self) -> Scheduler:
        return Scheduler(prune_on_get_work=True, record_task_history=False)

    def create_remote_scheduler(self, url: str) -> PatientScheduler:
        self._remote = PatientScheduler(url, self._patience)
        return self._remote

    def create_worker(
        self,
        scheduler: Any,  # noqa: ANN401 - either of the two
        worker_processes: int,
        assistant: bool = False,
    ) -> Worker:
        """A worker that ends when there is nothing to do: `build` repeats, not it."""
        return PooledWorker(
            worker_pool(),
            scheduler=scheduler,
            worker_processes=worker_processes,
            assistant=assistant,
            keep_alive=False,
            check_complete_on_run=True,
        )

    def give_back(self, why: str) -> None:
        if self._remote is not None:
            self._remote.give_back(why)
