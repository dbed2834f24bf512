"""`shardline run`."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import Any

import click

from pipelines.commands.as_job import AlsoAsJob
from pipelines.commands.day_options import day_options, days_asked_for
from pipelines.commands.in_audit import in_audit
from pipelines.commands.luigi_options import luigi_options
from pipelines.commands.options import shard_option
from pipelines.commands.screens.progress_bar import show_progress
from pipelines.commands.screens.range_reports import print_reports
from pipelines.config import SQLITE_WARNING, read_settings
from pipelines.operations import RUN
from pipelines.planning import select
from pipelines.runs import Load, LuigiOptions, publish_metrics, recheck_range, run_range
from pipelines.runtime import warn

RUN_HELP = """Load days of TABLES, names or patterns, each once; `all` is every table.

    \b
    Examples:
      shardline run all --date 2019-03-14 --workers 4
      shardline run orders calls --date 2019-03-14 --date 2019-03-15
      shardline run orders --date 2019-03-14 --shard moscow --shard 'k*'
      shardline run orders --from 2019-03-01 --to 2019-03-31 --workers 4
      shardline run orders --date 2019-03-14 --recheck-days 3
      shardline run all --last 7 --workers 4
      shardline run orders --date 2019-03-14 --on ecs

    What is in the warehouse already is left alone, so a run may be repeated at any
    time. One line tells how each day ended, and one line names each failure: shard,
    day, cause and what to do next.

    \b
    Exit codes:
       0  every shard asked for is complete
       2  wrong usage or configuration; nothing was started
      10  what is missing is being loaded by another run
      20  a day is not over yet in some shard's time zone
      25  luigid keeps something for another run, or did not let it run
      30  something failed
      35  something could not be scheduled
      40  something failed of which those on call may not know
     130  interrupted
     143  told to end by SIGTERM
    """


@click.command(cls=AlsoAsJob, verb=RUN, help=RUN_HELP)
@click.argument("tables", nargs=-1, required=True)
@day_options
@shard_option
@click.option(
    "--recheck-days",
    type=click.IntRange(0, 366),
    help="Compare so many days before each with their shards, and load again what has"
    " changed; by default as many as the table's entry says.",
)
@luigi_options
def run(
    tables: tuple[str, ...],
    shards: tuple[str, ...],
    recheck_days: int | None,
    how: LuigiOptions,
    **days: Any,  # noqa: ANN401 - of `day_options`
) -> None:
    """Load days of some tables."""
    options = read_settings()
    if options.sessions.is_file and not how.local_scheduler:
        warn(SQLITE_WARNING)
    for lacking in options.connections.unset():
        warn(f"warning: {lacking}; nothing is sent through it")
    selections = [
        select(options.catalog, tables, shards, each.first, each.last)
        for each in days_asked_for(days, lambda: options)
    ]
    # A day alone is told in one line.
    show = nothing if days["days"] else show_progress
    loads = (run_range(one, Load(), options, how, show) for one in selections)
    rechecks = (
        recheck_range(one, recheck_days, options, how, show) for one in selections
    )
    with in_audit(options.sessions), publish_metrics(selections[0].tables, options):
        sys.exit(print_reports(chain.from_iterable(chain(loads, rechecks))))


def nothing(_what: str, _days: int) -> AbstractContextManager[None]:
    """Show nothing."""
    return nullcontext()
