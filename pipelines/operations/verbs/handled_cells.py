"""What of the status somebody sees to already: acknowledged or muted incidents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pipelines.alerts import HandledIncident, Incident, handling_facts
from pipelines.planning import DayState, Grid

LACKING = {DayState.FAILED, DayState.MISSING}
"""The states of days that an incident may be about."""


@dataclass(frozen=True)
class HandledCells:
    """The cells of a grid that an incident is about.

    Attributes:
        incident: Which.
        tables: For each table, for each shard, the days.
    """

    incident: Incident
    tables: Mapping[str, Mapping[str, tuple[date, ...]]]


def handled_cells(grid: Grid, handled: Iterable[HandledIncident]) -> list[HandledCells]:
    """What of a grid is part of incidents that somebody sees to, by number."""
    found = [HandledCells(one.incident, _tables(grid, one)) for one in handled]
    return [cells for cells in found if cells.tables]


def handled_lines(handled: Iterable[HandledCells]) -> Iterator[str]:
    """A line for each table of each incident."""
    for cells in handled:
        done = ", ".join(handling_facts(cells.incident))
        for table, shards in cells.tables.items():
            yield f"#{cells.incident.number} {done}: {table} {_extent(shards)}"


def handled_fields(handled: Iterable[HandledCells]) -> list[dict[str, object]]:
    """The same for programs."""
    return [
        {
            "number": cells.incident.number,
            "acknowledged_by": cells.incident.acknowledged_by,
            "acknowledged": _moment(cells.incident.acknowledged),
            "muted_by": cells.incident.muted_by if cells.incident.muted else None,
            "muted_until": _moment(cells.incident.muted_until)
            if cells.incident.muted
            else None,
            "tables": {
                table: {
                    shard: [day.isoformat() for day in days]
                    for shard, days in shards.items()
                }
                for table, shards in cells.tables.items()
            },
        }
        for cells in handled
    ]


def _moment(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None


def _tables(
    grid: Grid, handled: HandledIncident
) -> dict[str, dict[str, tuple[date, ...]]]:
    """The lacking days of the grid that an incident is about, by what failed of it."""
    at = {day: number for number, day in enumerate(grid.days)}
    found: dict[str, dict[str, set[date]]] = {}
    for table, one_shard, day in handled.days:
        shards = grid.tables.get(table, {})
        for shard in shards if one_shard is None else {one_shard} & shards.keys():
            if day in at and shards[shard][at[day]] in LACKING:
                found.setdefault(table, {}).setdefault(shard, set()).add(day)
    return {
        table: {
            shard: tuple(sorted(found[table][shard]))
            for shard in grid.tables[table]
            if shard in found[table]
        }
        for table in grid.tables
        if table in found
    }


def _extent(shards: Mapping[str, tuple[date, ...]]) -> str:
    """Such as ``38 shards of 2019-03-14``."""
    days = sorted({day for those in shards.values() for day in those})
    named = next(iter(shards)) if len(shards) == 1 else f"{len(shards)} shards"
    span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"{named} of {span}"
