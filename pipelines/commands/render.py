"""`shardline render`."""

from __future__ import annotations

from datetime import date, datetime

import click

from pipelines.commands.options import DAY
from pipelines.config import Settings, read_settings
from pipelines.reporting import (
    create_table_statement,
    create_view_statement,
    delete_statement,
    insert_statement,
)
from pipelines.runtime import say_exactly

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
    options = read_settings(logins=False)
    say_exactly(";\n\n".join(_statements(options, report, day.date())) + ";")


def _statements(options: Settings, name: str, day: date) -> list[str]:
    report = options.report(name)
    return [
        create_view_statement(options, report, day),
        create_table_statement(report),
        delete_statement(report),
        insert_statement(report),
    ]
