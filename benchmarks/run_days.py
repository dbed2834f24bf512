"""What is measured of days, on the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from configparser import RawConfigParser
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks import backfill, day
from benchmarks.client import in_fresh_process
from benchmarks.planning import Looking, planning
from benchmarks.product import SHARD
from benchmarks.recordings import FIRST, fill
from benchmarks.small_days import ROWS, SmallDays, small_days
from benchmarks.steps import Spent
from sandbox.process import SandboxProcess
from sandbox.shards import Shard, write_shards

SMALL_DAY = 1_000
"""Rows of the day whose fixed cost is shown."""

PENDING_SHARDS = 150
"""Shards of the partitions that are to be loaded: those of the packaged catalog."""

BY_LUIGI = (1_000, 5_000, 10_000)
"""How many of them one `luigi.build` gets; beyond that it takes too long."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class DayFigures:
    """All that was measured of days.

    Attributes:
        small_day: What each step of a day of `SMALL_DAY` rows takes.
        small_days: What a run of many small days takes.
        looking: What it costs to look at a year that is complete.
        pending: What many partitions cost Luigi.
        year: What days that are loaded together save.
    """

    small_day: Mapping[str, Spent]
    small_days: SmallDays
    looking: Looking
    pending: Sequence[backfill.Pending]
    year: backfill.Year


def run_days(shards: int, days: int, rounds: int, home: Path, tell: Tell) -> DayFigures:
    """Measure.

    Args:
        shards: How many the runs and the year are of.
        days: How many days a backfill is measured over; once.
        rounds: How often everything else is; the runs half as often.
        home: A folder for it.
        tell: Is told what comes next.
    """
    listed = home / "shards.csv"
    write_shards(listed, [Shard(SHARD.server, SHARD.name)])
    with SandboxProcess(home / "days", "--shards", str(listed)) as sandbox:
        tell(f"days of {SMALL_DAY:,} rows on the sandbox")
        small_day = _small_day(sandbox, home, listed, rounds)
        tell(f"looking at a year of {PENDING_SHARDS} shards")
        looking = planning(_config(sandbox, home, {}), rounds)
        pending = _pending(home, sandbox, days, tell)
    tell(f"runs of {shards} shards with {ROWS} rows")
    runs = small_days(shards, ROWS, max(1, rounds // 2))
    tell(f"{days} small days of {shards} shards")
    return DayFigures(
        small_day=small_day,
        small_days=runs,
        looking=looking,
        pending=pending,
        year=backfill.year(home, shards, days),
    )


def _small_day(
    sandbox: SandboxProcess, home: Path, shards: Path, rounds: int
) -> dict[str, Spent]:
    path = _config(sandbox, home, {"shards": str(shards)})
    days = [FIRST + timedelta(days=at) for at in range(day.days_needed(rounds))]
    fill(sandbox, days, SMALL_DAY)
    return in_fresh_process(day.cost, path, days)


def _config(sandbox: SandboxProcess, home: Path, catalog: dict[str, str]) -> Path:
    """The sandbox's configuration, with a catalog, and a session log of its own."""
    config = RawConfigParser()
    config.read(sandbox.luigi_cfg)
    config["sessions"] = {"database": f"sqlite:///{home / 'sessions.db'}"}
    config["catalog"] = catalog
    config.remove_section("alerts")  # what is measured is the work
    path = home / "product.cfg"
    with path.open("w") as file:
        config.write(file)
    return path


def _pending(
    home: Path, sandbox: SandboxProcess, days: int, tell: Tell
) -> list[backfill.Pending]:
    """So many days of all shards, a few of them, and some by Luigi alone."""
    most = PENDING_SHARDS * days
    asked: list[tuple[backfill.By, int]] = [
        *(("luigi", tasks) for tasks in BY_LUIGI if tasks <= most),
        *(("shardline", tasks) for tasks in sorted({min(5_000, most), most})),
    ]
    found = []
    for by, tasks in asked:
        tell(f"{tasks:,} partitions by {by}")
        found.append(backfill.pending(home, sandbox, by, tasks))
    return found
