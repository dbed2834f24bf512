"""What a day of 1,000 rows costs besides its rows, and where that goes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from statistics import median

import luigi
import luigi.configuration

from benchmarks import product
from benchmarks.product import SHARD, TABLE
from benchmarks.steps import Spent, Steps
from pipelines.catalog import Partition, Span
from pipelines.config import Settings, read_settings
from pipelines.etl_db import Outcome, Session, etl_engine
from pipelines.load import DayEncoders
from pipelines.orders import LoadOrders
from pipelines.source import compare_columns, connect_source, extract_encoded
from pipelines.warehouse import (
    Markers,
    connect_warehouse,
    copy_rows,
    copy_statement,
    create_tables,
)

LUIGI = "Luigi and the task around it"

EXTRACT = "extract and encode"
"""The step that grows with the rows, and costs next to nothing without any."""

DAYS = 10
"""Days that are loaded in one go."""


def days_needed(rounds: int) -> int:
    """How many days `cost` loads."""
    return 1 + rounds * 2 * DAYS


def cost(config: Path, days: Sequence[date]) -> dict[str, Spent]:
    """Load days of the sandbox's one shard, some step by step and some by Luigi.

    Args:
        config: Luigi's configuration that leads to the sandbox.
        days: As many days as `days_needed` says, each with rows.

    Returns:
        What each step takes of a day, the median. Luigi's is what a day takes more
        when Luigi loads it, with one worker and a scheduler of its own.
    """
    luigi.configuration.add_config_path(str(config))
    options = read_settings()
    create_tables(options.warehouse, options.catalog.table(TABLE))
    _in_steps(options, days[0])  # so that everything is imported
    taken: list[Mapping[str, Spent]] = []
    by_luigi: list[Spent] = []
    for at in range(1, len(days), 2 * DAYS):
        taken += [_in_steps(options, day) for day in days[at : at + DAYS]]
        by_luigi.append(_by_luigi(days[at + DAYS : at + 2 * DAYS]))
    found = {step: _median([one[step] for one in taken]) for step in taken[0]}
    whole, known = _median(by_luigi), _median([_sum(one.values()) for one in taken])
    found[LUIGI] = Spent(whole.wall - known.wall, whole.cpu - known.cpu)
    return found


def _in_steps(options: Settings, day: date) -> Mapping[str, Spent]:
    """Load a day as the product does, by its own functions, a stopwatch about each."""
    clock = Steps()
    engine = etl_engine(options.sessions.database)
    asked = product.partition(options, day)
    with (
        clock.step("session log: two commits"),
        Session(engine, "bench", partition=asked) as session,
    ):
        session.rows = _transfer(clock, options, asked, session.id)
        session.outcome = Outcome.LOADED
    return clock.spent


def _transfer(clock: Steps, options: Settings, asked: Partition, etl_id: int) -> int:
    table, shard = asked.table, asked.shard
    span = Span.of(asked)
    encoders = DayEncoders(span, {asked.day: etl_id})
    server = options.servers[shard.server]
    with (
        clock.step("Vertica: see that the session lives"),
        connect_warehouse(options.warehouse, keep=True) as warehouse,
    ):
        markers = Markers(warehouse, options.warehouse.markers)
        with clock.step("marker: look for it"):
            markers.find(asked)
        with (
            clock.step("SQL Server: USE the database"),
            connect_source(server, shard) as source,
        ):
            with clock.step("compare columns"):
                compare_columns(source, span)
            rows = extract_encoded(source, span, options.load, encoders)
            stream = chain([encoders.header], clock.each(EXTRACT, rows))
            with clock.step("COPY, and ask what arrived"):
                copy_rows(warehouse, copy_statement(table), stream)
        with clock.step("marker: insert it"):
            markers.insert_all(span, encoders.markers)
        with clock.step("commit"):
            warehouse.commit()
    return encoders.rows


def _by_luigi(days: Sequence[date]) -> Spent:
    """What each of some days takes."""
    tasks = [LoadOrders.shard_task(date=day, shard=SHARD.name) for day in days]
    wall, cpu = time.perf_counter(), time.process_time()
    loaded = luigi.build(tasks, workers=1, local_scheduler=True, log_level="CRITICAL")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if not loaded:
        raise RuntimeError("Luigi did not load all days")
    return Spent(wall / len(days), cpu / len(days))


def _sum(several: Iterable[Spent]) -> Spent:
    each = list(several)
    return Spent(sum(one.wall for one in each), sum(one.cpu for one in each))


def _median(several: Sequence[Spent]) -> Spent:
    return Spent(median(s.wall for s in several), median(s.cpu for s in several))
