"""The SQL of reports, with what their templates have at hand."""

from __future__ import annotations

import hashlib
from datetime import date

from pipelines.catalog import LIVE, Report
from pipelines.config import Settings, Variables
from pipelines.sql import Dialect, Sql, identifier, render, render_file


def at_hand(settings: Settings, day: date) -> dict[str, object]:
    """What the template of a report may name.

    Returns:
        ``ds``: the day that is refreshed; ``shards``: the shards' names; ``tables``:
        the tables of the warehouse, as SQL, by the catalog's name; ``targets``: their
        names as the markers have them; ``markers``: the marker table; ``var``: the
        variables.
    """
    tables = settings.catalog.tables
    return {
        "ds": day,
        "shards": list(settings.catalog.shards),
        "tables": {name: quoted_name(table.target) for name, table in tables.items()},
        "targets": {name: table.target for name, table in tables.items()},
        "markers": quoted_name(settings.warehouse.markers),
        "var": Variables(),
    }


def select_statement(settings: Settings, report: Report, day: date) -> str:
    """The SELECT of a report.

    Raises:
        ConfigurationError: Its template is wrong.
    """
    values = at_hand(settings, day)
    return render_file(report.template, Dialect.VERTICA, **values)


def create_view_statement(settings: Settings, report: Report, day: date) -> str:
    """The DDL of a report's view over the tables.

    Raises:
        ConfigurationError: The report's template is wrong.
    """
    return render(
        "create_view",
        Dialect.VERTICA,
        view=quoted_name(report.target + LIVE),
        select=Sql(select_statement(settings, report, day)),
    )


def create_table_statement(report: Report) -> str:
    """The DDL of a report's table."""
    columns = [{"name": c.name, "type": Sql(c.type)} for c in report.columns]
    return render(
        "create_report",
        Dialect.VERTICA,
        target=quoted_name(report.target),
        columns=columns,
    )


def delete_statement(report: Report) -> str:
    """Empties a report's table, in the open transaction."""
    return render("delete_report", Dialect.VERTICA, target=quoted_name(report.target))


def insert_statement(report: Report) -> str:
    """Fills a report's table from its view."""
    return render(
        "insert_report",
        Dialect.VERTICA,
        target=quoted_name(report.target),
        view=quoted_name(report.target + LIVE),
        columns=[column.name for column in report.columns],
    )


def definition(settings: Settings, report: Report, day: date) -> str:
    """Tells a report's view and table from what they were before they were changed.

    Raises:
        ConfigurationError: The report's template is wrong.
    """
    return digest(
        create_view_statement(settings, report, day) + create_table_statement(report)
    )


def headlines_statement(report: Report, day: date, before: date) -> str:
    """The rows and the headline of a day and of the one before it."""
    return render(
        "select_headlines",
        Dialect.VERTICA,
        target=quoted_name(report.target),
        headline=Sql(report.headline.sql),
        day=day,
        before=before,
    )


def rows_statement(report: Report, day: date, limit: int) -> str:
    """The rows of a day, some of them if there are more than the limit."""
    return render(
        "select_report_rows",
        Dialect.VERTICA,
        target=quoted_name(report.target),
        columns=[column.name for column in report.columns],
        day=day,
        limit=limit,
    )


def digest(sql: str) -> str:
    """What tells one text of SQL from another: SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(sql.encode()).hexdigest()


def quoted_name(name: str) -> Sql:
    """A table that is named as schema.table, as SQL."""
    schema, _, table = name.partition(".")
    parts = (identifier(part, Dialect.VERTICA).text for part in (schema, table))
    return Sql(".".join(parts))
