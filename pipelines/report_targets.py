"""What Luigi asks whether a report is complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import luigi

from pipelines import database
from pipelines.catalog import Table
from pipelines.report_entries import Report
from pipelines.report_mail import records
from pipelines.settings import Settings
from pipelines.warehouse import refresh
from pipelines.warehouse.memo import memo
from pipelines.warehouse.report_markers import is_fresh


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
    """The markers of a table's day, but for some."""

    settings: Settings
    table: Table
    day: date
    allow_missing: int

    def exists(self) -> bool:
        """Whether no more are missing than may be."""
        present = memo(self.settings.warehouse).sources(self.table, self.day)
        missing = self.settings.catalog.shards.keys() - present
        return len(missing) <= self.allow_missing


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
