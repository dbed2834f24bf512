"""`shardline clear`: forget markers and their rows, after showing and asking."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from pipelines.commands.agreement import is_agreed
from pipelines.commands.as_job import AlsoAsJob
from pipelines.commands.in_audit import in_audit
from pipelines.commands.verb_options import verb_options
from pipelines.config import Settings, current_settings
from pipelines.errors import ConfigurationError
from pipelines.operations import (
    CLEAR,
    ClearArguments,
    batch_name,
    clear_plan,
    find_batches,
    others_than_agreed,
)
from pipelines.runtime import ExitCode, say, warn
from pipelines.warehouse import ClearBatch, delete_days

HELP = """Forget days: delete their rows and their markers, so that they load again.

    \b
    Examples:
      shardline clear --from 2019-03-14 --to 2019-03-14 --tables orders --dry-run
      shardline clear --from 2019-03-01 --to 2019-03-31 --shards moscow --shards 'k*'
      shardline clear --from 2019-03-14 --to 2019-03-14 --tables orders --yes

    What will be deleted is shown first, and asked about; without a terminal to ask on,
    --yes is needed. Rows without a marker go too, and shards that the catalog has no
    more may be named. Days that follow each other go by one commit, rows and markers
    together. To replace days without a moment in which they are missing, use
    `shardline verify --reload` or `shardline backfill --reload`.

    \b
    Exit codes:
       0  they are forgotten, there is nothing to forget, or it is a --dry-run
       2  wrong usage or configuration, or the answer was no; nothing is deleted
      30  the warehouse failed; what was told is forgotten, the rest is not
    """


@click.command("clear", cls=AlsoAsJob, verb=CLEAR, help=HELP)
@verb_options(ClearArguments)
@click.option("--yes", is_flag=True, help="Delete without asking.")
@click.option("--dry-run", is_flag=True, help="Show only, and delete nothing.")
@click.option(
    "--plan",
    "agreed",
    hidden=True,  # a job's own
    help="Delete only parts of a plan that have these digests.",
)
def clear(
    arguments: ClearArguments, yes: bool, dry_run: bool, agreed: str | None
) -> None:
    """Forget markers and their rows."""
    settings = current_settings()
    found = find_batches(settings, arguments)
    plan = clear_plan(found)
    if agreed is not None:
        _check_agreed(found, agreed.split(","))
    if not found:
        say("there is nothing to forget")
        return
    for line in plan.lines:
        say(line)
    if dry_run:
        return
    if not yes and not is_agreed("Delete them?", "deleted"):
        warn("nothing is deleted")
        sys.exit(ExitCode.USAGE)
    with in_audit(settings.sessions, plan, needs_database=False):
        for batch in found:
            markers, rows = _forget(settings, batch)
            say(f"{batch_name(batch)}: forgot {markers:,} markers and {rows:,} rows")


def _check_agreed(found: Sequence[ClearBatch], agreed: Sequence[str]) -> None:
    """Refuse to delete anything that is no part of what somebody agreed to.

    Raises:
        ConfigurationError: There is such.
    """
    if others := others_than_agreed(found, agreed):
        raise ConfigurationError(
            f"no more is deleted: {batch_name(others[0])} is not what somebody agreed"
            " to any more",
            step="wish for it anew, and look at its plan",
        )


def _forget(options: Settings, batch: ClearBatch) -> tuple[int, int]:
    markers = rows = 0
    for attempt in options.load.tries():
        with attempt:
            markers, rows = delete_days(options.warehouse, batch)
    return markers, rows
