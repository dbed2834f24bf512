"""`shardline status`: the grid, what goes on failing, and the session log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from pipelines.alerts import handled_incidents
from pipelines.catalog import Catalog
from pipelines.commands.on_ecs import AlsoOnEcs, GroupAlsoOnEcs
from pipelines.commands.options import DAY, range_options, shard_option, table_option
from pipelines.commands.screens.handled_cells import (
    handled_cells,
    handled_fields,
    handled_lines,
)
from pipelines.commands.screens.status_grid import grid_lines
from pipelines.config import read_settings
from pipelines.errors import one_line
from pipelines.etl_db import (
    Attempt,
    AttemptFilter,
    AttemptState,
    FailureStreak,
    etl_engine,
    failure_streaks,
    newest_attempts,
)
from pipelines.load import ask_warehouse
from pipelines.planning import (
    DayState,
    Grid,
    Selection,
    matching_names,
    read_grid,
    select,
)
from pipelines.runtime import print_json, say
from pipelines.text import Console

LATELY = 14
"""How many days are shown if none are given."""

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
@range_options(required=False)
@click.option("--unfold", is_flag=True, help="A line for each shard.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(
    context: click.Context,
    first: datetime | None,
    last: datetime | None,
    tables: tuple[str, ...],
    shards: tuple[str, ...],
    unfold: bool,
    as_json: bool,
) -> None:
    """Show how each day stands."""
    if context.invoked_subcommand:
        if first or last or tables or shards or unfold or as_json:
            named = context.invoked_subcommand
            raise click.UsageError(f"write the options after `{named}`")
        return
    options = read_settings()
    selection = _selection(options.catalog, first, last, tables, shards)
    engine = etl_engine(options.sessions.database)
    found = ask_warehouse(
        lambda link: read_grid(link, engine, options, selection), options
    )
    names = [table.name for table in selection.tables]
    seen_to = handled_incidents(engine, names, selection.first, selection.last)
    handled = handled_cells(found, seen_to)
    if as_json:
        fields = {**_grid_fields(found), "incidents": handled_fields(handled)}
        print_json(fields, indent=None)
        return
    console = Console()
    by_shard = unfold or bool(shards)
    for line in grid_lines(found, console, unfold=by_shard):
        console.print(line)
    for line in handled_lines(handled):
        console.print(line)
    whole = found.whole
    if not by_shard and (whole[DayState.FAILED] or whole[DayState.MISSING]):
        console.print("--unfold shows each shard", style="dim")


@status.command("failures", cls=AlsoOnEcs, help=FAILURES_HELP)
@click.option(
    "--since",
    type=_SINCE,
    metavar="YYYY-MM-DD",
    help="The earliest start, in UTC; 30 days ago if not given.",
)
@click.option(
    "--open", "only_open", is_flag=True, help="Only what has not succeeded since."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def failures(since: datetime | None, only_open: bool, as_json: bool) -> None:
    """List what failed again and again."""
    options = read_settings()
    engine = etl_engine(options.sessions.database)
    start = since.replace(tzinfo=UTC) if since else _days_ago(30)
    found = failure_streaks(engine, start)
    shown = [streak for streak in found if not (only_open and streak.ended)]
    if as_json:
        fields = [_streak_fields(streak, options.catalog) for streak in shown]
        print_json(fields)
        return
    for streak in shown:
        say(_streak_line(streak, options.catalog))
        say(f"    {one_line(streak.last.comment or 'no word of why')}")


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
        fields = [_attempt_fields(attempt, known) for attempt in found]
        print_json(fields)
        return
    for attempt in found:
        say(_attempt_line(attempt, known))


def _selection(
    known: Catalog,
    first: datetime | None,
    last: datetime | None,
    tables: tuple[str, ...],
    shards: tuple[str, ...],
) -> Selection:
    if (first is None) != (last is None):
        raise click.UsageError("give both --from and --to, or none of them")
    today = datetime.now().astimezone().date()
    start = first.date() if first else today - timedelta(days=LATELY)
    stop = last.date() if last else today - timedelta(days=1)
    return select(known, tables, shards, start, stop)


def _days_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def what(attempt: Attempt, known: Catalog) -> str:
    """What was attempted, for people."""
    if attempt.target_table is None or attempt.shard is None:
        return attempt.task_name
    names = {table.target: table.name for table in known.tables.values()}
    table = names.get(attempt.target_table, attempt.target_table)
    return one_line(f"{table} {attempt.day} {attempt.shard}")


def _streak_line(streak: FailureStreak, known: Catalog) -> str:
    times = f"{streak.attempts} attempts" if streak.attempts > 1 else "1 attempt"
    since = f"since {streak.first.started:%Y-%m-%d %H:%M}"
    over = f", {streak.ended.state} {_moment(streak.ended)}" if streak.ended else ""
    task = what(streak.last, known)
    return f"{_moment(streak.last)}  {task}: {times} {since}{over}"


def _attempt_line(attempt: Attempt, known: Catalog) -> str:
    rows = "" if attempt.rows is None else f"{attempt.rows:,} rows"
    comment = f"  {one_line(attempt.comment)}" if attempt.comment else ""
    seconds = _seconds(attempt)
    took = "" if seconds is None else f"{seconds:.1f} s"
    return (
        f"{_moment(attempt)}  {attempt.state:<7}  {took:>8}  {rows:>14}"
        f"  {what(attempt, known)}{comment}"
    )


def _moment(attempt: Attempt) -> str:
    return f"{attempt.started:%Y-%m-%d %H:%M:%S}"


def _seconds(attempt: Attempt) -> float | None:
    if attempt.finished is None:
        return None
    return (attempt.finished - attempt.started).total_seconds()


def _attempt_fields(attempt: Attempt, known: Catalog) -> dict[str, object]:
    return {
        "id": attempt.id,
        "what": what(attempt, known),
        "task": attempt.task_name,
        "target": attempt.target_table,
        "shard": attempt.shard,
        "day": attempt.day.isoformat() if attempt.day else None,
        "attempt": attempt.attempt,
        "state": attempt.state.value,
        "started": attempt.started.isoformat(),
        "seconds": _seconds(attempt),
        "rows": attempt.rows,
        "host": attempt.host,
        "pid": attempt.pid,
        "comment": attempt.comment,
    }


def _streak_fields(streak: FailureStreak, known: Catalog) -> dict[str, object]:
    return {
        "what": what(streak.last, known),
        "attempts": streak.attempts,
        "since": streak.first.started.isoformat(),
        "last": _attempt_fields(streak.last, known),
        "ended": streak.ended.started.isoformat() if streak.ended else None,
    }


def _grid_fields(found: Grid) -> dict[str, object]:
    return {
        "days": [day.isoformat() for day in found.days],
        "tables": {
            table: {
                shard: [stand.value for stand in stands]
                for shard, stands in shards.items()
            }
            for table, shards in found.tables.items()
        },
    }
