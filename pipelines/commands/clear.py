"""`shardline clear`: forget markers and their rows, after showing and asking."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

import click

from pipelines.catalog import Table
from pipelines.commands.in_audit import in_audit
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.options import range_options, selection_of
from pipelines.config import Settings, read_settings
from pipelines.errors import ConfigurationError
from pipelines.load import ask_warehouse
from pipelines.planning import Selection, matching_names, name_some
from pipelines.runtime import ExitCode, say, warn
from pipelines.warehouse import (
    ClearBatch,
    Holdings,
    clear_batches,
    delete_days,
    read_holdings,
)

SHOWN = 20
"""Most lines about what would be deleted; the others are counted."""

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


@click.command("clear", cls=AlsoOnEcs, help=HELP)
@range_options()
@click.option("--yes", is_flag=True, help="Delete without asking.")
@click.option("--dry-run", is_flag=True, help="Show only, and delete nothing.")
def clear(
    first: datetime,
    last: datetime,
    tables: tuple[str, ...],
    shards: tuple[str, ...],
    yes: bool,
    dry_run: bool,
) -> None:
    """Forget markers and their rows."""
    options = read_settings()
    found = _found(options, first, last, tables, shards)
    if not found:
        say("there is nothing to forget")
        return
    lines = _lines(found)
    for line in lines:
        say(line)
    if dry_run:
        return
    if not yes and not _agreed():
        warn("nothing is deleted")
        sys.exit(ExitCode.USAGE)
    with in_audit(options.sessions, lines, needs_database=False):
        for batch in found:
            markers, rows = _forget(options, batch)
            say(f"{_what(batch)}: forgot {markers:,} markers and {rows:,} rows")


def _found(
    options: Settings,
    first: datetime,
    last: datetime,
    tables: Sequence[str],
    shards: Sequence[str],
) -> list[ClearBatch]:
    """What is there of the days, for shards of the catalog and for others."""
    selection = selection_of(options.catalog, first, last, tables, ())
    held = {table: _holdings(options, selection, table) for table in selection.tables}
    sources = dict.fromkeys(options.catalog.shards)
    for days in held.values():
        for by_source in days.values():
            sources.update(dict.fromkeys(by_source))
    chosen = matching_names(shards, sources, "shard")
    return [
        batch
        for table, days in held.items()
        for batch in clear_batches(table, days, chosen)
    ]


def _holdings(options: Settings, selection: Selection, table: Table) -> Holdings:
    first, last = selection.first, selection.last
    return ask_warehouse(
        lambda link: read_holdings(link, options.warehouse, table, first, last), options
    )


def _lines(found: Sequence[ClearBatch]) -> list[str]:
    lines = [
        f"{_what(batch)}: {batch.markers:,} markers and {batch.rows:,} rows"
        for batch in found[:SHOWN]
    ]
    if len(found) > SHOWN:
        lines.append(f"… and {len(found) - SHOWN} more lines like these")
    markers = sum(batch.markers for batch in found)
    rows = sum(batch.rows for batch in found)
    return [*lines, f"in all: {markers:,} markers and {rows:,} rows"]


def _what(batch: ClearBatch) -> str:
    return f"{batch.table.name} {batch.days} {name_some(batch.sources)}"


def _agreed() -> bool:
    """Ask.

    Raises:
        ConfigurationError: There is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "nothing is deleted: there is no terminal to ask on",
            step="give --yes if it shall be done, --dry-run if it shall be shown",
        )
    return click.confirm("Delete them?")


def _forget(options: Settings, batch: ClearBatch) -> tuple[int, int]:
    markers = rows = 0
    for attempt in options.load.tries():
        with attempt:
            markers, rows = delete_days(options.warehouse, batch)
    return markers, rows
