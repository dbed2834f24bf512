"""What Luigi asks whether a report is complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import luigi

from pipelines import database
from pipelines.report_entries import Report
from pipelines.report_mail import records
from pipelines.settings import Settings
from pipelines.warehouse import refresh
from pipelines.warehouse.memo import memo
from pipelines.warehouse.report_markers import Inputs, found_now, is_fresh


@dataclass(frozen=True)
class MadeTarget(luigi.Target):
    """A report's table and view."""

    settings: Settings
    report: Report
    day: date

    def exists(self) -> bool:
        """Whether both are there, the view with the SQL that it should have."""
        return memo(self.settings.warehouse).ask(
            lambda link: refresh.is_made(link, self.settings, self.report, self.day)
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
        return found_now(self.settings, self.report, self.day)


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
        engine = database.connect(self.settings.sessions.database)
        return records.is_sent(engine, self.day)
