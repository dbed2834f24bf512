"""`shardline refresh`."""

from __future__ import annotations

import logging
import sys
from typing import Any

import click

from pipelines.commands.as_job import AlsoAsJob
from pipelines.commands.day_options import day_options, days_asked_for
from pipelines.commands.in_audit import in_audit
from pipelines.commands.luigi_options import luigi_options
from pipelines.config import read_settings
from pipelines.operations import REFRESH
from pipelines.runs import LuigiOptions, RefreshRequest, run_refresh
from pipelines.runtime import print_line, warn

REFRESH_HELP = """Refresh REPORTS of some days, all of them without a name, and mail.

    \b
    Examples:
      shardline refresh --date 2019-03-14 --workers 4
      shardline refresh city_orders daily_orders --date 2019-03-14
      shardline refresh --date 2019-03-14 --allow-missing 3
      shardline refresh --last 7 --on ecs

    What a report needs is loaded first. A report that is fresh is left alone: it was
    refreshed from just what is loaded of the day now. When all reports of a day are
    fresh, one mail goes to the readers of the connection `mail`, if there is one.

    With --allow-missing nothing is loaded: a report is made of what is there, unless
    more shards are missing than that, and the mail names what is.

    \b
    Exit codes:
       0  every report asked for is fresh, and the mail is sent
       2  wrong usage or configuration; nothing was started
      20  loads are missing, or a day is not over yet
      25  luigid keeps something for another run, or did not let it run
      30  something failed; the old reports are in place
      35  something could not be scheduled
      40  something failed of which those on call may not know
     130  interrupted
     143  told to end by SIGTERM
    """


@click.command(cls=AlsoAsJob, verb=REFRESH, help=REFRESH_HELP)
@click.argument("reports", nargs=-1, metavar="[REPORT]...")
@day_options
@click.option(
    "--allow-missing",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How many shards may be missing from the day.",
)
@click.option("--no-mail", is_flag=True, help="Send no mail.")
@luigi_options
def refresh(
    reports: tuple[str, ...],
    allow_missing: int,
    no_mail: bool,
    how: LuigiOptions,
    **days: Any,  # noqa: ANN401 - of `day_options`
) -> None:
    """Refresh reports, and mail that they are fresh."""
    options = read_settings()
    names = [options.report(name).name for name in dict.fromkeys(reports)]
    asked = RefreshRequest(
        reports=tuple(names or options.report_entries),
        allow_missing=allow_missing,
        mail=not names and not no_mail and options.connections.has_mail,
    )
    if not names and not no_mail and not asked.mail:
        warn("no connection `mail` is configured: nobody is told")
    code = 0
    ranges = days_asked_for(days, lambda: options)
    with in_audit(options.sessions):
        for day in dict.fromkeys(day for each in ranges for day in each):
            outcome = run_refresh(asked, day, options, how)
            at = {"day": str(outcome.day)}
            for line in outcome.lines:
                print_line(line, at, level=logging.WARNING, err=True)
            print_line(str(outcome), at)
            code = max(code, outcome.exit_code)
        sys.exit(code)
