"""`shardline render`."""

from __future__ import annotations

from datetime import date, datetime

import click

from pipelines import report_sql, settings
from pipelines.how_options import DAY

RENDER_HELP = """Show the SQL of REPORT for a day; no database is touched.

    \b
    Examples:
      shardline render city_orders --date 2019-03-14
      SHARDLINE_VARIABLE_REGION=north shardline render my_report --date 2019-03-14

    \b
    Exit codes:
       0  it is shown
       2  the report is unknown, or its template is wrong
    """


@click.command(help=RENDER_HELP)
@click.argument("report")
@click.option(
    "--date", "day", type=DAY, required=True, metavar="YYYY-MM-DD", help="The day."
)
def render(report: str, day: datetime) -> None:
    """Show the SQL of a report."""
    options = settings.read()
    click.echo(";\n\n".join(_statements(options, report, day.date())) + ";")


def _statements(options: settings.Settings, name: str, day: date) -> list[str]:
    report = options.report(name)
    return [
        report_sql.create_view(options, report, day),
        report_sql.create_table(report),
        report_sql.delete(report),
        report_sql.insert(report),
    ]
