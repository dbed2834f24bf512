"""How long a listing of jobs takes when there are many: `shardline jobs list`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.etl_db import database_time, etl_engine, jobs_table
from pipelines.jobs import JobFilter, JobState, SqlJobQueue

JOBS_A_DAY = 2_740
"""A million a year."""

PAGE = 20
"""How many jobs a listing has."""


@dataclass(frozen=True)
class Listing:
    """What looking at many jobs takes.

    Attributes:
        jobs: How many there are.
        seconds: By what is asked for, the median.
    """

    jobs: int
    seconds: dict[str, float]


def listing(home: Path, days: int, rounds: int) -> Listing:
    """Fill an SQLite file with jobs that are over, and list some of them.

    Args:
        home: A folder for the file.
        days: How many days' jobs there are.
        rounds: How often each is asked for.
    """
    engine = etl_engine(SecretStr(f"sqlite:///{home / 'jobs.db'}"))
    jobs = days * JOBS_A_DAY
    _fill(engine, jobs)
    queue = SqlJobQueue(engine)
    asked: dict[str, Callable[[], object]] = {
        "the newest": lambda: queue.list(JobFilter(), PAGE),
        "a page in the middle": lambda: queue.list(JobFilter(before=jobs // 2), PAGE),
        "those that failed": lambda: queue.list(JobFilter(JobState.FAILED), PAGE),
        "somebody's": lambda: queue.list(JobFilter(asker="user 7"), PAGE),
        "somebody's of a verb and a state, of which there are none": lambda: queue.list(
            JobFilter(JobState.CANCELLED, "verb 1", "user 1"), PAGE
        ),
        "one with its texts": lambda: queue.show(jobs // 2),
        "the figures for Prometheus": queue.figures,
    }
    found = {
        what: median(_seconds(ask) for _ in range(rounds))
        for what, ask in asked.items()
    }
    engine.dispose()
    return Listing(jobs, found)


def _seconds(ask: Callable[[], object]) -> float:
    before = time.perf_counter()
    ask()
    return time.perf_counter() - before


def _fill(engine: sa.Engine, jobs: int) -> None:
    """Make them by one statement: one in 50 failed, of 4 verbs and 40 people."""
    first = sa.select(sa.literal(0).label("at")).cte("numbers", recursive=True)
    numbers = first.union_all(sa.select(first.c.at + 1).where(first.c.at + 1 < jobs))
    at, now = numbers.c.at, database_time(engine)

    def named(name: str, count: int) -> sa.ColumnElement[str]:
        return sa.literal(name) + sa.cast(at % count, sa.String)

    state = sa.case(
        (at % 50 == 0, JobState.FAILED.value), else_=JobState.SUCCEEDED.value
    )
    values: dict[str, sa.ColumnElement[Any]] = {
        "verb": named("verb ", 4),
        "asker": named("user ", 40),
        "key": named("key ", jobs),
        "state": state,
        **{name: sa.literal("[]") for name in ("arguments", "words", "servers")},
        **{name: sa.literal("x" * 500) for name in ("report", "log_tail")},
        **{name: sa.literal(3) for name in ("attempts", "done", "total", "rows")},
        **{name: sa.literal(0) for name in ("priority", "attempt", "failures")},
        "origin": sa.literal("shell"),
        "created": now,
        "finished": now,
    }
    chosen = sa.select(*values.values())
    with engine.begin() as connection:
        connection.execute(sa.insert(jobs_table).from_select([*values], chosen))
