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
from pipelines.operations.folded_days import HEADS, day_rows
from pipelines.operations.verb import Answer, Context, Look, Section
from pipelines.operations.verbs.handled_cells import (
    HandledCells,
    handled_cells,
    handled_fields,
    handled_lines,
)
from pipelines.planning import DayState, Grid, read_grid, select

LATELY = 14
"""How many days are shown if none are given."""

UNWELL = (DayState.FAILED, DayState.RUNNING, DayState.MISSING)
"""The states of which it is told which days and shards they are of."""


MOST_SECTIONS = 10
"""Most parts that are told; who names a table is told all of that one."""


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
    sections = list(_sections(found.grid))
    left = len(sections) - MOST_SECTIONS
    more = [f"… and {left} parts more: name a table"] if left > 0 else []
    return Answer(
        lines=(*_summaries(found.grid), *handled_lines(found.handled), *more),
        sections=tuple(sections[:MOST_SECTIONS]),
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


def _sections(found: Grid) -> Iterator[Section]:
    """What is unwell, the worst first: a part for each state of each table."""
    for state in UNWELL:
        for table, shards in found.tables.items():
            of_days = _in_state(state, found.days, shards)
            if not of_days:
                continue
            count = sum(map(len, of_days.values()))
            names = {name for some in of_days.values() for name in some}
            some = "1 shard" if len(names) == 1 else f"{len(names)} shards"
            summary = f"{table}: {count:,} {state.value}, of {some}"
            yield Section(summary, HEADS, day_rows(of_days, len(shards)))


def _in_state(
    state: DayState, days: Sequence[date], shards: Mapping[str, Sequence[DayState]]
) -> dict[date, list[str]]:
    """For each day on which some shards are in a state, their names."""
    found = {
        day: [name for name, states in shards.items() if states[at] is state]
        for at, day in enumerate(days)
    }
    return {day: names for day, names in found.items() if names}


STATUS = Look(
    name="status",
    summary="Show how each day stands.",
    capability=Capability.LOOK,
    arguments=StatusArguments,
    example="orders 2019-03-01..2019-03-31",
    is_slow=True,
    run=_answer,
)
