"""The figures as tables, for a terminal and for a document."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from os import sched_getaffinity
from pathlib import Path

from rich.table import Table

from benchmarks.backfill import ROWS
from benchmarks.client import WAYS
from benchmarks.day import EXTRACT
from benchmarks.encode import ENCODE, HASH, PANDAS_HASH, TRANSFORM
from benchmarks.rounds import Figure
from benchmarks.run import SMALL_DAY, Figures
from benchmarks.steps import Spent

MIB, GIB = 1 << 20, 1 << 30


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: What it shows, and what is counted.
        head: The columns' titles; all but the first hold numbers.
        rows: The cells.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def rich(self) -> Table:
        """For a terminal."""
        table = Table(title=self.title, title_justify="left")
        for at, title in enumerate(self.head):
            table.add_column(title, justify="right" if at else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For a document."""
        ruler = ["---", *["---:"] * (len(self.head) - 1)]
        lines = (f"| {' | '.join(row)} |" for row in (self.head, ruler, *self.rows))
        return f"{self.title}:\n\n" + "\n".join(lines) + "\n"


def sheets(figures: Figures) -> list[Sheet]:
    """All tables."""
    return [
        _end_to_end(figures),
        _encoding(figures),
        _small_day(figures),
        _pending(figures),
        _year(figures),
        _looking(figures),
        _listing(figures),
        _limits(figures),
    ]


def machine(figures: Figures) -> str:
    """Where, when and with what it was measured, in one line."""
    packages = ("pandas", "pymssql", "vertica-python")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()},"
        f" {len(sched_getaffinity(0))} cores, Python {platform.python_version()},"
        f" {versions}; medians, rounds: {figures.rounds}"
    )


def _end_to_end(figures: Figures) -> Sheet:
    head = (
        *("rows", "of the client's process", "tutorial", "shardline's tuples"),
        *("shardline", "tutorial, times", "tuples, times"),
    )
    rows = []
    for one in figures.comparisons:
        shown: tuple[tuple[Figure, str, float], ...] = (
            ("cpu", "CPU, ns a row", 1e9 / one.rows),
            ("wall", "time, ns a row", 1e9 / one.rows),
            ("peak", "peak memory, MiB", 1 / MIB),
        )
        for figure, title, scale in shown:
            each = (f"{one.median(way, figure) * scale:,.0f}" for way in WAYS)
            times = (f"{one.ratio(way, figure):.2f}" for way in WAYS[:-1])
            rows.append((f"{one.rows:,}", title, *each, *times))
    return Sheet("End to end: connect, read, encode, COPY, commit", head, rows)


def _encoding(figures: Figures) -> Sheet:
    every = figures.encodings
    rows = [
        (step, *(f"{one.each(step):,.1f}" for one in every))
        for step in (*TRANSFORM, ENCODE)
    ]
    rows.append(("times", *(f"{one.ratio(TRANSFORM, ENCODE):.1f}" for one in every)))
    rows += [
        (step, *(f"{one.each(step):,.1f}" for one in every))
        for step in (PANDAS_HASH, HASH)
    ]
    head = ("CPU, ns a row", *(f"{one.rows:,} rows" for one in every))
    return Sheet("Between the drivers, from the same tuples", head, rows)


def _small_day(figures: Figures) -> Sheet:
    def cells(title: str, spent: Iterable[Spent]) -> tuple[str, str, str]:
        each = list(spent)
        wall, cpu = sum(one.wall for one in each), sum(one.cpu for one in each)
        return title, f"{wall * 1e3:.1f}", f"{cpu * 1e3:.1f}"

    steps = figures.small_day
    fixed = [spent for step, spent in steps.items() if step != EXTRACT]
    rows = [cells(step, [spent]) for step, spent in steps.items()]
    rows.append(cells(f"all but {EXTRACT}", fixed))
    title = f"A day of {SMALL_DAY:,} rows on the sandbox, whose own time is in the wall"
    return Sheet(title, ("step", "wall, ms", "client's CPU, ms"), rows)


def _looking(figures: Figures) -> Sheet:
    one = figures.looking
    rows = [
        ("read the markers with the driver alone", f"{one.query:.2f}"),
        ("shardline plan --help: start, and imports", f"{one.nothing:.2f}"),
        ("shardline plan", f"{one.plan:.2f}"),
        ("shardline plan, without the query", f"{one.plan - one.query:.2f}"),
        ("peak memory, MiB", f"{one.peak / MIB:,.0f}"),
    ]
    title = f"Looking at a complete year of 150 shards, {one.markers:,} markers"
    return Sheet(title, ("", "CPU, s"), rows)


def _listing(figures: Figures) -> Sheet:
    one = figures.listing
    rows = [(what, f"{seconds * 1e3:,.1f}") for what, seconds in one.seconds.items()]
    title = f"Jobs, of which an SQLite file has {one.jobs:,}"
    return Sheet(title, ("asked for", "time, ms"), rows)


def _pending(figures: Figures) -> Sheet:
    rows = [
        (
            "luigi.build" if one.by == "luigi" else "shardline backfill",
            f"{one.tasks:,}",
            f"{one.spent.wall:,.1f}",
            f"{one.spent.wall / one.tasks * 1e3:.2f}",
            f"{one.spent.cpu / one.tasks * 1e3:.2f}",
        )
        for one in figures.pending
    ]
    head = ("", "partitions", "wall, s", "wall of each, ms", "CPU of each, ms")
    return Sheet("Partitions whose load takes no time, one worker", head, rows)


def _year(figures: Figures) -> Sheet:
    year = figures.year
    ways = {"a task a day": year.alone, "days together": year.together}
    rows = [
        (way, f"{spent.wall:,.1f}", f"{spent.cpu:,.1f}") for way, spent in ways.items()
    ]
    wall = year.alone.wall / year.together.wall
    cpu = year.alone.cpu / year.together.cpu
    rows.append(("times", f"{wall:.1f}", f"{cpu:.1f}"))
    title = (
        f"{year.days:,} days of {ROWS} rows in {year.shards} shards on the sandbox,"
        " whose own time is in the wall"
    )
    return Sheet(title, ("one worker", "wall, s", "client's CPU, s"), rows)


def _limits(figures: Figures) -> Sheet:
    last = figures.encodings[-1]
    octets = figures.received + last.native / last.rows
    rows = [
        (what, f"{speed / GIB:.2f}", f"{octets / speed * 1e9:,.1f}")
        for what, speed in figures.limits.items()
    ]
    title = (
        f"The machine: a row is {figures.received:.0f} octets from SQL Server and"
        f" {last.native / last.rows:.0f} to Vertica, the tutorial's"
        f" {last.csv / last.rows:.0f}"
    )
    return Sheet(title, ("", "GiB/s", "ns for shardline's row"), rows)


def _processor() -> str:
    """The processor's name in /proc/cpuinfo, where there is one."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
