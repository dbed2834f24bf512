"""What it costs to look at a year of 150 shards that is complete: `shardline plan`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from statistics import median

import luigi.configuration

from benchmarks.client import in_fresh_process
from pipelines.catalog import Table
from pipelines.config import Settings, read_settings
from pipelines.warehouse import Markers, connect_warehouse, create_tables

TABLE = "orders"
FIRST, LAST = date(2019, 1, 1), date(2019, 12, 31)
DAYS = (LAST - FIRST).days + 1


MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""Runs a command, and writes its processor time and its peak memory in kB last.

In a small process of its own, since a process begins with the peak of its parent.
"""


@dataclass(frozen=True)
class Looking:
    """What looking costs; processor time in seconds.

    Attributes:
        markers: How many there are.
        query: Reading them, by one query, with the driver alone.
        nothing: The command's `--help`: Python, and what the command imports.
        plan: The command.
        peak: The most memory that the command's process had, in octets.
    """

    markers: int
    query: float
    nothing: float
    plan: float
    peak: int


def planning(config: Path, rounds: int) -> Looking:
    """Mark every day of a year for every shard of the packaged catalog, and plan it.

    Args:
        config: Luigi's configuration that leads to a sandbox; its catalog is the
            packaged one.
        rounds: How often each is measured.
    """
    markers = in_fresh_process(mark_all, config)
    plan = ("plan", "--tables", TABLE, "--from", str(FIRST), "--to", str(LAST))
    plans = [command(config, *plan) for _ in range(rounds)]
    helps = [command(config, "plan", "--help") for _ in range(rounds)]
    return Looking(
        markers=markers,
        query=median(in_fresh_process(read_all, config) for _ in range(rounds)),
        nothing=median(cpu for cpu, _ in helps),
        plan=median(cpu for cpu, _ in plans),
        peak=max(peak for _, peak in plans),
    )


def mark_all(config: Path) -> int:
    """Make all markers, as if every day had been loaded; return their number."""
    options, table = _opened(config)
    create_tables(options.warehouse, table)
    lines = list(_lines(table, options.catalog.shards))
    markers, _, name = options.warehouse.markers.partition(".")
    with connect_warehouse(options.warehouse) as connection:
        copy = f"COPY {markers}.{name} FROM STDIN DELIMITER '|' ABORT ON ERROR"
        connection.copy(copy, BytesIO("".join(lines).encode()))
        connection.commit()
    return len(lines)


def read_all(config: Path) -> float:
    """Read all markers by one query; the processor time that takes the client."""
    options, table = _opened(config)
    with connect_warehouse(options.warehouse) as connection:
        markers = Markers(connection, options.warehouse.markers)
        sql = markers.query(table, FIRST, LAST)
        before = time.process_time()
        for _ in connection.stream(sql):
            pass
        return time.process_time() - before


def command(config: Path, *arguments: str) -> tuple[float, int]:
    """Run `shardline`: the seconds of processor time and the octets that it took.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    shardline = [sys.executable, "-m", "pipelines", *arguments]
    measured = subprocess.run(  # noqa: S603 - our own interpreter and package
        [sys.executable, "-c", MEASURE, *shardline],
        env={**os.environ, "LUIGI_CONFIG_PATH": str(config)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    cpu, peak = measured.stderr.split()[-2:]
    return float(cpu), int(peak) * 1024


def _opened(config: Path) -> tuple[Settings, Table]:
    luigi.configuration.add_config_path(str(config))
    options = read_settings()
    return options, options.catalog.table(TABLE)


def _lines(table: Table, shards: Iterable[str]) -> Iterator[str]:
    for number, shard in enumerate(shards):
        for at in range(DAYS):
            key = f"{table.target}|{shard}|{FIRST + timedelta(days=at)}"
            ids = f"{2**62 + number * DAYS + at}|{1000 + at}|{2**61 + at * 77}"
            yield f"{key}|{ids}\n"
