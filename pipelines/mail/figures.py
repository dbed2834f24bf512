"""What the mail tells, as it stands in the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd

from pipelines.catalog import Report
from pipelines.config import Settings
from pipelines.reporting import headlines_statement, quoted_name, read_inputs
from pipelines.sql import Dialect, render
from pipelines.warehouse import Connection, connect_warehouse

DAILY, DURATION = "daily_orders", "order_duration"
"""The reports that are drawn, where they are among the reports."""

Number = int | float | Decimal
"""What a figure may come as."""

DAYS = 28
"""How many days are drawn."""

CITIES = 20
"""Most cities that are drawn."""

NONE = "-"
"""What stands for a figure that there is not."""


@dataclass(frozen=True)
class Figures:
    """What the mail tells of a day.

    Attributes:
        summary: A row a report: title, rows of the day, label, figure and its change
            on the day before, the last two as text.
        missing: Tables and shards that were not loaded, sorted.
        daily: Day, orders and their 7-day average, in the order of days; None if
            there is no such report.
        duration: City, median and 90th percentile in minutes, the longest first; None
            if there is no such report.
        cities: How many cities have a duration.
    """

    day: date
    summary: pd.DataFrame
    missing: tuple[tuple[str, str], ...]
    daily: pd.DataFrame | None
    duration: pd.DataFrame | None
    cities: int


def read_figures(settings: Settings, day: date) -> Figures:
    """Ask the warehouse.

    Raises:
        TransientError: It cannot be reached now.
        PermanentError: A report is not as its entry says.
    """
    reports = settings.report_entries
    tables = sorted({name for report in reports.values() for name in report.tables})
    with connect_warehouse(settings.warehouse) as link:
        rows = [_summary(link, report, day) for report in reports.values()]
        missing = read_inputs(link, settings, tables, day).missing
        daily = _daily(link, reports[DAILY], day) if DAILY in reports else None
        longest = (
            _duration(link, reports[DURATION], day) if DURATION in reports else None
        )
    columns = ["report", "rows", "label", "figure", "change"]
    return Figures(
        day=day,
        summary=pd.DataFrame(rows, columns=columns),
        missing=missing,
        daily=daily,
        duration=None if longest is None else longest.head(CITIES),
        cities=0 if longest is None else len(longest),
    )


def _summary(link: Connection, report: Report, day: date) -> tuple[object, ...]:
    before = day - timedelta(days=1)
    found = {
        asked: (rows, None if figure is None else float(figure))
        for asked, rows, figure in link.query(
            *(headlines_statement(report, day, before), date, int, Number | None)
        )
    }
    rows, figure = found.get(day, (0, None))
    _, figure_before = found.get(before, (0, None))
    text, change = NONE, NONE
    if figure is not None:
        text = format(figure, report.headline.format)
    if figure is not None and figure_before is not None:
        change = format(figure - figure_before, f"+{report.headline.format}")
        # What two shares differ by is no share of anything.
        change = change.replace("%", " points")
    return report.title, rows, report.headline.label, text, change


def _daily(link: Connection, report: Report, day: date) -> pd.DataFrame:
    sql = render(
        "select_daily",
        Dialect.VERTICA,
        target=quoted_name(report.target),
        first=day - timedelta(days=DAYS - 1),
        last=day,
    )
    found = link.query(sql, date, Number | None, Number | None)
    return pd.DataFrame(found, columns=["day", "orders", "average"]).astype(
        {"orders": float, "average": float}
    )


def _duration(link: Connection, report: Report, day: date) -> pd.DataFrame:
    sql = render(
        "select_durations",
        Dialect.VERTICA,
        target=quoted_name(report.target),
        day=day,
    )
    found = link.query(sql, str | None, Number, Number | None)
    return pd.DataFrame(found, columns=["city", "median", "p90"]).astype(
        {"median": float, "p90": float}
    )
