"""`clear`: days are forgotten, rows and markers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pydantic import Field

from pipelines.catalog import Table
from pipelines.config import WAREHOUSE, Settings
from pipelines.errors import ConfigurationError
from pipelines.load import ask_warehouse
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Shards
from pipelines.operations.audit.records import digest_of
from pipelines.operations.selections import RangeArguments
from pipelines.operations.verb import Context, Long, Plan, Work
from pipelines.planning import Selection, matching_names, name_some, select
from pipelines.warehouse import ClearBatch, Holdings, clear_batches, read_holdings

DIGITS = 16
"""Hexadecimal digits by which a part of a plan is told: 64 bits."""

MOST_PARTS = 5_000
"""Of the plan of one job: an argument of a command may have 128 KiB on Linux."""

SHOWN = 20
"""Most lines about what would be deleted; the others are counted."""


class ClearArguments(RangeArguments):
    """Which tables, days and shards."""

    shards: Shards = Field(
        default=(),
        description="Shards, by name or pattern, also such as the catalog has no more;"
        " all without.",
    )


def find_batches(settings: Settings, arguments: ClearArguments) -> list[ClearBatch]:
    """What is there of the days, for shards of the catalog and for others.

    Raises:
        ShardlineError: The warehouse cannot be read, or a name names nothing.
    """
    days = arguments.days
    selection = select(settings.catalog, arguments.tables, (), days.first, days.last)
    held = {table: _holdings(settings, selection, table) for table in selection.tables}
    sources = dict.fromkeys(settings.catalog.shards)
    for by_day in held.values():
        for by_source in by_day.values():
            sources.update(dict.fromkeys(by_source))
    chosen = matching_names(arguments.shards, sources, "shard")
    return [
        batch
        for table, by_day in held.items()
        for batch in clear_batches(table, by_day, chosen)
    ]


def clear_plan(found: Sequence[ClearBatch]) -> Plan:
    """What would be deleted."""
    every = [f"{batch_name(one)}: {_amount(one)}" for one in found]
    lines = every[:SHOWN]
    if len(found) > SHOWN:
        lines.append(f"… and {len(found) - SHOWN} more lines like these")
    markers = sum(batch.markers for batch in found)
    rows = sum(batch.rows for batch in found)
    whole = f"in all: {markers:,} markers and {rows:,} rows"
    if not found:
        return Plan(("there is nothing to forget",))
    return Plan((*lines, whole), tuple(map(_part, found)))


def others_than_agreed(
    found: Sequence[ClearBatch], agreed: Collection[str]
) -> list[ClearBatch]:
    """What is there and is no part of a plan that somebody agreed to.

    A part is deleted by one commit. So when a job is begun again, what is left of its
    plan is whole parts.

    Args:
        found: What is there.
        agreed: The digests of the plan's parts.
    """
    return [one for one in found if _digest(_part(one)) not in agreed]


def _digest(part: str) -> str:
    return digest_of(part)[:DIGITS]


def batch_name(batch: ClearBatch) -> str:
    """What is deleted together."""
    return f"{batch.table.name} {batch.days} {name_some(batch.sources)}"


def _amount(batch: ClearBatch) -> str:
    return f"{batch.markers:,} markers and {batch.rows:,} rows"


def _part(batch: ClearBatch) -> str:
    sources = "\t".join(batch.sources)
    return f"{batch.table.name} {batch.days} {sources}: {_amount(batch)}"


def _holdings(settings: Settings, selection: Selection, table: Table) -> Holdings:
    first, last = selection.first, selection.last
    return ask_warehouse(
        lambda link: read_holdings(link, settings.warehouse, table, first, last),
        settings,
    )


def _plan(context: Context, arguments: ClearArguments) -> Plan:
    return clear_plan(find_batches(context.settings(), arguments))


def _work(_context: Context, _arguments: ClearArguments, plan: Plan) -> Work:
    parts = [_digest(part) for part in plan.parts]
    if len(parts) > MOST_PARTS:
        raise ConfigurationError(
            f"a job cannot delete {len(parts):,} parts, each by a commit of its own",
            step=f"clear fewer days or shards at a time: {MOST_PARTS:,} parts at most",
        )
    return Work((WAREHOUSE,), options=("--yes", "--plan", ",".join(parts)))


CLEAR = Long(
    name="clear",
    summary="Delete days that are loaded: rows and markers, so that they load again.",
    capability=Capability.OPERATE,
    arguments=ClearArguments,
    example="orders 2019-03-14 shards=moscow",
    plan=_plan,
    work=_work,
    destroys=True,
)
