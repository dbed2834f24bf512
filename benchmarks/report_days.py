"""The figures of days as tables."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.backfill import ROWS
from benchmarks.day import EXTRACT
from benchmarks.run_days import PENDING_SHARDS, SMALL_DAY, DayFigures
from benchmarks.sheets import Sheet
from benchmarks.small_days import ROWS as RUN_ROWS
from benchmarks.small_days import RUNS
from benchmarks.steps import Spent

MIB = 1 << 20


def sheets_of_days(figures: DayFigures) -> list[Sheet]:
    """All tables."""
    return [
        _small_day(figures),
        _small_days(figures),
        _pending(figures),
        _year(figures),
        _looking(figures),
    ]


def _small_day(figures: DayFigures) -> Sheet:
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


def _small_days(figures: DayFigures) -> Sheet:
    one = figures.small_days
    rows = [_of_each(run.title, one.middle(run), one.days) for run in RUNS]
    title = (
        f"A run of {one.days} shard-days of {RUN_ROWS} orders, and their calls and"
        " rates, on the sandbox, whose own time is in the wall"
    )
    return Sheet(title, ("shardline run", *_EACH), rows)


def _pending(figures: DayFigures) -> Sheet:
    rows = [
        _of_each(
            f"{'luigi.build' if one.by == 'luigi' else 'shardline backfill'},"
            f" {one.tasks:,}",
            one.spent,
            one.tasks,
        )
        for one in figures.pending
    ]
    title = (
        f"Partitions of {PENDING_SHARDS} shards whose load takes no time, one worker"
    )
    return Sheet(title, ("how many", *_EACH), rows)


def _year(figures: DayFigures) -> Sheet:
    year = figures.year
    rows = [
        _of_each(
            f"days together, {year.days} days",
            year.together,
            year.days * year.shards,
        ),
        _of_each(
            f"a task a day, {year.alone_days} days",
            year.alone,
            year.alone_days * year.shards,
        ),
    ]
    title = (
        f"Days of {ROWS} rows in {year.shards} shards on the sandbox, whose own time"
        " is in the wall, one worker"
    )
    return Sheet(title, ("shardline backfill", *_EACH), rows)


_EACH = ("wall, s", "client's CPU, s", "wall of each, ms", "CPU of each, ms")


def _of_each(title: str, spent: Spent, days: int) -> tuple[str, ...]:
    return (
        title,
        f"{spent.wall:,.1f}",
        f"{spent.cpu:,.1f}",
        f"{spent.wall / days * 1e3:.2f}",
        f"{spent.cpu / days * 1e3:.2f}",
    )


def _looking(figures: DayFigures) -> Sheet:
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
