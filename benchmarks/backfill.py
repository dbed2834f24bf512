"""What many partitions cost Luigi, and what days that are loaded together save."""

from __future__ import annotations

import time
from collections.abc import Callable
from configparser import RawConfigParser
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import luigi
import luigi.configuration

from benchmarks.client import in_fresh_process
from benchmarks.steps import Spent
from pipelines.catalog import Partition
from pipelines.config import Settings, read_settings
from pipelines.planning import Selection, select
from pipelines.runs import (
    Load,
    LuigiOptions,
    RangeReport,
    Work,
    begin_run,
    do_work,
    find_work,
)
from pipelines.tasks import LoadShard
from pipelines.warehouse import cached_markers, create_tables
from sandbox.fill.requests import Days
from sandbox.process import SandboxProcess
from sandbox.shards import Shard, write_shards

TABLE = "orders"
FIRST = date(2018, 1, 1)
ROWS = 20
"""Rows of each of the small days."""

ALONE = 7
"""Most days that are loaded by a task each."""

HOW = LuigiOptions(workers=1, local_scheduler=True, verbose=False)

By = Literal["shardline", "luigi"]


@dataclass(frozen=True)
class Pending:
    """Partitions that are to be loaded, by loads that take no time.

    Attributes:
        by: Whether `shardline backfill` ran them, or one `luigi.build`.
        tasks: How many.
        spent: What all of them took.
    """

    by: By
    tasks: int
    spent: Spent


@dataclass(frozen=True)
class Year:
    """A range of small days in some shards.

    Attributes:
        shards: How many shards.
        days: How many days.
        together: What it took to load them, consecutive days together.
        alone_days: How many of them were loaded by a task a day, too.
        alone: What that took.
    """

    shards: int
    days: int
    together: Spent
    alone_days: int
    alone: Spent


def pending(home: Path, sandbox: SandboxProcess, by: By, tasks: int) -> Pending:
    """Run so many partitions of the packaged 150 shards."""
    config = _config(home, sandbox, "pending", group_days=1)
    return Pending(by, tasks, in_fresh_process(_run_pending, config, by, tasks))


def year(home: Path, shards: int, days: int) -> Year:
    """Load small days of some shards of a sandbox of their own, in both ways."""
    listed = home / "year.csv"
    write_shards(listed, [Shard(f"mssql_{at % 3}", f"s{at}") for at in range(shards)])
    alone_days = min(days, ALONE)
    with SandboxProcess(home / "year", "--shards", str(listed)) as sandbox:
        filled = Days(FIRST, _last(days))
        sandbox.control.fill_samples(TABLE, filled, rows=ROWS, seed=1)

        def load(name: str, days: int, group_days: int) -> Spent:
            config = _config(home, sandbox, name, group_days=group_days, shards=listed)
            return in_fresh_process(_run_year, config, _last(days))

        together, alone = load("together", days, 31), load("alone", alone_days, 1)
    return Year(shards, days, together, alone_days, alone)


def _last(days: int) -> date:
    return FIRST + timedelta(days=days - 1)


def _config(
    home: Path,
    sandbox: SandboxProcess,
    name: str,
    *,
    group_days: int,
    shards: Path | None = None,
) -> Path:
    """A configuration with targets of its own."""
    packaged = (
        files("pipelines.catalog.packaged").joinpath("tables.toml").read_text("utf-8")
    )
    tables = home / f"{name}.toml"
    tables.write_text(packaged.replace('"stage.', f'"{name}.'), encoding="utf-8")
    config = RawConfigParser()
    config.read(sandbox.luigi_cfg)
    config["sessions"] = {"database": f"sqlite:///{home / name}.db"}
    config["catalog"] = {"tables": str(tables)}
    if shards:
        config["catalog"]["shards"] = str(shards)
    config["load"] = {"group_days": str(group_days)}
    config.remove_section("alerts")  # what is measured are the loads
    path = home / f"{name}.cfg"
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return path


def _options(config: Path) -> Settings:
    luigi.configuration.add_config_path(str(config))
    options = read_settings()
    create_tables(options.warehouse, options.catalog.table(TABLE))
    begin_run(options)
    return options


def _run_pending(config: Path, by: By, tasks: int) -> Spent:
    options = _options(config)
    done: list[str] = []

    def run(task: LoadShard) -> None:
        done.append(task.task_id)
        table = options.catalog.table(task.table)
        shard = options.catalog.shard(task.shard)
        cached_markers(options.warehouse).add(Partition(table, shard, task.date))

    patch.object(LoadShard, "run", run).start()
    days = -(-tasks // len(options.catalog.shards))
    work = find_work(Load(), options.catalog.table(TABLE), _all(options, days), options)
    work = replace(work, spans=work.spans[:tasks])
    spent = _timed(lambda: _do(by, work, options))
    if len(set(done)) != tasks:
        raise RuntimeError(f"{len(set(done))} tasks of {tasks} were run")
    return spent


def _do(by: By, work: Work, options: Settings) -> None:
    if by == "shardline":
        do_work(work, options, HOW)
        return
    tasks = work.tasks(work.spans, prepared=True)
    luigi.build(tasks, workers=1, local_scheduler=True, log_level="CRITICAL")


def _run_year(config: Path, last: date) -> Spent:
    options = _options(config)
    selection = _all(options, (last - FIRST).days + 1)
    table = options.catalog.table(TABLE)
    report: list[RangeReport] = []

    def load() -> None:
        work = find_work(Load(), table, selection, options)
        report.append(do_work(work, options, HOW))

    spent = _timed(load)
    if report[0].missing or report[0].loaded + report[0].skipped != report[0].asked:
        raise RuntimeError(str(report[0]))
    return spent


def _all(options: Settings, days: int) -> Selection:
    return select(options.catalog, [TABLE], [], FIRST, _last(days))


def _timed(work: Callable[[], None]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)
