"""A range of days of some shards, and what has become of it in the warehouse."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from _pytest.mark import ParameterSet

from sandbox.holds import When
from tests.kit.project import Project, Result, finished, insert, kill, orders

FIRST, LAST = "2019-03-11", "2019-03-15"
DAYS = [f"2019-03-{day}" for day in range(11, 16)]
ROWS = [40, 0, 7, 300, 1]


def backfill(project: Project, *options: str) -> Result:
    return project.run(*command(*options))


def command(*options: str) -> tuple[str, ...]:
    return "shardline", "backfill", "--from", FIRST, "--to", LAST, *options


def filled(project: Project, rows: Sequence[int] = ROWS) -> str:
    """A shard with some orders on each of the days."""
    shard = project.add_shard()
    for at, (day, count) in enumerate(zip(DAYS, rows, strict=True)):
        if count:
            insert(project, shard, orders(count, day, first=1_000 * at))
    return shard


def markers(project: Project) -> list[list[object]]:
    """Source, day, rows and checksum of all markers."""
    return project.on_warehouse(
        'SELECT "source", "day", "rows", "checksum" FROM stage.markers'
        f" WHERE \"target_table\" = '{project.target}' ORDER BY 1, 2"
    )


def loaded(project: Project) -> list[list[object]]:
    """All columns that do not name the session, of all rows."""
    return project.on_warehouse(
        "SELECT id, start_time, end_time, type, data, etl_source, hash_id"
        f" FROM {project.target} ORDER BY etl_source, id"
    )


def killed_at(project: Project, step: str, when: When, *options: str) -> None:
    """Kill a backfill at a statement, before the server has it or after."""
    control = project.sandbox.control
    process = project.start(*command(*options), paused=True)
    hold = control.hold(f"^{step}", when=when, server="vertica", client_pid=process.pid)
    process.resume()
    control.wait(hold)
    kill(process)
    finished(process)
    control.release("kill", hold=hold)
    control.remove(hold)


def kills(steps: Sequence[str]) -> list[ParameterSet]:
    """Before and after each of some statements; most of them in the long tests."""
    short = [(steps[-1], "after")]
    every = [(step, when) for step in steps for when in ("before", "after")]
    return [
        pytest.param(*one, marks=() if one in short else pytest.mark.long)
        for one in every
    ]
