"""How large and how long a day of a shard usually is, by the session log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import Engine, func, select

from pipelines.etl_db import UNREAD, Outcome, etl_db_errors, sessions_table

LATEST = 20
"""How many of a shard's latest loads count."""


@dataclass(frozen=True)
class Usual:
    """Medians of the loads of a day: rows, and seconds."""

    rows: float
    seconds: float


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


def estimates(engine: Engine, target: str) -> Estimates:
    """What the latest loads of each shard say, by one query.

    Args:
        engine: The ETL database.
        target: The table's target.

    Raises:
        ShardlineError: The log cannot be read.
    """
    latest = (
        select(
            sessions_table.c.shard,
            sessions_table.c.loaded_rows,
            sessions_table.c.started,
            sessions_table.c.finished,
            func.row_number()
            .over(
                partition_by=sessions_table.c.shard,
                order_by=sessions_table.c.started.desc(),
            )
            .label("age"),
        )
        .where(
            sessions_table.c.target_table == target,
            sessions_table.c.outcome.in_([Outcome.LOADED.value, Outcome.SKIPPED.value]),
            sessions_table.c.loaded_rows.is_not(None),
            sessions_table.c.finished.is_not(None),
        )
        .subquery()
    )
    query = (
        select(
            latest.c.shard, latest.c.loaded_rows, latest.c.started, latest.c.finished
        )
        .where(latest.c.age <= LATEST)
        .order_by(latest.c.shard, latest.c.started)
    )
    loads: dict[str, list[_Load]] = {}
    with etl_db_errors(UNREAD), engine.connect() as connection:
        for shard, *load in connection.execute(query):
            loads.setdefault(shard, []).append(_Load(*load))
    usual = {shard: list(_each(of_shard)) for shard, of_shard in loads.items()}
    every = [load for each in usual.values() for load in each]
    return Estimates(
        {shard: _median(each) for shard, each in usual.items()},
        _median(every) if every else None,
    )


@dataclass(frozen=True)
class _Load:
    rows: int
    started: datetime
    finished: datetime


def _each(loads: Sequence[_Load]) -> Iterator[Usual]:
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


def _shared(together: Sequence[_Load]) -> Iterator[Usual]:
    end = max(load.finished for load in together)
    seconds = (end - together[0].started).total_seconds()
    for load in together:
        yield Usual(load.rows, max(0.0, seconds) / len(together))


def _median(loads: Sequence[Usual]) -> Usual:
    return Usual(
        median(load.rows for load in loads), median(load.seconds for load in loads)
    )


def usual_rows_by_shard(engine: Engine, target: str) -> dict[str, float]:
    """How many rows a day of each shard has had, on average; one query.

    Args:
        engine: The ETL database.
        target: The table's target.

    Returns:
        The average by shard, days without rows included; no shard that is new.

    Raises:
        ShardlineError: The log cannot be read.
    """
    query = (
        select(sessions_table.c.shard, func.avg(sessions_table.c.loaded_rows))
        .where(
            sessions_table.c.target_table == target,
            sessions_table.c.outcome.in_([Outcome.LOADED.value, Outcome.SKIPPED.value]),
            sessions_table.c.loaded_rows.is_not(None),
        )
        .group_by(sessions_table.c.shard)
    )
    with etl_db_errors(UNREAD), engine.connect() as connection:
        return {str(shard): float(rows) for shard, rows in connection.execute(query)}
