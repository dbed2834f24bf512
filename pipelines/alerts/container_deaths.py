"""What nobody in a run could tell, such as that its container was killed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from pipelines.alerts import outbox
from pipelines.alerts.outbox import About, Alert, Event, Occasion
from pipelines.alerts.recorder import run_id
from pipelines.config import Settings
from pipelines.errors import PermanentError
from pipelines.planning import last_days

ScheduledWork = Literal["loads", "reports"]

TRIAGE = (
    "look into the log of that task; the next scheduled run does what is missing, and"
    " `shardline run --on ecs` does it now"
)
CLOSE = "; then `shardline incidents close NUMBER`, for no marker ends this"


class ContainerError(PermanentError):
    """A container ended without a word, or never began."""


def container_alerts(
    cause: str, what: ScheduledWork | None, settings: Settings
) -> list[Alert]:
    """What is put into the outbox.

    Args:
        cause: What happened.
        what: What did not come of it: then markers of the last day that is over tell
            when that is mended. None if that is not known.
        settings: The tables and the reports.
    """
    error = ContainerError(cause)
    occasion = Occasion(Event.LOST, run=run_id())
    return [
        outbox.alert_for_error(error, about, occasion, settings.catalog)
        for about in _abouts(what, settings)
    ]


def _abouts(what: ScheduledWork | None, settings: Settings) -> Iterator[About]:
    if what is None:
        yield About("Container", "container", triage=TRIAGE + CLOSE)
        return
    (day,) = last_days(1, settings)
    if what == "loads":
        yield from _of(settings.catalog.tables, "ScheduledLoad", day)
    else:
        yield from _of(settings.report_entries, "ScheduledReports", day)


def _of(names: Iterable[str], family: str, day: date) -> Iterator[About]:
    for name in names:
        yield About(family, f"{family}_{name}_{day}", name, day, triage=TRIAGE)
