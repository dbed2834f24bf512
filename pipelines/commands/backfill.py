"""`shardline backfill`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from pipelines.commands.as_job import AlsoAsJob
from pipelines.commands.in_audit import in_audit
from pipelines.commands.luigi_options import luigi_options
from pipelines.commands.screens.progress_bar import show_progress
from pipelines.commands.screens.range_reports import print_reports
from pipelines.commands.verb_commands import shell_context
from pipelines.commands.verb_options import verb_options
from pipelines.config import SQLITE_WARNING, read_settings
from pipelines.operations import (
    BACKFILL,
    BackfillArguments,
    find_works,
    selected,
    work_line,
)
from pipelines.runs import LuigiOptions, Work, publish_metrics, run_range
from pipelines.runtime import print_json, say, warn

HELP = """Load the days of a range that are missing, in few extracts and COPYs.

    \b
    Examples:
      shardline backfill --from 2019-01-01 --to 2019-12-31 --workers 8
      shardline backfill --from 2019-03-01 --to 2019-03-31 --tables orders --dry-run
      shardline backfill --from 2019-03-14 --to 2019-03-14 --shards 'm*' --reload
      shardline backfill --from 2019-03-01 --to 2019-03-13 --recheck
      shardline backfill --from 2019-01-01 --to 2019-12-31 --on ecs

    Days of a shard that follow each other are read by one extract and loaded by one
    COPY, each with a marker of its own, as far as [load] group_days and group_rows
    let them. What is there already is left alone, so a backfill may be repeated, or
    run beside another or beside the daily run.

    With --reload days that are there are replaced, each whole: readers see the old
    rows or the new ones. With --recheck they are read again, and replaced where count
    or checksum differ from what was loaded; days that are missing stay so.

    \b
    Exit codes:
       0  every day asked for is complete
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


@click.command("backfill", cls=AlsoAsJob, verb=BACKFILL, help=HELP)
@verb_options(BackfillArguments)
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@luigi_options
def backfill_command(
    arguments: BackfillArguments, dry_run: bool, as_json: bool, how: LuigiOptions
) -> None:
    """Load, replace or compare a range of days."""
    if dry_run:
        _print_works(find_works(shell_context(), arguments), as_json=as_json)
        return
    options = read_settings()
    selection = selected(options, arguments)
    purpose = arguments.purpose(options)
    if options.sessions.is_file and not how.local_scheduler:
        warn(SQLITE_WARNING)
    with in_audit(options.sessions), publish_metrics(selection.tables, options):
        reports = run_range(selection, purpose, options, how, show_progress)
        sys.exit(print_reports(reports, as_json=as_json))


def _print_works(works: Sequence[Work], *, as_json: bool) -> None:
    if as_json:
        print_json([_planned(work) for work in works])
        return
    for work in works:
        say(work_line(work))


def _planned(work: Work) -> dict[str, object]:
    return {
        "table": work.table.name,
        "days": work.days,
        "present": work.present,
        "not_over": work.not_over,
        "extracts": [
            {
                "shard": span.shard.name,
                "from": span.first.isoformat(),
                "to": span.last.isoformat(),
            }
            for span in work.spans
        ],
    }
