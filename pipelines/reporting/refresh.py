"""Reports in the warehouse: their tables and views, and how they are refreshed.

A refresh empties the report's table and fills it from its view in one transaction, so a
reader sees the old report or the new one. The DELETE takes the table's exclusive lock,
which every other refresh of the report waits for; rows never go by TRUNCATE or by a new
table, since DDL commits at once and takes the privileges along.
"""

from __future__ import annotations

from datetime import date

from pipelines.catalog import LIVE, Report
from pipelines.config import Settings
from pipelines.errors import (
    ConfigurationError,
    NotReadyError,
    ShardlineError,
    TransientError,
)
from pipelines.reporting import statements
from pipelines.reporting.freshness import (
    Inputs,
    ReportMarker,
    ReportMarkers,
    read_inputs,
    report_fingerprint,
)
from pipelines.reporting.statements import quoted_name
from pipelines.runtime import retrying
from pipelines.sql import Dialect, render
from pipelines.warehouse import (
    NAME_OCTETS,
    Connection,
    MissingRelationError,
    connect_warehouse,
)

NAMED = 10
"""Most loads that an error names."""

AGAIN = "run it again, and not beside one whose variables or SQL are others"
"""What to do where two runs do not agree on a report's SQL."""


def is_report_made(
    connection: Connection, settings: Settings, report: Report, day: date
) -> bool:
    """Whether a report's table is there, and its view with the SQL that it has now."""
    needed = (report.target, report.target + LIVE, settings.reports.markers)
    try:
        for name in needed:
            look = render("look_at", Dialect.VERTICA, relation=quoted_name(name))
            connection.query(look)
        return _has_view(connection, settings, report, day)
    except MissingRelationError:
        return False
    except ConfigurationError:  # to be told by `make_report`
        return False


def _has_view(
    connection: Connection, settings: Settings, report: Report, day: date
) -> bool:
    view = statements.create_view_statement(settings, report, day)
    noted = connection.query(_of_views("select_report_view", settings, report))
    return noted == [[statements.digest(view)]]


def make_report(settings: Settings, report: Report, day: date) -> None:
    """Make a report's table and view, unless they are there and as they should be.

    Many processes may do so at once; one that collides with another tries again.

    Raises:
        ConfigurationError: The report's template is wrong.
        TransientError: Vertica cannot be reached now.
        PermanentError: Vertica refuses the SQL.
    """
    view = statements.create_view_statement(settings, report, day)
    attempts = retrying(ShardlineError, attempts=5, backoff=0.2, backoff_max=5)
    for attempt in attempts:
        with attempt, connect_warehouse(settings.warehouse) as connection:
            if is_report_made(connection, settings, report, day):
                return
            for statement in report_ddl(settings, report):
                connection.query(statement)
            # First, so that what is noted of a view is never another one's.
            connection.query(_of_views("delete_report_view", settings, report))
            connection.commit()
            connection.query(view)
            connection.query(
                _of_views(
                    "insert_report_view",
                    settings,
                    report,
                    digest=statements.digest(view),
                )
            )
            connection.commit()


def report_ddl(settings: Settings, report: Report) -> list[str]:
    """The DDL of a report's table and of what is noted about reports."""
    places = {
        "create_report_markers": settings.reports.markers,
        "create_report_views": settings.reports.views,
    }
    schemas = [name.partition(".")[0] for name in (report.target, *places.values())]
    return [
        *(
            render("create_schema", Dialect.VERTICA, schema=schema)
            for schema in dict.fromkeys(schemas)
        ),
        statements.create_table_statement(report),
        *(_create(template, name) for template, name in places.items()),
    ]


def refresh_report(
    settings: Settings, report: Report, day: date, allow_missing: int, etl_id: int
) -> ReportMarker:
    """Refresh a report with everything that is loaded, and mark the day's part in it.

    The markers of the day are read before the rows, so that a load which comes in
    between leaves the report stale rather than unnoticed.

    Args:
        settings: All options.
        report: The report.
        day: Whose markers it is marked with.
        allow_missing: How many shards may be absent from them.
        etl_id: The session.

    Returns:
        The report's marker.

    Raises:
        NotReadyError: More shards are missing; the old report is left.
        TransientError: Trying again may help; the old report is left, or the new one
            is there.
        PermanentError: Someone must act first; the old report is left.
    """
    definition = statements.definition(settings, report, day)
    with connect_warehouse(settings.warehouse) as connection:
        connection.query(statements.delete_statement(report))
        found = read_inputs(connection, settings, report.tables, day)
        if len(found.absent) > allow_missing:
            raise missing_too_many(found, allow_missing)
        (rows,) = connection.one_row(statements.insert_statement(report), int)
        if not _has_view(connection, settings, report, day):
            raise TransientError("its view was made anew meanwhile", step=AGAIN)
        marker = ReportMarker(
            etl_id,
            report_fingerprint(definition, found),
            len(found.missing),
            int(str(rows)),
        )
        ReportMarkers(connection, settings).replace(report.name, day, marker)
        connection.commit()
    return marker


def missing_too_many(found: Inputs, allowed: int) -> NotReadyError:
    """What to say when more shards are missing than may be."""
    loads = [f"{table} of {shard}" for table, shard in found.missing]
    more = f" and {len(loads) - NAMED} more" if len(loads) > NAMED else ""
    return NotReadyError(
        f"shards that are missing: {len(found.absent)}, and {allowed} may be:"
        f" {', '.join(loads[:NAMED])}{more}",
        step="load them, or allow more to be missing",
    )


def _create(template: str, name: str) -> str:
    schema, _, table = name.partition(".")
    return render(
        template,
        Dialect.VERTICA,
        schema=schema,
        table=table,
        name_octets=NAME_OCTETS,
        constraint=f"{table}_key",
    )


def _of_views(
    template: str, settings: Settings, report: Report, **values: object
) -> str:
    return render(
        template,
        Dialect.VERTICA,
        views=quoted_name(settings.reports.views),
        report=report.name,
        **values,
    )
