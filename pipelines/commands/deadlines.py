"""`shardline deadlines`: what is not complete although its time is over."""

from __future__ import annotations

import sys

import click

from pipelines.alerts import find_late_days, record_late_days
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.config import read_settings
from pipelines.etl_db import etl_engine
from pipelines.runtime import ExitCode, print_json, say

HELP = """List what is not complete although its time in [deadlines] is over.

    Each is put into the outbox of alerts once, and so makes an incident, which ends
    when the day is there. `shardline alerts send` does the same by itself while it
    goes on; this is for whoever calls it from a timer.

    \b
    Examples:
      shardline deadlines
      shardline deadlines --json | jq '.[].day'
      shardline deadlines; shardline alerts send --once

    \b
    Exit codes:
       0  nothing is late
       2  wrong usage or configuration
      20  something is late
      30  the warehouse or the ETL database cannot be used
    """


@click.command(cls=AlsoOnEcs, help=HELP)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def deadlines(as_json: bool) -> None:
    """List what is late, and tell of it."""
    options = read_settings()
    found = find_late_days(options)
    record_late_days(etl_engine(options.sessions.database), options, found)
    if as_json:
        fields = [
            {"subject": one.subject, "day": str(one.day), "due": one.due.isoformat()}
            for one in found
        ]
        print_json(fields)
    else:
        for one in found:
            say(str(one))
    sys.exit(ExitCode.NOT_READY if found else ExitCode.COMPLETE)
