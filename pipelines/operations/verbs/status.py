"""`status`: how each day of each shard stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import Field

from pipelines.alerts import handled_incidents
from pipelines.catalog import DayRange
from pipelines.load import ask_warehouse
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments, Days, Shards, Tables
from pipelines.operations.verb import Answer, Context, Look
from pipelines.operations.verbs.handled_cells import (
    HandledCells,
    handled_cells,
    handled_fields,
    handled_lines,
)
from pipelines.planning import DayState, Grid, name_some, read_grid, select

LATELY = 14
"""How many days are shown if none are given."""

UNWELL = (DayState.FAILED, DayState.RUNNING, DayState.MISSING)
"""The states of which it is told which shards they are of."""


class StatusArguments(Arguments):
    """Of which tables, days and shards."""

    tables: Tables = Field(
        default=(),
        description="Tables, by name or a pattern such as 'o*'; all without.",
    )
    days: Days | None = Field(
        default=None, description=f"The days; the last {LATELY} before today without."
    )
    shards: Shards = Field(
        default=(),
        description="Shards, by name or a pattern such as 'm*'; all without.",
    )


@dataclass(frozen=True)
class Status:
    """How days stand.

    Attributes:
        grid: Each day of each shard.
        handled: What of it somebody sees to already.
    """

    grid: Grid
    handled: list[HandledCells]


def read_status(context: Context, arguments: StatusArguments) -> Status:
    """How each day stands.

    Raises:
        ShardlineError: The warehouse or the session log cannot be read.
    """
    settings, days = context.settings(), arguments.days or _lately()
    selection = select(
        settings.catalog, arguments.tables, arguments.shards, days.first, days.last
    )
    grid = ask_warehouse(
        lambda link: read_grid(link, context.engine, settings, selection), settings
    )
    names = [table.name for table in selection.tables]
    handled = handled_incidents(context.engine, names, days.first, days.last)
    return Status(grid, handled_cells(grid, handled))


def status_fields(found: Status) -> dict[str, object]:
    """How days stand, for programs."""
    return {
        "days": [day.isoformat() for day in found.grid.days],
        "tables": {
            table: {
                shard: [stand.value for stand in stands]
                for shard, stands in shards.items()
            }
            for table, shards in found.grid.tables.items()
        },
        "incidents": handled_fields(found.handled),
    }


def _lately() -> DayRange:
    today = datetime.now().astimezone().date()
    return DayRange(today - timedelta(days=LATELY), today - timedelta(days=1))


def _answer(context: Context, arguments: StatusArguments) -> Answer:
    found = read_status(context, arguments)
    return Answer(
        lines=(*_summaries(found.grid), *handled_lines(found.handled)),
        heads=("table", "day", "state", "shards"),
        rows=tuple(_unwell(found.grid)),
        data=status_fields(found),
    )


def _summaries(found: Grid) -> Iterator[str]:
    first, last = found.days[0], found.days[-1]
    for table, shards in found.tables.items():
        counts: dict[DayState, int] = {}
        for states in shards.values():
            for state in states:
                counts[state] = counts.get(state, 0) + 1
        said = ", ".join(f"{counts[s]:,} {s.value}" for s in DayState if s in counts)
        yield f"{table} {DayRange(first, last)}: {said}"


def _unwell(found: Grid) -> Iterator[tuple[str, str, str, str]]:
    for table, shards in found.tables.items():
        for day, state, names in _by_state(found.days, shards):
            yield table, str(day), state.value, f"{len(names)}: {name_some(names)}"


def _by_state(
    days: Sequence[date], shards: Mapping[str, Sequence[DayState]]
) -> Iterator[tuple[date, DayState, list[str]]]:
    for at, day in enumerate(days):
        for state in UNWELL:
            names = [name for name, states in shards.items() if states[at] is state]
            if names:
                yield day, state, names


STATUS = Look(
    name="status",
    summary="Show how each day stands.",
    capability=Capability.LOOK,
    arguments=StatusArguments,
    example="orders 2019-03-01..2019-03-31",
    is_slow=True,
    run=_answer,
)
