"""`shardline run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime
from itertools import chain

import click

from pipelines.commands.in_audit import in_audit
from pipelines.commands.luigi_options import luigi_options
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.options import DAY, LAST_HELP, shard_option
from pipelines.commands.screens.progress_bar import show_progress
from pipelines.commands.screens.range_reports import print_reports
from pipelines.config import SQLITE_WARNING, Settings, read_settings
from pipelines.planning import last_days, select
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


@click.command(cls=AlsoOnEcs, help=RUN_HELP)
@click.argument("tables", nargs=-1, required=True)
@click.option(
    "--date",
    "days",
    type=DAY,
    multiple=True,
    metavar="YYYY-MM-DD",
    help="A day to load; may be given several times.",
)
@click.option(
    "--last", "newest", type=click.IntRange(1, 366), metavar="N", help=LAST_HELP
)
@click.option(
    "--from",
    "first",
    type=DAY,
    metavar="YYYY-MM-DD",
    help="The first day of a range, as of `shardline backfill`.",
)
@click.option(
    "--to",
    "last",
    type=DAY,
    metavar="YYYY-MM-DD",
    help="The last day of a range, included.",
)
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
    days: tuple[datetime, ...],
    newest: int | None,
    first: datetime | None,
    last: datetime | None,
    shards: tuple[str, ...],
    recheck_days: int | None,
    how: LuigiOptions,
) -> None:
    """Load days of some tables."""
    options = read_settings()
    if options.sessions.is_file and not how.local_scheduler:
        warn(SQLITE_WARNING)
    for lacking in options.connections.unset():
        warn(f"warning: {lacking}; nothing is sent through it")
    selections = [
        select(options.catalog, tables, shards, begin, end)
        for begin, end in _ranges(days, newest, first, last, options)
    ]
    # A day alone is told in one line.
    show = nothing if days else show_progress
    loads = (run_range(one, Load(), options, how, show) for one in selections)
    rechecks = (
        recheck_range(one, recheck_days, options, how, show) for one in selections
    )
    with in_audit(options.sessions), publish_metrics(selections[0].tables, options):
        sys.exit(print_reports(chain.from_iterable(chain(loads, rechecks))))


def nothing(_what: str, _days: int) -> AbstractContextManager[None]:
    """Show nothing."""
    return nullcontext()


def _ranges(
    days: Sequence[datetime],
    newest: int | None,
    first: datetime | None,
    last: datetime | None,
    options: Settings,
) -> list[tuple[date, date]]:
    """The days that were asked for, in the one way that was chosen.

    Raises:
        click.UsageError: None was chosen, or several.
    """
    is_range = first is not None and last is not None
    ways = [bool(days), newest is not None, is_range]
    if sum(ways) != 1 or (not is_range and (first or last)):
        raise click.UsageError(
            "give days by --date or --last, or a range by --from and --to"
        )
    if newest is not None:
        over = last_days(newest, options)
        return [(over[0], over[-1])]
    if first is not None and last is not None:
        return [(first.date(), last.date())]
    return [(day.date(), day.date()) for day in dict.fromkeys(days)]
