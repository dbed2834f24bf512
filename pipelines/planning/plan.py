"""What of some days is in the warehouse, and what a run would do about the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipelines.catalog import DayRange, Table, group_days, is_day_ready
from pipelines.config import Settings
from pipelines.etl_db import etl_engine
from pipelines.planning.estimates import Estimates, usual_loads
from pipelines.planning.selection import Selection
from pipelines.reporting import stale_reports
from pipelines.warehouse import Connection, LoadedDays, read_loaded_days


@dataclass(frozen=True)
class Extract:
    """Missing days of a shard that one extract and one COPY would bring.

    Attributes:
        shard: The shard's name.
        days: The days.
        rows: How many rows to expect; None if nothing of the kind was ever loaded.
        seconds: How long to expect it to take, likewise.
    """

    shard: str
    days: DayRange
    rows: float | None
    seconds: float | None


@dataclass(frozen=True)
class TablePlan:
    """A table's part of a plan; all figures count days of shards.

    Attributes:
        table: The table's name.
        complete: Loaded, with rows.
        skipped: Loaded, and there were no rows.
        waiting: Without a marker, and not over yet where the shard is.
        extracts: What would be loaded.
    """

    table: str
    complete: int
    skipped: int
    waiting: int
    extracts: tuple[Extract, ...]

    @property
    def missing(self) -> int:
        """Without a marker, and over."""
        return sum(len(extract.days) for extract in self.extracts)

    @property
    def rows(self) -> float | None:
        """How many rows to expect; None if that is unknown of any."""
        return _sum([extract.rows for extract in self.extracts])

    @property
    def seconds(self) -> float | None:
        """How long one worker would take; None if that is unknown of any."""
        return _sum([extract.seconds for extract in self.extracts])


@dataclass(frozen=True)
class Plan:
    """What is there, and what would be done.

    Attributes:
        tables: A part for each table.
        stale: Reports, and days, of which something else is loaded now than they were
            refreshed from.
    """

    tables: tuple[TablePlan, ...]
    stale: tuple[tuple[str, date], ...]

    @property
    def missing(self) -> int:
        """How many days of shards would be loaded."""
        return sum(table.missing for table in self.tables)


def make_plan(connection: Connection, settings: Settings, selection: Selection) -> Plan:
    """Look at the markers, one query a table, and at the past of what is missing.

    Args:
        connection: To the warehouse.
        settings: All options.
        selection: What to look at.

    Raises:
        ShardlineError: The warehouse or the log cannot be read.
    """
    first, last = selection.first, selection.last
    markers = settings.warehouse.markers
    loaded = {
        table.name: read_loaded_days(connection, markers, table, first, last)
        for table in selection.tables
    }
    ended = count_days_over(settings, selection)
    parts = [
        _plan_table(settings, table, loaded[table.name], ended)
        for table in selection.tables
    ]
    return Plan(
        tuple(parts), tuple(stale_reports(connection, settings, loaded, first, last))
    )


def _plan_table(
    settings: Settings,
    table: Table,
    loaded: LoadedDays,
    ended: Mapping[str, int],
) -> TablePlan:
    """Plan a table.

    Args:
        settings: All options.
        table: The table.
        loaded: Its markers.
        ended: How many of the days are over, for each shard.
    """
    missing: dict[str, list[date]] = {}
    waiting = 0
    for shard, over in ended.items():
        absent = loaded.absent(shard)
        days = [loaded.first + timedelta(days=at) for at in absent if at < over]
        waiting += len(absent) - len(days)
        if days:
            missing[shard] = days
    present = sum(loaded.present(shard) for shard in ended)
    complete = sum(loaded.with_rows(shard) for shard in ended)
    return TablePlan(
        table=table.name,
        complete=complete,
        skipped=present - complete,
        waiting=waiting,
        extracts=_extracts(settings, table, missing) if missing else (),
    )


def _extracts(
    settings: Settings,
    table: Table,
    missing: Mapping[str, Sequence[date]],
) -> tuple[Extract, ...]:
    engine = etl_engine(settings.sessions.database)
    usual = usual_loads(engine, table.target, settings.catalog.shards)
    return tuple(
        _extract(shard, group, usual)
        for shard, days in missing.items()
        for group in group_days(days, usual.average(shard), settings.load.bounds)
    )


def _extract(shard: str, group: DayRange, usual: Estimates) -> Extract:
    of_shard = usual.of(shard)
    if of_shard is None:
        return Extract(shard, group, None, None)
    days = len(group)
    return Extract(shard, group, of_shard.rows * days, of_shard.seconds * days)


def count_days_over(settings: Settings, selection: Selection) -> dict[str, int]:
    """How many of the days are over, for each shard."""
    days = list(selection.days)
    now = datetime.now().astimezone()
    zones: dict[str, int] = {}
    for shard in selection.shards:
        if shard.time_zone not in zones:
            over = len(days)
            while over and not is_day_ready(
                days[over - 1], shard.time_zone, settings.load.settle, now
            ):
                over -= 1
            zones[shard.time_zone] = over
    return {shard.name: zones[shard.time_zone] for shard in selection.shards}


def _sum(figures: Sequence[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None
