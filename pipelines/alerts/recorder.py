"""Writes failures to the outbox, in whichever process they happen.

Nothing here raises, nor holds up its caller for longer than `BOUND`: the lines of the
run tell of a failure in any case.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache

import luigi
import luigi.scheduler
import luigi.worker
from sqlalchemy import Engine

from pipelines.alerts import outbox
from pipelines.alerts.outbox import About, Event, Occasion
from pipelines.config import Settings, current_settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import etl_engine, latest_session, new_id
from pipelines.runtime import failure_log, is_lasting, run_retries

logger = logging.getLogger(__name__)

BOUND = 10.0
"""Seconds that the outbox may hold up its caller."""

PAUSE = 60.0
"""Seconds that a process leaves the outbox alone after that."""

REPEATED = timedelta(hours=1)
"""How long an attempt that is repeated may take, until the last one counts: then also
when the run's end did not make it count."""

SUBJECTS = ("table", "report", "subject")
"""The parameters of tasks that say what they are for."""

OF_AN_ATTEMPT = {Event.FAILURE, Event.PROCESS_FAILURE, Event.TIMEOUT}


@cache
def run_id() -> int:
    """This run's number: children that are forked after the first call share it."""
    return new_id()


@cache
def release_at_exit() -> None:
    """Have what this run records count when the run ends, whatever it then waits for.

    To be called before any child is forked; calls after the first do nothing.
    """
    atexit.register(_release, os.getpid())


def _release(owner: int) -> None:
    if os.getpid() != owner:
        return
    try:
        engine = etl_engine(current_settings().sessions.database)
        outbox.release_alerts(engine, run_id())
    except (ShardlineError, KeyboardInterrupt) as error:
        logger.info("what failed in this run may be told an hour late: %s", error)


def record_failure(error: BaseException, task: luigi.Task, event: Event) -> None:
    """Write that a task has failed.

    Args:
        error: What was raised.
        task: Which task.
        event: Which of Luigi's events told of it.
    """

    def held(engine: Engine) -> timedelta:
        if run_retries().left and not is_lasting(error):
            return timedelta(seconds=2 * run_retries().pause) + REPEATED
        repeatable = event in OF_AN_ATTEMPT and not run_retries().ours
        return _until_repeated(engine, task, event) if repeatable else timedelta(0)

    _write(error, about_task_days(task), event, held)


def record_failures(error: BaseException, those: Sequence[About], event: Event) -> None:
    """Write that several things have failed of the same."""
    _write(error, those, event, lambda _: timedelta(0))


def record_failure_later(
    error: BaseException, task: luigi.Task, event: Event, held: timedelta
) -> None:
    """Write what is a failure only if it has not mended itself by some time.

    Args:
        error: Why it is not done yet.
        task: Which task.
        event: Which of Luigi's events told of it.
        held: How long from now.
    """
    _write(error, about_task_days(task), event, lambda _: held, outbox.NO_RUN)


def about_task_days(task: luigi.Task) -> list[About]:
    """What a task is for; one that loads several days is for each of them."""
    asked = getattr(task, "asked", None)
    parts = getattr(task, "parts", ()) or (task,)
    return [replace(about_task(part), asked=asked) for part in parts]


def about_task(task: luigi.Task) -> About:
    """What a task is for: those of one day's shards make one family."""
    shard = getattr(task, "shard", None)
    family = str(task.task_family)
    named = (getattr(task, part, None) for part in SUBJECTS)
    subject = next(filter(None, named), None)
    return About(
        family=outbox.error_kind(
            family.removesuffix("Shard") if shard else family, subject
        ),
        task_id=str(task.task_id),
        subject=subject,
        day=getattr(task, "date", None),
        shard=shard,
        triage=getattr(task, "triage", ""),
    )


def _write(
    error: BaseException,
    those: Sequence[About],
    event: Event,
    held: Callable[[Engine], timedelta],
    run: int | None = None,
) -> None:
    def append() -> None:
        options = current_settings()
        engine = etl_engine(options.sessions.database)
        wait = held(engine)
        rows = [
            outbox.alert_for_error(
                error,
                one,
                Occasion(
                    event,
                    run=run_id() if run is None else run,
                    session=_session(engine, options, one, event),
                    again=event is not Event.FAILURE,
                    held=wait,
                ),
                options.catalog,
            )
            for one in those
        ]
        outbox.append_alerts(engine, rows)

    _bounded(os.getpid()).do(append)


def _session(engine: Engine, options: Settings, one: About, event: Event) -> int | None:
    """The attempt that failed: the partition's latest."""
    table = options.catalog.tables.get(one.subject or "")
    if event not in OF_AN_ATTEMPT or not (table and one.day and one.shard):
        return None
    return latest_session(engine, table.target, one.day, one.shard)


def _until_repeated(engine: Engine, task: luigi.Task, event: Event) -> timedelta:
    """How long a failure waits for the next attempt, if Luigi makes one.

    Within a run, Luigi repeats only what a worker that stays alive has left, until it
    has failed `retry_count` times. A death is told several times, so none is known to
    be the last: it waits for the end of the run.
    """
    if not luigi.worker.worker().keep_alive:
        return timedelta(0)
    policy = luigi.scheduler.scheduler()
    limit = policy.retry_count if task.retry_count is None else task.retry_count
    told_as = about_task_days(task)[0].task_id
    failed = outbox.count_alerts(engine, run_id(), told_as) + 1
    if event is Event.FAILURE and failed >= limit:
        return timedelta(0)
    return timedelta(seconds=policy.retry_delay) + REPEATED


@cache
def _bounded(_pid: int) -> _Bounded:
    return _Bounded()


class _Bounded:
    """Does what must neither fail nor hold up its caller."""

    def __init__(self) -> None:
        self._paused_until = 0.0

    def do(self, work: Callable[[], None]) -> None:
        """Do it in a thread that is abandoned when it takes too long."""
        if time.monotonic() < self._paused_until:
            _record_unreported("it hangs")
            return

        def attempt() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - of no concern to a load
                _record_unreported(str(error))

        thread = threading.Thread(target=attempt, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            _record_unreported(str(error))
            return
        thread.join(BOUND)
        if thread.is_alive():
            self._paused_until = time.monotonic() + PAUSE
            _record_unreported("it hangs")


def _record_unreported(why: str) -> None:
    """Say so, and let the run's exit code say it."""
    logger.warning("a failure may not be in the outbox of alerts: %s", why)
    with suppress(ValueError):  # it is closed: the process has ended meanwhile
        failure_log().add_unreported()
