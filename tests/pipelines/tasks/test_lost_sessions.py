"""Sessions that a dead process left open."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from sandbox.holds import When
from tests.kit.project import DAY, Project, finished, insert, kill, orders


@pytest.fixture
def project(logged_project: Project) -> Project:
    return logged_project


def killed(project: Project, step: str, when: When) -> None:
    control = project.sandbox.control
    process = project.start_load(paused=True)
    hold = project.hold(process, step, when)
    control.wait(hold)
    kill(process)
    finished(process)
    control.release("kill", hold=hold)
    control.remove(hold)


def pretend(project: Project, sql: str) -> None:
    with project.log() as log:
        log.execute(sa.text(sql))


def test_plain_luigi_closes_them_too_even_if_nothing_is_left_to_do(
    project: Project,
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(10))
    killed(project, "commit", "after")
    assert project.outcomes() == [None]
    assert project.luigi("LoadOrders", "--date", DAY).code == 0
    assert project.outcomes() == ["loaded"]


def test_one_of_another_host_stays_open_until_its_day_has_a_marker(
    project: Project,
) -> None:
    first, second = project.add_shard("first"), project.add_shard("second")
    insert(project, first, orders(10))
    insert(project, second, orders(10))
    killed(project, "extract", "before")
    pretend(project, "UPDATE sessions SET host = 'elsewhere'")
    assert project.load(DAY, shards=["second"]).code == 0
    assert project.outcomes() == [None, "loaded"]
    assert project.load(DAY, shards=["first"]).code == 0
    assert project.load(DAY).code == 0
    assert project.outcomes() == ["lost", "loaded", "loaded"]


def test_one_whose_process_is_at_work_is_left_alone(project: Project) -> None:
    shard, other = project.add_shard("first"), project.add_shard("second")
    insert(project, shard, orders(10))
    control = project.sandbox.control
    process = project.start_load("--shard", "first", paused=True)
    hold = project.hold(process, "extract")
    control.wait(hold)
    assert project.load(DAY, shards=[other]).code == 0
    assert project.outcomes() == [None, "skipped"]
    control.release("go", hold=hold)
    assert finished(process).code == 0
    assert project.outcomes() == ["loaded", "skipped"]
