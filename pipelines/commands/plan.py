"""`shardline plan`: what is there, what is missing, what a run would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import click
from rich.table import Table

from pipelines.catalog import consecutive_days
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.options import range_options, selection_of
from pipelines.config import read_settings
from pipelines.load import ask_warehouse
from pipelines.planning import Plan, Selection, TablePlan, make_plan, name_some
from pipelines.runtime import print_json
from pipelines.text import Console, visible

SHOWN = 15
"""Most lines about what is missing, and most about what is stale."""

HELP = """Show what of some days is loaded, what is missing, and what a run would do.

    \b
    Examples:
      shardline plan --from 2019-03-01 --to 2019-03-31
      shardline plan --from 2019-01-01 --to 2019-12-31 --tables orders --shards 'm*'
      shardline plan --from 2019-03-14 --to 2019-03-14 --json | jq .missing

    Nothing is loaded or changed. The columns count days of shards: `complete` has
    rows, `skipped` had none, `missing` would be loaded, `not over` has to wait for the
    end of the day where the shard is. Days that follow each other are read by one
    extract and loaded by one COPY. Rows and time are the medians of the loads before;
    the time is that of one worker, unless --workers says how many there are.

    A report is stale when something else is loaded now than it was refreshed from;
    `shardline refresh` mends that.

    \b
    Exit codes:
       0  the plan is shown, whatever it says
       2  wrong usage or configuration
      30  the warehouse or the session log cannot be read
    """


@click.command("plan", cls=AlsoOnEcs, help=HELP)
@range_options()
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many processes would load at a time.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan_command(
    first: datetime,
    last: datetime,
    tables: tuple[str, ...],
    shards: tuple[str, ...],
    workers: int,
    as_json: bool,
) -> None:
    """Show what a run would do."""
    options = read_settings()
    selection = selection_of(options.catalog, first, last, tables, shards)
    found = ask_warehouse(lambda link: make_plan(link, options, selection), options)
    if as_json:
        print_json(as_fields(found, selection))
        return
    console = Console()
    console.print(_table(found, workers))
    for line in [*_missing(found), *_stale(found)]:
        console.print(visible(line), soft_wrap=True)
    console.print(_summary(found, selection, workers), soft_wrap=True)


def as_fields(found: Plan, selection: Selection) -> dict[str, object]:
    """A plan for programs; rows and seconds are null where nothing is known of them."""
    return {
        "from": selection.first.isoformat(),
        "to": selection.last.isoformat(),
        "missing": found.missing,
        "tables": [
            {
                "table": part.table,
                "complete": part.complete,
                "skipped": part.skipped,
                "missing": part.missing,
                "not_over": part.waiting,
                "rows": part.rows,
                "seconds": part.seconds,
                "extracts": [
                    {
                        "shard": extract.shard,
                        "from": extract.days.first.isoformat(),
                        "to": extract.days.last.isoformat(),
                        "rows": extract.rows,
                        "seconds": extract.seconds,
                    }
                    for extract in part.extracts
                ],
            }
            for part in found.tables
        ],
        "stale": [
            {"report": name, "day": day.isoformat()} for name, day in found.stale
        ],
    }


def _table(found: Plan, workers: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("table", overflow="fold")
    heads = ("complete", "skipped", "missing", "not over", "extracts", "rows", "time")
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for part in found.tables:
        table.add_row(
            part.table,
            f"{part.complete:,}",
            f"{part.skipped:,}",
            f"{part.missing:,}",
            f"{part.waiting:,}",
            f"{len(part.extracts):,}",
            format_rows(part.rows),
            format_time(part.seconds, workers),
        )
    return table


def format_rows(rows: float | None) -> str:
    """An expected number of rows, for people."""
    return "unknown" if rows is None else f"{rows:,.0f}"


def format_time(seconds: float | None, workers: int = 1) -> str:
    """An expected time, for people, if so many share the work."""
    if seconds is None:
        return "unknown"
    whole = round(seconds / workers)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min" if whole >= 120 else f"{whole} s"  # noqa: PLR2004 - 2 min


def _missing(found: Plan) -> list[str]:
    lines = [line for part in found.tables for line in _missing_days(part)]
    return _first_of([f"missing: {line}" for line in lines])


def _missing_days(part: TablePlan) -> Iterator[str]:
    """A line for days that follow each other and miss the same shards."""
    shards: dict[date, list[str]] = {}
    for extract in part.extracts:
        for day in extract.days:
            shards.setdefault(day, []).append(extract.shard)
    for days in consecutive_days(sorted(shards), lambda day: shards[day]):
        yield f"{part.table} {days}: {name_some(shards[days.first])}"


def _stale(found: Plan) -> list[str]:
    days: dict[str, list[date]] = {}
    for name, day in found.stale:
        days.setdefault(name, []).append(day)
    return _first_of(
        [
            f"stale: {name} {run}"
            for name, each in days.items()
            for run in consecutive_days(each, lambda _: None)
        ]
    )


def _first_of(lines: Sequence[str]) -> list[str]:
    hidden = len(lines) - SHOWN
    if hidden <= 0:
        return list(lines)
    return [*lines[:SHOWN], f"… and {hidden} more lines; --json has them all"]


def _summary(found: Plan, selection: Selection, workers: int) -> str:
    if not found.missing:
        return f"nothing to load of {selection.days}"
    extracts = [extract for part in found.tables for extract in part.extracts]
    whole = TablePlan("", 0, 0, 0, tuple(extracts))
    each = "one worker" if workers == 1 else f"{workers} workers"
    known = "rows and time unknown: nothing was loaded of them yet"
    if whole.rows is not None:
        time = format_time(whole.seconds, workers)
        known = f"about {format_rows(whole.rows)} rows, about {time} for {each}"
    return (
        f"to load: {found.missing:,} days of shards by {len(extracts):,} extracts and"
        f" {len(extracts):,} COPYs at most; {known}"
    )
