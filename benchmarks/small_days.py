"""What a run of many small days costs, through the command `shardline run`.

Runnable alone, as `python -m benchmarks.small_days`, and of this folder in need of
little: so a copy of this file measures another checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from configparser import RawConfigParser
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import click

from benchmarks.steps import Spent
from pipelines.text import Console
from sandbox.fill.requests import Days
from sandbox.fill.tables import TABLES
from sandbox.process import SandboxProcess
from sandbox.shards import Shard, write_shards

FIRST = date(2019, 3, 11)
SHARDS = 150
ROWS = 200
"""Orders of a shard and day; calls and rates are fewer."""


@dataclass(frozen=True)
class Run:
    """How the days are loaded.

    Attributes:
        workers: How many work at a time.
        luigid: Whether a luigid schedules them, not the run itself.
    """

    workers: int
    luigid: bool

    @property
    def title(self) -> str:
        """What it is called in a table."""
        workers = "one worker" if self.workers == 1 else f"{self.workers} workers"
        return f"{workers}, {'luigid' if self.luigid else 'scheduler of its own'}"


RUNS = (Run(2, True), Run(1, True), Run(2, False), Run(1, False))


@dataclass(frozen=True)
class SmallDays:
    """What runs took.

    Attributes:
        days: Shard-days of a run: a day of each table and shard.
        spent: What each run took, round by round.
    """

    days: int
    spent: dict[Run, list[Spent]] = field(default_factory=dict)

    def middle(self, run: Run) -> Spent:
        """What a run took, the median."""
        spent = self.spent[run]
        return Spent(median(s.wall for s in spent), median(s.cpu for s in spent))


def small_days(shards: int, rows: int, rounds: int) -> SmallDays:
    """Load a day of all tables and shards by each kind of run.

    Args:
        shards: How many shards there are.
        rows: Orders of each on a day.
        rounds: How often each run is measured, each time on a day of its own.
    """
    found = SmallDays(shards * len(TABLES), {run: [] for run in RUNS})
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        listed = home / "shards.csv"
        write_shards(
            listed, [Shard(f"mssql_{at % 3}", f"s{at}") for at in range(shards)]
        )
        options = ("--luigid", "--luigid-port", "0", "--shards", str(listed))
        with SandboxProcess(home / "sandbox", *options) as sandbox:
            config = _config(home, sandbox, listed)
            last = FIRST + timedelta(days=len(RUNS) * rounds)
            for table in TABLES:
                sandbox.control.fill_samples(
                    table, Days(FIRST, last), rows=rows, seed=1
                )
            _run(config, FIRST, RUNS[0])  # makes the targets
            for at in range(len(RUNS) * rounds):
                run = RUNS[at % len(RUNS)]
                spent = _run(config, FIRST + timedelta(days=at + 1), run)
                found.spent[run].append(spent)
    return found


def _config(home: Path, sandbox: SandboxProcess, shards: Path) -> Path:
    config = RawConfigParser()
    config.read(sandbox.luigi_cfg)
    config["sessions"] = {"database": f"sqlite:///{home / 'sessions.db'}"}
    config["catalog"] = {"shards": str(shards)}
    config.remove_section("alerts")  # what is measured is the work
    path = home / "product.cfg"
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return path


def _run(config: Path, day: date, run: Run) -> Spent:
    scheduler = [] if run.luigid else ["--local-scheduler"]
    arguments = ["run", "all", "--date", str(day), "--workers", str(run.workers)]
    return _timed(config, [*arguments, *scheduler])


def _timed(config: Path, arguments: Sequence[str]) -> Spent:
    """Run `shardline`, and tell what its process and all below it took.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    command = [sys.executable, "-m", "pipelines", *arguments]
    began = time.perf_counter()
    output = config.with_suffix(".out")
    with output.open("wb") as file:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and package
            command,
            env={**os.environ, "LUIGI_CONFIG_PATH": str(config)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        said = output.read_text(encoding="utf-8", errors="replace")
        raise subprocess.CalledProcessError(child.returncode, command, said)
    return Spent(time.perf_counter() - began, used.ru_utime + used.ru_stime)


@click.command()
@click.option("--shards", type=click.IntRange(1), default=SHARDS, show_default=True)
@click.option("--rows", type=click.IntRange(1), default=ROWS, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=1, show_default=True)
def main(shards: int, rows: int, rounds: int) -> None:
    """Measure runs of small days, a day of three tables in each shard."""
    found = small_days(shards, rows, rounds)
    console = Console()
    for run in RUNS:
        spent = found.middle(run)
        console.print(
            f"{run.title}: {found.days} shard-days in {spent.wall:.1f} s;"
            f" client's CPU {spent.cpu:.1f} s,"
            f" {spent.cpu / found.days * 1e3:.1f} ms each",
            soft_wrap=True,
        )


if __name__ == "__main__":
    main()
