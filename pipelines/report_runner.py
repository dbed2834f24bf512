"""Runs the refresh of some reports through Luigi, and tells how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import luigi

from pipelines import failures
from pipelines.alerts import events
from pipelines.alerts.outbox import Event
from pipelines.errors import ShardlineError
from pipelines.exit_codes import ExitCode
from pipelines.reports import MailReports, RefreshReport
from pipelines.rounds import How, begin, build
from pipelines.run_outcome import exit_code_for
from pipelines.settings import Settings


@dataclass(frozen=True)
class Asked:
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
class Outcome:
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
        told = {None: "", True: "; the mail is sent", False: "; the mail is not sent"}
        stale = f" ({', '.join(self.stale)})" if self.stale else ""
        return (
            f"reports {self.day}: {len(self.refreshed)} refreshed, {already} fresh"
            f" already, {len(self.stale)} stale{stale}{told[self.mailed]}"
        )


def run(asked: Asked, day: date, settings: Settings, how: How) -> Outcome:
    """Refresh reports of a day.

    Args:
        asked: Which, and how.
        day: The day.
        settings: All options.
        how: How to run Luigi.

    Raises:
        ShardlineError: The markers cannot be read, or luigid does not answer.
    """
    begin(settings)
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
        mailed = mail.output().exists() if mail else None
    except ShardlineError as error:
        those = [events.about(task) for task in refreshes.values()]
        events.tell_all(error, those, Event.NOT_STARTED)
        raise
    stale = tuple(name for name in asked.reports if name not in fresh)
    missing = stale or (() if mailed is not False else ("mail",))
    told = failures.lines().take()
    return Outcome(
        day=day,
        fresh=tuple(fresh),
        refreshed=tuple(name for name in fresh if name not in before),
        stale=stale,
        mailed=mailed,
        lines=(*failures.shown(told.warnings), *failures.shown(told.failures)),
        exit_code=exit_code_for(status, complete=not missing),
    )
