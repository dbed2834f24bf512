"""Two loads of the same day at the same time."""

from __future__ import annotations

import pytest

from tests.kit.project import Project, finished, kill


@pytest.fixture
def project(logged_project: Project) -> Project:
    return logged_project


@pytest.mark.parametrize("first", [0, 1])
def test_both_held_after_copy_one_wins_and_the_other_sees_its_marker(
    project: Project, first: int
) -> None:
    shard = project.loadable(300)
    control = project.sandbox.control
    loads = [project.start_load(paused=True) for _ in range(2)]
    holds = [project.hold(load, "copy", when="after") for load in loads]
    for hold in holds:
        control.wait(hold)
    for hold in (holds[first], holds[1 - first]):
        control.release("go", hold=hold)
        control.remove(hold)
    results = [finished(load) for load in loads]
    assert [(result.code, result.err) for result in results] == [(0, "")] * 2
    assert len(project.rows(shard)) == 300
    assert [marker[2] for marker in project.markers()] == [300]
    assert sorted(str(outcome) for outcome in project.outcomes()) == [
        "loaded",
        "present",
    ]


def test_a_loser_waits_for_a_winner_that_has_its_marker_but_not_its_commit(
    project: Project,
) -> None:
    shard = project.loadable(300)
    control = project.sandbox.control
    winner = project.start_load(paused=True)
    commit = project.hold(winner, "commit")
    control.wait(commit)
    loser = project.start_load(paused=True)
    marker = project.hold(loser, "insert the marker")
    control.wait(marker)
    control.release("go", hold=marker)
    control.release("go", hold=commit)
    results = [finished(load) for load in (winner, loser)]
    assert [(result.code, result.err) for result in results] == [(0, "")] * 2
    assert len(project.rows(shard)) == 300
    assert project.outcomes() == ["loaded", "present"]


def test_a_winner_that_dies_leaves_the_day_to_the_other(project: Project) -> None:
    shard = project.loadable(300)
    control = project.sandbox.control
    first = project.start_load(paused=True)
    commit = project.hold(first, "commit")
    control.wait(commit)
    second = project.start_load(paused=True)
    marker = project.hold(second, "insert the marker")
    control.wait(marker)
    control.release("go", hold=marker)
    kill(first)
    control.release("kill", hold=commit)
    finished(first)
    assert finished(second).code == 0
    assert len(project.rows(shard)) == 300
    assert project.outcomes()[1] == "loaded"
