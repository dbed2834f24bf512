"""Reports: `luigi --module pipelines.reports RefreshReports --date 2019-03-14`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from functools import partial
from typing import ClassVar

import luigi

from pipelines.catalog import Report
from pipelines.config import Settings, current_settings
from pipelines.errors import ConfigurationError, NotReadyError, ShardlineError
from pipelines.etl_db import Outcome, Session, etl_engine
from pipelines.mail import SUBJECT, is_report_mail_sent, send_mail, sending_report_mail
from pipelines.reporting import (
    Inputs,
    ReportMarker,
    current_inputs,
    find_report_marker,
    is_fresh,
    is_report_made,
    make_report,
    missing_too_many,
    refresh_report,
)
from pipelines.runtime import ask_before_the_end
from pipelines.tasks import CreateTarget, WatchedTask, day_task
from pipelines.warehouse import cached_markers

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
        tables = current_settings().report(self.report).tables
        return [CreateTarget(table=name) for name in tables]

    def output(self) -> luigi.Target:
        """The table and the view."""
        options = current_settings()
        return MadeTarget(options, options.report(self.report), self.date)

    def run(self) -> None:
        """Make them; many processes may do so at once."""
        options = current_settings()
        try:
            make_report(options, options.report(self.report), self.date)
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
        options = current_settings()
        report = options.report(self.report)
        return PresentTarget(options, report, self.date, self.allow_missing)

    def why(self) -> NotReadyError:
        """What to say while too much is missing."""
        found = self.output().found()
        return missing_too_many(found, self.allow_missing)


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
        options = current_settings()
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
        options = current_settings()
        report = options.report(self.report)
        return RefreshedTarget(options, report, self.date, self.allow_missing)

    def run(self) -> None:
        """Refresh it, trying again what may pass."""
        options = current_settings()
        try:
            for attempt in options.load.tries():
                with attempt:
                    self._attempt(attempt.retry_state.attempt_number)
        except ShardlineError as error:
            raise error.at(f"{self.report} {self.date}") from error.__cause__

    def _attempt(self, number: int) -> None:
        options = current_settings()
        report = options.report(self.report)
        engine = etl_engine(options.sessions.database)
        what = (report, self.date)
        with Session(engine, self.task_id, report=what, attempt=number) as session:
            if number > 1:  # the view may be why the first attempt failed
                make_report(options, report, self.date)
            try:
                marker = refresh_report(
                    options, report, self.date, self.allow_missing, session.id
                )
                _note(session, marker)
            except KeyboardInterrupt:
                # It may have come between the commit and the note of that.
                find = partial(find_report_marker, options, report, self.date)
                _note(session, ask_before_the_end(find))
                raise


def _note(session: Session, marker: ReportMarker | None) -> None:
    """Note in a session that the report is its work, if it is."""
    if marker is not None and marker.etl_id == session.id:
        session.rows, session.outcome = marker.rows, Outcome.LOADED


class RefreshReports(WatchedTask, luigi.WrapperTask):
    """Every report, once a day is in."""

    triage: ClassVar[str] = REFRESH_AGAIN

    date = luigi.DateParameter()
    allow_missing = luigi.IntParameter(default=0)

    def requires(self) -> list[luigi.Task]:
        """A refresh for each report."""
        return [
            RefreshReport(report=name, date=self.date, allow_missing=self.allow_missing)
            for name in current_settings().report_entries
        ]


class MailReports(WatchedTask):
    """The mail of success: once a day, when every report is fresh."""

    triage: ClassVar[str] = (
        "see `shardline connections mail --test`; the reports are fresh, and the next"
        " run sends the mail"
    )
    subject: ClassVar[str] = SUBJECT

    date = luigi.DateParameter()
    allow_missing = luigi.IntParameter(default=0)

    def requires(self) -> luigi.Task:
        """The reports."""
        return RefreshReports(date=self.date, allow_missing=self.allow_missing)

    def output(self) -> luigi.Target:
        """The note that it was sent."""
        return MailTarget(current_settings(), self.date)

    def complete(self) -> bool:
        """Whether it was sent, and no report has become stale since.

        Luigi looks at what a task requires only if that task is not complete.
        """
        return bool(super().complete() and self.requires().complete())

    def run(self) -> None:
        """Send it, unless it was sent before."""
        options = current_settings()
        try:
            self._send(options)
        except ShardlineError as error:
            what = f"mail of {self.date}"
            raise error.at(f"{what}: {error.where}" if error.where else what) from error

    def _send(self, options: Settings) -> None:
        engine = etl_engine(options.sessions.database)
        if is_report_mail_sent(engine, self.date):
            return
        addresses = options.connections.mail
        if not addresses:
            raise ConfigurationError(
                "there is no connection 'mail'",
                step="name it in [connections]: see docs/connections.md",
            )
        written = _writer()(options, self.date, addresses[0].sender)
        with sending_report_mail(engine, self.date, 2 * PATIENCE) as wanted:
            if wanted:
                send_mail(addresses, written, time.monotonic() + PATIENCE)


def _writer() -> Callable[[Settings, date, str], EmailMessage]:
    """What writes the mail, imported only here: every task would have to wait for it.

    Raises:
        ConfigurationError: What it needs is not installed.
    """
    try:
        from pipelines.mail import write_report_mail  # noqa: PLC0415
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        raise ConfigurationError(
            f"the mail cannot be written: {missing} is not installed",
            step="pip install 'shardline[mail]'",
        ) from error
    return write_report_mail


@dataclass(frozen=True)
class MadeTarget(luigi.Target):
    """A report's table and view."""

    settings: Settings
    report: Report
    day: date

    def exists(self) -> bool:
        """Whether both are there, the view with the SQL that it should have."""
        return cached_markers(self.settings.warehouse).ask(
            lambda link: is_report_made(link, self.settings, self.report, self.day)
        )


@dataclass(frozen=True)
class PresentTarget(luigi.Target):
    """A day of all tables that a report reads, but for some shards."""

    settings: Settings
    report: Report
    day: date
    allow_missing: int

    def exists(self) -> bool:
        """Whether no more shards are missing than may be."""
        return len(self.found().absent) <= self.allow_missing

    def found(self) -> Inputs:
        """What is there."""
        return current_inputs(self.settings, self.report, self.day)


@dataclass(frozen=True)
class RefreshedTarget(luigi.Target):
    """A report that was refreshed from what is loaded of a day now."""

    settings: Settings
    report: Report
    day: date
    allow_missing: int

    def exists(self) -> bool:
        """Whether its marker has the fingerprint of the day's markers."""
        return is_fresh(self.settings, self.report, self.day, self.allow_missing)


@dataclass(frozen=True)
class MailTarget(luigi.Target):
    """The mail of success of a day."""

    settings: Settings
    day: date

    def exists(self) -> bool:
        """Whether it has been sent."""
        engine = etl_engine(self.settings.sessions.database)
        return is_report_mail_sent(engine, self.day)
