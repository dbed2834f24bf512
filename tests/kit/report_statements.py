"""Every statement of a report, rendered for one of the packaged ones."""

from __future__ import annotations

from datetime import date

from pipelines.catalog import Report, read_catalog, read_reports
from pipelines.config import CatalogFiles
from pipelines.config.sections import ReportsOptions
from pipelines.reporting import headlines_statement, quoted_name, rows_statement
from pipelines.sql import Dialect, render
from pipelines.warehouse import NAME_OCTETS

DAY = date(2019, 3, 14)

SHOWN = {"create_view", "create_report", "delete_report", "insert_report"}
"""What `shardline render` shows, whose snapshots are those of each report."""


def report(name: str) -> Report:
    files = CatalogFiles()
    tables = read_catalog(files.tables, files.shards).tables
    return read_reports(files.reports, tables)[name]


def of_reports() -> dict[str, str]:
    """The statements around reports that nothing shows, by the names of their files."""
    orders = report("city_orders")
    target = quoted_name(orders.target)
    markers, views = ReportsOptions().markers, ReportsOptions().views
    marker = {"markers": quoted_name(markers), "report": orders.name, "day": DAY}
    view = {"views": quoted_name(views), "report": orders.name}
    what = {"etl_id": 1, "fingerprint": "ab" * 32, "missing": 2, "rows": 3}
    made = {"schema": "stage", "name_octets": NAME_OCTETS, "constraint": "key"}
    vertica = Dialect.VERTICA
    return {
        "create_report_markers": render(
            "create_report_markers", vertica, **made, table=markers.partition(".")[2]
        ),
        "create_report_views": render(
            "create_report_views", vertica, **made, table=views.partition(".")[2]
        ),
        "select_report_marker": render("select_report_marker", vertica, **marker),
        "select_report_markers": render(
            "select_report_markers",
            vertica,
            markers=marker["markers"],
            first=date(2019, 2, 15),
            last=DAY,
        ),
        "delete_report_marker": render("delete_report_marker", vertica, **marker),
        "insert_report_marker": render(
            "insert_report_marker", vertica, **marker, **what
        ),
        "select_report_view": render("select_report_view", vertica, **view),
        "delete_report_view": render("delete_report_view", vertica, **view),
        "insert_report_view": render(
            "insert_report_view", vertica, **view, digest="cd" * 32
        ),
        "look_at": render("look_at", vertica, relation=target),
        "select_report_rows": rows_statement(orders, DAY, 1000),
        "select_headlines": headlines_statement(orders, DAY, date(2019, 3, 13)),
        "select_daily": render(
            "select_daily", vertica, target=target, first=date(2019, 2, 15), last=DAY
        ),
        "select_durations": render("select_durations", vertica, target=target, day=DAY),
    }
