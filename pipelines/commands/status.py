"""`shardline status`: the grid, what goes on failing, and the session log."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from pipelines.catalog import Catalog
from pipelines.commands.on_ecs import AlsoOnEcs, GroupAlsoOnEcs
from pipelines.commands.options import DAY, shard_option, table_option
from pipelines.commands.screens.handled_cells import handled_texts
from pipelines.commands.screens.status_grid import grid_lines
from pipelines.commands.verb_commands import shell_context, verb_command
from pipelines.commands.verb_options import verb_options
from pipelines.config import read_settings
from pipelines.errors import one_line
from pipelines.etl_db import (
    Attempt,
    AttemptFilter,
    AttemptState,
    etl_engine,
    newest_attempts,
)
from pipelines.operations import (
    FAILURES,
    StatusArguments,
    attempt_fields,
    attempt_seconds,
    attempted,
    read_status,
    status_fields,
)
from pipelines.planning import DayState, matching_names
from pipelines.runtime import print_json, say
from pipelines.text import Console

HELP = """Show how each day stands: days across, tables and shards down.

    \b
    Examples:
      shardline status
      shardline status --from 2019-03-01 --to 2019-03-31
      shardline status --from 2019-03-01 --to 2019-03-31 --tables orders --unfold
      shardline status --from 2019-03-14 --to 2019-03-14 --shards 'm*' --json
      shardline status failures
      shardline status sessions --state failed --since 2019-03-14

    A table has a line for each state, with the number of its shards; --unfold, or
    --shards, gives each shard a line of its own. `done` and `skipped`, which had no
    rows, have a marker. The others have none: the last attempt `failed`, one is
    `running`, nothing was tried and the day is `missing`, or it is `not over` where
    the shard is. Without --from and --to it is the last 14 days before today. Below
    stands what of it belongs to incidents that somebody has acknowledged or muted.

    \b
    Exit codes:
       0  it is shown, whatever it says
       2  wrong usage or configuration
      30  the warehouse or the session log cannot be read
    """

FAILURES_HELP = """List what failed again and again, newest first, with the last error.

    \b
    Examples:
      shardline status failures
      shardline status failures --open
      shardline status failures --since 2019-03-01 --json

    Attempts at the same table, shard and day, or at the same task, belong together
    until one succeeds.

    \b
    Exit codes:
       0  they are listed, if there are any
       2  wrong usage or configuration
      30  the session log cannot be read
    """

SESSIONS_HELP = """List attempts of the session log, newest first.

    \b
    Examples:
      shardline status sessions --limit 20
      shardline status sessions --table orders --shard 'm*' --day 2019-03-14
      shardline status sessions --state failed --since 2019-03-14T02:00 --json

    \b
    Exit codes:
       0  they are listed, if there are any
       2  wrong usage or configuration
      30  the session log cannot be read
    """

_SINCE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.group("status", cls=GroupAlsoOnEcs, help=HELP, invoke_without_command=True)
@verb_options(StatusArguments)
@click.option("--unfold", is_flag=True, help="A line for each shard.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(
    context: click.Context, arguments: StatusArguments, unfold: bool, as_json: bool
) -> None:
    """Show how each day stands."""
    if context.invoked_subcommand:
        if arguments != StatusArguments() or unfold or as_json:
            named = context.invoked_subcommand
            raise click.UsageError(f"write the options after `{named}`")
        return
    found = read_status(shell_context(), arguments)
    if as_json:
        print_json(status_fields(found), indent=None)
        return
    console = Console()
    by_shard = unfold or bool(arguments.shards)
    for line in grid_lines(found.grid, console, unfold=by_shard):
        console.print(line)
    for text in handled_texts(found.handled):
        console.print(text)
    whole = found.grid.whole
    if not by_shard and (whole[DayState.FAILED] or whole[DayState.MISSING]):
        console.print("--unfold shows each shard", style="dim")


status.add_command(verb_command(FAILURES, "failures", FAILURES_HELP))


@status.command("sessions", cls=AlsoOnEcs, help=SESSIONS_HELP)
@table_option
@shard_option
@click.option("--day", type=DAY, metavar="YYYY-MM-DD", help="Of this day.")
@click.option(
    "--state",
    type=click.Choice([state.value for state in AttemptState]),
    help="In this state.",
)
@click.option(
    "--since", type=_SINCE, metavar="YYYY-MM-DD", help="Begun then or later, in UTC."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="How many at most.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sessions(
    tables: tuple[str, ...],
    shards: tuple[str, ...],
    day: datetime | None,
    state: str | None,
    since: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """List attempts of the session log."""
    options = read_settings()
    known = options.catalog
    # Without a name those of no table count, too.
    named_tables = matching_names(tables, known.tables, "table") if tables else []
    wanted = AttemptFilter(
        targets=[known.tables[name].target for name in named_tables],
        shards=matching_names(shards, known.shards, "shard") if shards else [],
        day=day.date() if day else None,
        state=AttemptState(state) if state else None,
        since=since.replace(tzinfo=UTC) if since else None,
    )
    engine = etl_engine(options.sessions.database)
    found = newest_attempts(engine, wanted, limit)
    if as_json:
        fields = [attempt_fields(attempt, known) for attempt in found]
        print_json(fields)
        return
    for attempt in found:
        say(_attempt_line(attempt, known))


def _attempt_line(attempt: Attempt, known: Catalog) -> str:
    rows = "" if attempt.rows is None else f"{attempt.rows:,} rows"
    comment = f"  {one_line(attempt.comment)}" if attempt.comment else ""
    seconds = attempt_seconds(attempt)
    took = "" if seconds is None else f"{seconds:.1f} s"
    return (
        f"{attempt.started:%Y-%m-%d %H:%M:%S}  {attempt.state:<7}  {took:>8}"
        f"  {rows:>14}"
        f"  {attempted(attempt, known)}{comment}"
    )
