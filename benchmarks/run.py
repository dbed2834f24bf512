"""All measurements, one after the other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from configparser import RawConfigParser
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks import backfill, day
from benchmarks.client import WAYS, in_fresh_process
from benchmarks.encode import Encoding, encode
from benchmarks.limits import limits
from benchmarks.listing import Listing, listing
from benchmarks.planning import Looking, planning
from benchmarks.product import SHARD, TABLE
from benchmarks.rounds import Comparison, compare
from benchmarks.servers import Key, Recording, record, serving
from benchmarks.steps import Spent
from sandbox.fill.requests import Days
from sandbox.process import SandboxProcess
from sandbox.shards import Shard, write_shards

WARM_UP = 100
"""Rows that each process loads before those that count."""

SMALL_DAY = 1_000
"""Rows of the day whose fixed cost is shown."""

YEAR_SHARDS = 20
"""Shards of the range of small days."""

PENDING_SHARDS = 150
"""Shards of the partitions that are to be loaded."""

BY_LUIGI = (1_000, 5_000, 10_000)
"""How many of them one `luigi.build` gets; beyond that it takes too long."""

FIRST = date(2019, 3, 11)

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Figures:
    """All that was measured.

    Attributes:
        rounds: How often each load was.
        comparisons: All ways, for each number of rows.
        encodings: The same between the drivers alone.
        small_day: What each step of a day of `SMALL_DAY` rows takes.
        received: Octets a row from SQL Server.
        limits: Octets a second of the machine.
        looking: What it costs to look at a year that is complete.
        pending: What many partitions cost Luigi.
        year: What days that are loaded together save.
        listing: How long listings of jobs take.
    """

    rounds: int
    comparisons: Sequence[Comparison]
    encodings: Sequence[Encoding]
    small_day: Mapping[str, Spent]
    received: float
    limits: Mapping[str, float]
    looking: Looking
    pending: Sequence[backfill.Pending]
    year: backfill.Year
    listing: Listing


def run(sizes: Sequence[int], rounds: int, days: int, tell: Tell) -> Figures:
    """Measure.

    Args:
        sizes: Numbers of rows to load.
        rounds: How often.
        days: How many days a backfill is measured over; once.
        tell: Is told what comes next.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shards = home / "shards.csv"
        write_shards(shards, [Shard(SHARD.server, SHARD.name)])
        with SandboxProcess(home, "--shards", str(shards)) as sandbox:
            tell(f"days of {SMALL_DAY:,} rows on the sandbox")
            small_day = _small_day(sandbox, home, shards, rounds)
            tell("looking at a year of 150 shards")
            looking = planning(_config(sandbox, home, {}), rounds)
            recordings = _record(sandbox, sizes, tell)
            pending = _pending(home, sandbox, days, tell)
        tell(f"{days} small days of {YEAR_SHARDS} shards")
        year = backfill.year(home, YEAR_SHARDS, days)
        tell(f"listing the jobs of {days} days")
        listed = listing(home, days, rounds)
    with serving(recordings) as places:
        comparisons = compare(places, WARM_UP, sizes, rounds, tell)
        encodings = []
        for rows in sizes:
            tell(f"encoding {rows:,} rows")
            place = places["tutorial", rows]
            encodings.append(in_fresh_process(encode, place, rounds))
    tell("the machine's limits")
    largest = recordings["product", max(sizes)]
    return Figures(
        rounds=rounds,
        comparisons=comparisons,
        encodings=encodings,
        small_day=small_day,
        received=largest.octets / largest.rows,
        limits=limits(),
        looking=looking,
        pending=pending,
        year=year,
        listing=listed,
    )


def _small_day(
    sandbox: SandboxProcess, home: Path, shards: Path, rounds: int
) -> dict[str, Spent]:
    path = _config(sandbox, home, {"shards": str(shards)})
    days = [FIRST + timedelta(days=at) for at in range(day.days_needed(rounds))]
    _fill(sandbox, days, SMALL_DAY)
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


def _record(
    sandbox: SandboxProcess, sizes: Sequence[int], tell: Tell
) -> dict[Key, Recording]:
    recordings: dict[Key, Recording] = {}
    server = sandbox.addresses.mssql[SHARD.server]
    for at, rows in enumerate((WARM_UP, *sizes), 1):
        tell(f"recording {rows:,} rows")
        of_size = FIRST - timedelta(days=at)
        _fill(sandbox, [of_size], rows)
        for way in WAYS:
            recordings[way, rows] = record(way, server, of_size, rows)
    return recordings


def _fill(sandbox: SandboxProcess, days: Sequence[date], rows: int) -> None:
    """Fill days, with another seed while one of them stays empty."""
    asked, seed, filled = Days(days[0], days[-1]), 0, 0
    while filled < len(days) * rows:
        seed += 1
        filled = sandbox.control.fill_samples(TABLE, asked, rows=rows, seed=seed).rows
