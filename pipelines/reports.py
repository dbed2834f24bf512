"""Reports: `luigi --module pipelines.reports RefreshReports --date 2019-03-14`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from email.message import EmailMessage
from typing import ClassVar

import luigi

from pipelines import database, mail, settings
from pipelines.errors import (
    ConfigurationError,
    NotReadyError,
    ShardlineError,
)
from pipelines.report_mail import records
from pipelines.report_targets import (
    MadeTarget,
    MailTarget,
    PresentTarget,
    RefreshedTarget,
)
from pipelines.sessions import Outcome, Session
from pipelines.settings import Settings
from pipelines.table_tasks import day_task
from pipelines.tasks import CreateTarget
from pipelines.warehouse import refresh
from pipelines.watched import WatchedTask

REFRESH_AGAIN = (
    "when that is done, `shardline refresh` the day again: the old report is in place"
)
"""What to do about a report that failed, when its cause is mended."""

PATIENCE = 60.0
"""Seconds that the mail servers have to take a mail, all together."""


class CreateReport(WatchedTask):
    """A report's table and its view, made and kept as the report's SQL says."""

    triage: ClassVar[str] = REFRESH_AGAIN

    report = luigi.Parameter()
    date = luigi.DateParameter()

    def requires(self) -> list[luigi.Task]:
        """The tables that the view reads."""
        tables = settings.current().report(self.report).tables
        return [CreateTarget(table=name) for name in tables]

    def output(self) -> luigi.Target:
        """The table and the view."""
        options = settings.current()
        return MadeTarget(options, options.report(self.report), self.date)

    def run(self) -> None:
        """Make them; many processes may do so at once."""
        options = settings.current()
        try:
            refresh.make(options, options.report(self.report), self.date)
        except ShardlineError as error:
            raise error.at(f"{self.report} {self.date}") from error


class DayPresent(WatchedTask, luigi.ExternalTask):
    """What a report reads of a day, of which some shards may be missing.

    Loads are not started for it.
    """

    triage: ClassVar[str] = "load what is missing, or allow more to be missing"

    report = luigi.Parameter()
    date = luigi.DateParameter()
    allow_missing = luigi.IntParameter()

    def output(self) -> PresentTarget:
        """The day's markers."""
        options = settings.current()
        report = options.report(self.report)
        return PresentTarget(options, report, self.date, self.allow_missing)

    def why(self) -> NotReadyError:
        """What to say while too much is missing."""
        found = self.output().found()
        return refresh.missing_too_many(found, self.allow_missing)


class RefreshReport(WatchedTask):
    """One report, with everything that is loaded, once a day is in.

    With `allow_missing` that many shards' loads may be absent, and loads are taken as
    they are found; without it they are run.
    """

    triage: ClassVar[str] = REFRESH_AGAIN

    report = luigi.Parameter()
    date = luigi.DateParameter()
    allow_missing = luigi.IntParameter(default=0)

    def requires(self) -> list[luigi.Task]:
        """The day's loads, and somewhere to put the report."""
        options = settings.current()
        made = CreateReport(report=self.report, date=self.date)
        if self.allow_missing:
            present = DayPresent(
                report=self.report, date=self.date, allow_missing=self.allow_missing
            )
            return [present, made]
        tables = map(options.catalog.table, options.report(self.report).tables)
        return [*(day_task(table, self.date) for table in tables), made]

    def output(self) -> luigi.Target:
        """The report's marker, with the fingerprint of what is loaded now."""
        options = settings.current()
        report = options.report(self.report)
        return RefreshedTarget(options, report, self.date, self.allow_missing)

    def run(self) -> None:
        """Refresh it, trying again what may pass."""
        options = settings.current()
        try:
            for attempt in options.load.tries():
                with attempt:
                    self._attempt(attempt.retry_state.attempt_number)
        except ShardlineError as error:
            raise error.at(f"{self.report} {self.date}") from error.__cause__

    def _attempt(self, number: int) -> None:
        options = settings.current()
        report = options.report(self.report)
        engine = database.connect(options.sessions.database)
        with Session(engine, self.task_id, attempt=number) as session:
            if number > 1:  # the view may be why the first attempt failed
                refresh.make(options, report, self.date)
            marker = refresh.refresh(
                options, report, self.date, self.allow_missing, session.id
            )
            session.rows = marker.rows
            session.outcome = Outcome.LOADED


class RefreshReports(WatchedTask, luigi.WrapperTask):
    """Every report, once a day is in."""

    triage: ClassVar[str] = REFRESH_AGAIN

    date = luigi.DateParameter()
    allow_missing = luigi.IntParameter(default=0)

    def requires(self) -> list[luigi.Task]:
        """A refresh for each report."""
        return [
            RefreshReport(report=name, date=self.date, allow_missing=self.allow_missing)
            for name in settings.current().report_entries
        ]


class MailReports(WatchedTask):
    """The mail of success: once a day, when every report is fresh."""

    triage: ClassVar[str] = (
        "see `shardline connections mail --test`; the reports are fresh, and the next"
        " run sends the mail"
    )
    subject: ClassVar[str] = records.SUBJECT

    date = luigi.DateParameter()
    allow_missing = luigi.IntParameter(default=0)

    def requires(self) -> luigi.Task:
        """The reports."""
        return RefreshReports(date=self.date, allow_missing=self.allow_missing)

    def output(self) -> luigi.Target:
        """The note that it was sent."""
        return MailTarget(settings.current(), self.date)

    def complete(self) -> bool:
        """Whether it was sent, and no report has become stale since.

        Luigi looks at what a task requires only if that task is not complete.
        """
        return bool(super().complete() and self.requires().complete())

    def run(self) -> None:
        """Send it, unless it was sent before."""
        options = settings.current()
        try:
            self._send(options)
        except ShardlineError as error:
            what = f"mail of {self.date}"
            raise error.at(f"{what}: {error.where}" if error.where else what) from error

    def _send(self, options: Settings) -> None:
        engine = database.connect(options.sessions.database)
        if records.is_sent(engine, self.date):
            return
        addresses = options.connections.mail
        if not addresses:
            raise ConfigurationError(
                "there is no connection 'mail'",
                step="name it in [connections]: see docs/connections.md",
            )
        written = _writer()(options, self.date, addresses[0].sender)
        with records.sending(engine, self.date, 2 * PATIENCE) as wanted:
            if wanted:
                mail.send(addresses, written, time.monotonic() + PATIENCE)


def _writer() -> Callable[[Settings, date, str], EmailMessage]:
    """What writes the mail, imported only here: every task would have to wait for it.

    Raises:
        ConfigurationError: What it needs is not installed.
    """
    try:
        from pipelines.report_mail.writing import write  # noqa: PLC0415
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        raise ConfigurationError(
            f"the mail cannot be written: {missing} is not installed",
            step="pip install 'shardline[mail]'",
        ) from error
    return write
