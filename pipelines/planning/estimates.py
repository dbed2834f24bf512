"""How large and how long a day of a shard usually is, by the session log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median

from sqlalchemy import Engine, bindparam, select

from pipelines.etl_db import LOADS, UNREAD, etl_db_errors, sessions_table

LATEST = 20
"""How many of a shard's latest loads count."""


@dataclass(frozen=True)
class Usual:
    """What the latest loads of a day say.

    Attributes:
        rows: The median of their rows.
        seconds: The median of the time that each took.
        average: How many rows they had on average, days without rows included.
    """

    rows: float
    seconds: float
    average: float


@dataclass(frozen=True)
class Expected:
    """What some loads are expected to come to.

    Attributes:
        rows: How many rows; None if nothing of the kind was ever loaded.
        seconds: How long one worker takes, likewise.
    """

    rows: float | None
    seconds: float | None

    def __add__(self, other: Expected) -> Expected:
        """Both together; what is unknown of one is unknown."""
        return Expected(_sum(self.rows, other.rows), _sum(self.seconds, other.seconds))


@dataclass(frozen=True)
class Estimates:
    """What is usual in a table.

    Attributes:
        shards: Of each shard that was loaded before.
        table: Of all of them; None if there are none.
    """

    shards: Mapping[str, Usual]
    table: Usual | None

    def of(self, shard: str) -> Usual | None:
        """What is usual for a shard: its own loads, or else those of the others."""
        return self.shards.get(shard, self.table)

    def total(self, days: Mapping[str, int]) -> Expected:
        """What so many days of each shard come to."""
        usual = [(self.of(shard), count) for shard, count in days.items() if count]
        if any(each is None for each, _ in usual):
            return Expected(None, None)
        return Expected(
            sum(each.rows * count for each, count in usual if each),
            sum(each.seconds * count for each, count in usual if each),
        )

    def average(self, shard: str) -> float:
        """How many rows a day of a shard has on average; 0 of one that is new."""
        usual = self.shards.get(shard)
        return usual.average if usual else 0


def usual_loads(engine: Engine, target: str, shards: Iterable[str]) -> Estimates:
    """What the latest loads of some shards say, by a short question about each.

    Args:
        engine: The ETL database.
        target: The table's target.
        shards: The shards' names.

    Raises:
        ShardlineError: The log cannot be read.
    """
    latest = (
        select(
            sessions_table.c.loaded_rows,
            sessions_table.c.started,
            sessions_table.c.finished,
        )
        .where(
            sessions_table.c.target_table == target,
            sessions_table.c.shard == bindparam("shard"),
            sessions_table.c.outcome.in_(LOADS),
            sessions_table.c.loaded_rows.is_not(None),
            sessions_table.c.finished.is_not(None),
        )
        .order_by(sessions_table.c.started.desc())
        .limit(LATEST)
    )
    usual: dict[str, list[_Day]] = {}
    with etl_db_errors(UNREAD), engine.connect() as connection:
        for shard in shards:
            found = connection.execute(latest, {"shard": shard}).all()
            if loads := [_Load(*load) for load in reversed(found)]:
                usual[shard] = list(_each(loads))
    every = [day for days in usual.values() for day in days]
    return Estimates(
        {shard: _usual(days) for shard, days in usual.items()},
        _usual(every) if every else None,
    )


@dataclass(frozen=True)
class _Day:
    rows: int
    seconds: float


@dataclass(frozen=True)
class _Load:
    rows: int
    started: datetime
    finished: datetime


def _each(loads: Sequence[_Load]) -> Iterator[_Day]:
    """Each load with its part of the time: days that came together share theirs.

    Args:
        loads: Those of one shard, in the order of their starts.
    """
    together: list[_Load] = []
    for load in loads:
        if together and load.started >= max(one.finished for one in together):
            yield from _shared(together)
            together = []
        together.append(load)
    yield from _shared(together)


def _shared(together: Sequence[_Load]) -> Iterator[_Day]:
    end = max(load.finished for load in together)
    seconds = (end - together[0].started).total_seconds()
    for load in together:
        yield _Day(load.rows, max(0.0, seconds) / len(together))


def _usual(days: Sequence[_Day]) -> Usual:
    rows = [day.rows for day in days]
    return Usual(median(rows), median(day.seconds for day in days), fmean(rows))


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
