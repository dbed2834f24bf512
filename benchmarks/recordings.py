"""What the sandbox's SQL Server answers to each load, for servers that replay it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from benchmarks import sink, tds
from benchmarks.loads import RECORDED, Load, Place
from benchmarks.packets import Answer, repeated
from benchmarks.product import SHARD, TABLE
from benchmarks.ways.choice import loader
from sandbox.fill.requests import Days
from sandbox.process import SandboxProcess

FIRST = date(2019, 3, 11)
EMPTY = date(2018, 1, 1)


@dataclass(frozen=True)
class Recording:
    """What a SQL Server answers to the load of one day.

    Attributes:
        day: The day.
        rows: How many rows it has.
        answers: What follows each message of the client's.
    """

    day: date
    rows: int
    answers: Sequence[Answer]

    @property
    def octets(self) -> int:
        """How many octets they are in all."""
        return sum(len(octets) for answer in self.answers for octets in answer)


def record_all(
    sandbox: SandboxProcess, loads: Iterable[Load], tell: Callable[[str], None]
) -> dict[Load, Recording]:
    """Record each load, those within TLS without it.

    Args:
        sandbox: With one shard.
        loads: What to record.
        tell: Is told what comes next.
    """
    source = sandbox.addresses.mssql[SHARD.server]
    days: dict[int, date] = {}
    recordings = {}
    for load in {replace(load, tls=False): None for load in loads}:
        times = max(1, load.rows // RECORDED)
        rows = load.rows // times
        if rows not in days:
            days[rows] = FIRST - timedelta(days=len(days))
            fill(sandbox, [days[rows]], rows)
        tell(f"recording {rows:,} rows of {load.table}, {load.way}")
        answers: list[Answer] = [
            [one] for one in _record(load, source, days[rows], rows)
        ]
        if times > 1:
            none = _record(load, source, EMPTY, 0)
            answers = _repeated(answers, none, times)
        recordings[load] = Recording(days[rows], rows * times, answers)
    return recordings


def _record(load: Load, server: tuple[str, int], day: date, rows: int) -> list[bytes]:
    """Record a load from a SQL Server that has the rows; nobody keeps them."""
    answers: list[bytearray] = []
    with tds.recording(server, answers) as source, sink.swallowing(rows) as warehouse:
        loaded = loader(load.way)(Place(load.table, day, rows, source, warehouse))
    if loaded != rows:
        raise RuntimeError(f"{load}: {loaded} rows of {rows} were recorded")
    return [bytes(answer) for answer in answers]


def _repeated(
    answers: Sequence[Answer], none: Sequence[bytes], times: int
) -> list[Answer]:
    """The answers with all rows of the longest among them so many times."""
    at = max(range(len(answers)), key=lambda at: len(answers[at][0]))
    made = list(answers)
    made[at] = repeated(answers[at][0], none[at], times)
    return made


def fill(sandbox: SandboxProcess, days: Sequence[date], rows: int) -> None:
    """Fill days, with another seed while one of them stays empty."""
    asked, seed, filled = Days(days[0], days[-1]), 0, 0
    while filled < len(days) * rows:
        seed += 1
        filled = sandbox.control.fill_samples(TABLE, asked, rows=rows, seed=seed).rows
