"""Days that are not complete by their time: each is told once, and when it is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from pipelines.alerts import outbox
from pipelines.alerts.outbox import About, Event, Occasion
from pipelines.config import REPORTS, Settings
from pipelines.errors import NotReadyError
from pipelines.reporting import is_fresh
from pipelines.warehouse import cached_markers

LOOK_BACK = 3
"""How many days back a day is still looked for whose time was over unseen."""

FAMILY = "Deadline"

TRIAGE = (
    "look at `shardline incidents list` and the log for why; `shardline run` or"
    " `shardline refresh` the day when that is mended"
)


@dataclass(frozen=True)
class Late:
    """What is not complete although its time is over.

    Attributes:
        subject: The table or the report.
        day: The day.
        due: By when it should have been complete.
        label: What people call that time.
    """

    subject: str
    day: date
    due: datetime
    label: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.subject} {self.day} is not complete by {self.label}"


def find_late_days(settings: Settings, now: datetime | None = None) -> list[Late]:
    """What is late, of the days whose time was over in the last `LOOK_BACK` days.

    Args:
        settings: `deadlines` says what is due when.
        now: The moment to look at; by default the clock's.

    Raises:
        ShardlineError: The warehouse cannot be asked.
    """
    moment = now or datetime.now(UTC)
    found = []
    for name, due in settings.deadlines.items():
        days = due.days_due(moment, LOOK_BACK)
        subjects = settings.report_entries if name == REPORTS else [name]
        for subject in subjects:
            missing = _missing(subject, days, settings, of_report=name == REPORTS)
            found += [Late(subject, day, due.of(day), str(due)) for day in missing]
    return sorted(found, key=lambda one: (one.due, one.subject, one.day))


def record_late_days(engine: Engine, settings: Settings, those: Sequence[Late]) -> None:
    """Put what is late into the outbox; what is there already stays as it is.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    rows = [outbox.alert_for_error(*_describe(one), settings.catalog) for one in those]
    if rows:
        outbox.append_alerts(engine, rows)


def _describe(late: Late) -> tuple[NotReadyError, About, Occasion]:
    error = NotReadyError(
        f"not complete by {late.label}", step="find out what holds it"
    )
    about = About(
        family=FAMILY,
        task_id=f"{FAMILY} {late.subject} {late.day}",
        subject=late.subject,
        day=late.day,
        triage=TRIAGE,
    )
    # The same number whoever finds it, and whenever: it is told once.
    return error, about, Occasion(Event.LATE, run=late.day.toordinal(), again=True)


def _missing(
    subject: str, days: Sequence[date], settings: Settings, *, of_report: bool
) -> Iterator[date]:
    if of_report:
        entry = settings.report(subject)
        yield from (day for day in days if not is_fresh(settings, entry, day))
        return
    table = settings.catalog.table(subject)
    present = cached_markers(settings.warehouse).markers(table, min(days), max(days))
    shards = settings.catalog.shards
    for day in days:
        if any((day, name) not in present for name in shards):
            yield day
