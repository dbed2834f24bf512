"""Runs the refresh of some reports through Luigi, and tells how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import luigi

from pipelines.alerts import Event, about_task, record_failures
from pipelines.config import Settings
from pipelines.errors import ShardlineError
from pipelines.reports import MailReports, RefreshReport
from pipelines.runs.luigi_run import LuigiOptions, begin_luigi, build
from pipelines.runs.outcome import exit_code_for
from pipelines.runtime import ExitCode, ask_with_retries, failure_log, lines_to_print


@dataclass(frozen=True)
class RefreshRequest:
    """What is asked for.

    Attributes:
        reports: Names of reports.
        allow_missing: How many shards of the day may be missing.
        mail: Whether readers are told when all reports of the day are fresh.
    """

    reports: tuple[str, ...]
    allow_missing: int
    mail: bool


@dataclass(frozen=True)
class Refreshed:
    """What a run did for one day.

    Attributes:
        day: The day.
        fresh: Reports that are fresh now.
        refreshed: Those of them that were not before.
        stale: Those that are not.
        mailed: Whether the mail was sent by this run or before; None if it was not
            asked for.
        lines: Warnings and failures, a line each.
        exit_code: How it ended.
    """

    day: date
    fresh: tuple[str, ...]
    refreshed: tuple[str, ...]
    stale: tuple[str, ...]
    mailed: bool | None
    lines: tuple[str, ...]
    exit_code: ExitCode

    def __str__(self) -> str:
        """One line."""
        already = len(self.fresh) - len(self.refreshed)
        of_mail = {
            None: "",
            True: "; the mail is sent",
            False: "; the mail is not sent",
        }
        stale = f" ({', '.join(self.stale)})" if self.stale else ""
        return (
            f"reports {self.day}: {len(self.refreshed)} refreshed, {already} fresh"
            f" already, {len(self.stale)} stale{stale}{of_mail[self.mailed]}"
        )


def run_refresh(
    asked: RefreshRequest, day: date, settings: Settings, how: LuigiOptions
) -> Refreshed:
    """Refresh reports of a day.

    Args:
        asked: Which, and how.
        day: The day.
        settings: All options.
        how: How to run Luigi.

    Raises:
        ShardlineError: The markers cannot be read, or luigid does not answer.
    """
    begin_luigi(settings)
    limit = asked.allow_missing
    refreshes = {
        name: RefreshReport(report=name, date=day, allow_missing=limit)
        for name in asked.reports
    }
    mail = MailReports(date=day, allow_missing=limit) if asked.mail else None
    tasks: list[luigi.Task] = [mail] if mail else list(refreshes.values())
    try:
        before = {name for name, task in refreshes.items() if task.complete()}
        status = build(
            tasks,
            lambda: sum(task.complete() for task in refreshes.values()),
            settings,
            how,
        )
        fresh = [name for name, task in refreshes.items() if task.complete()]
        mailed = None
        if mail:
            mailed = ask_with_retries(mail.output().exists, settings.run.tries())
    except ShardlineError as error:
        those = [about_task(task) for task in refreshes.values()]
        record_failures(error, those, Event.NOT_STARTED)
        raise
    stale = tuple(name for name in asked.reports if name not in fresh)
    missing = stale or (() if mailed is not False else ("mail",))
    pending = failure_log().take()
    return Refreshed(
        day=day,
        fresh=tuple(fresh),
        refreshed=tuple(name for name in fresh if name not in before),
        stale=stale,
        mailed=mailed,
        lines=(*lines_to_print(pending.warnings), *lines_to_print(pending.failures)),
        exit_code=exit_code_for(status, complete=not missing),
    )
