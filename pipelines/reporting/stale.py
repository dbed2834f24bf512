"""Which reports of some days no longer say what is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pipelines.catalog import Report
from pipelines.config import Settings
from pipelines.errors import ConfigurationError
from pipelines.reporting import statements
from pipelines.reporting.freshness import Inputs, report_fingerprint
from pipelines.reporting.statements import quoted_name
from pipelines.sql import Dialect, render
from pipelines.warehouse import Connection, LoadedDays, MissingRelationError


def stale_reports(
    connection: Connection,
    settings: Settings,
    loaded: Mapping[str, LoadedDays],
    first: date,
    last: date,
) -> list[tuple[str, date]]:
    """The reports that were refreshed, and would now be made from something else.

    One query, whatever the range.

    Args:
        connection: To the warehouse.
        settings: All options.
        loaded: What is loaded, by table; a report that reads another table is left out.
        first: The first day.
        last: The last day, included.

    Returns:
        Report and day, sorted.
    """
    markers = quoted_name(settings.reports.markers)
    sql = render(
        "select_report_markers",
        Dialect.VERTICA,
        markers=markers,
        first=first,
        last=last,
    )
    try:
        refreshed = connection.query(sql, str, date, str)
    except MissingRelationError:  # no report was ever refreshed
        return []
    found = []
    for name, day, noted in refreshed:
        report = settings.report_entries.get(name)
        if report is None or not loaded.keys() >= set(report.tables):
            continue
        now = _fingerprint(settings, report, loaded, day)
        if now != noted:
            found.append((report.name, day))
    return found


def _fingerprint(
    settings: Settings, report: Report, loaded: Mapping[str, LoadedDays], day: date
) -> str:
    """What the report's marker would have now; nothing if its template is wrong."""
    try:
        definition = statements.definition(settings, report, day)
    except ConfigurationError:
        return ""
    markers = {
        (table, source): marker
        for table in report.tables
        for source, marker in loaded[table].of_day(day)
    }
    return report_fingerprint(definition, Inputs(markers, ()))
