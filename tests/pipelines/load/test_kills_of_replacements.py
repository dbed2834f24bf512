"""A reload or recheck killed at any statement leaves each day whole, and is told of."""

from __future__ import annotations

import signal

import pytest
import sqlalchemy as sa

from pipelines.etl_db import alerts_table, sessions_table
from sandbox.holds import When
from tests.kit.backfilling import backfill, command, filled, markers
from tests.kit.project import Project, finished, kill

CHANGED = {"2019-03-11": 5, "2019-03-14": 3_005}
"""A row of some days, which the source changes before each run."""


def change(project: Project, shard: str, value: int) -> None:
    for key in CHANGED.values():
        project.on_shard(
            shard, f"UPDATE dbo.Orders SET type = {value} WHERE id = {key}"
        )


def statements(project: Project, option: str) -> int:
    """How many statements reach the servers in such a run."""
    control = project.sandbox.control
    control.start_log()
    process = project.start(*command(option))
    assert finished(process).code == 0
    sent = [one for one in control.statements() if one.client_pid == process.pid]
    control.stop_log()
    return len(sent)


def killed_at(project: Project, at: int, when: When, option: str) -> None:
    """Kill such a run at one of its statements, by number from 0."""
    control = project.sandbox.control
    process = project.start(*command(option), paused=True)
    hold = control.hold(".", when=when, client_pid=process.pid, skip=at)
    process.resume()
    control.wait(hold)
    kill(process)
    assert finished(process).code == -signal.SIGKILL
    control.release("kill", hold=hold)
    control.remove(hold)


def values(project: Project) -> dict[str, tuple[int, int, int]]:
    """Of each day with rows its highest value, and how many rows and loads it has."""
    found = project.on_warehouse(
        "SELECT start_time::DATE, MAX(type), COUNT(*), COUNT(DISTINCT r.etl_id)"
        f" FROM {project.target} AS r JOIN stage.markers AS m"
        ' ON r.etl_id = m."etl_id" AND r.start_time::DATE = m."day" GROUP BY 1'
    )
    return {
        str(day): (int(str(value)), int(str(rows)), int(str(loads)))
        for day, value, rows, loads in found
    }


def untold(project: Project) -> list[object]:
    """The days of attempts that were lost, and of which the outbox knows nothing."""
    told = (
        sa.select(alerts_table.c.id)
        .where(
            alerts_table.c.day == sessions_table.c.day,
            alerts_table.c.shard == sessions_table.c.shard,
            alerts_table.c.happened >= sessions_table.c.started,
        )
        .exists()
    )
    lost = sa.select(sessions_table.c.day).where(
        sessions_table.c.outcome == "lost", ~told
    )
    with project.log() as connection:
        return list(connection.scalars(lost))


def loaded_shard(project: Project) -> str:
    shard = filled(project)
    assert backfill(project).code == 0
    return shard


def kills_go_well(
    project: Project, shard: str, option: str, places: list[tuple[int, When]]
) -> None:
    """Kill runs for new changes at these places; each is followed by a whole one."""
    counts = [row[2] for row in markers(project)]
    old = values(project)
    for value, (at, when) in enumerate(places, 100):
        change(project, shard, value)
        new = {
            day: (value if day in CHANGED else old[day][0], *old[day][1:])
            for day in old
        }
        killed_at(project, at, when, option)
        for day, found in values(project).items():
            assert found in {old[day], new[day]}, (at, when, day)
        assert [row[2] for row in markers(project)] == counts, (at, when)
        again = backfill(project, option)
        assert (again.code, again.err) == (0, ""), (at, when)
        assert values(project) == new, (at, when)
        assert [row[2] for row in markers(project)] == counts, (at, when)
        assert untold(project) == [], (at, when)
        old = new


@pytest.mark.parametrize("option", ["--reload", "--recheck"])
def test_killed_at_one_statement(project: Project, option: str) -> None:
    kills_go_well(project, loaded_shard(project), option, [(12, "after")])


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("option", ["--reload", "--recheck"])
def test_killed_before_and_after_each_statement(project: Project, option: str) -> None:
    shard = loaded_shard(project)
    change(project, shard, 99)
    count = statements(project, option)
    assert count > 15
    places: list[tuple[int, When]] = [
        (at, when) for at in range(count) for when in ("before", "after")
    ]
    kills_go_well(project, shard, option, places)
