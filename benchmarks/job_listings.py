"""Listings of jobs where there is a year of them: what `shardline jobs list` asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pipelines.etl_db import database_time, jobs_table
from pipelines.jobs import JobFilter, JobState, SqlJobQueue


def job_listings(
    engine: sa.Engine, jobs: int, page: int
) -> Mapping[str, Callable[[], Sequence[object]]]:
    """What is asked, by what it is called, of so many jobs, some at a time."""
    queue = SqlJobQueue(engine)
    filters = {
        "newest": JobFilter(),
        "a page in the middle": JobFilter(before=jobs // 2),
        "failed": JobFilter(JobState.FAILED),
        "of one person": JobFilter(asker="user 7"),
        "of one person, verb and state, of which there are none": JobFilter(
            JobState.CANCELLED, "verb 1", "user 1"
        ),
    }

    def listing(wanted: JobFilter) -> Callable[[], Sequence[object]]:
        return lambda: queue.list(wanted, page)

    return {
        **{name: listing(wanted) for name, wanted in filters.items()},
        "one with its texts": lambda: [queue.show(jobs // 2)],
        "the figures for Prometheus": lambda: [queue.figures()],
    }


def fill_jobs(engine: sa.Engine, jobs: int) -> None:
    """Make jobs that are over: one in 50 failed, of 4 verbs and 40 people."""
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
