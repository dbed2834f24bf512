"""Two loads of the same day at the same time."""

from __future__ import annotations

import pytest
from project import Project, finished, insert, orders
from steps import STEPS

DAY = "2019-03-14"


@pytest.mark.parametrize("first", [0, 1])
def test_both_held_after_copy_one_wins_and_the_other_sees_its_marker(
    project: Project, first: int
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(300))
    project.create_target()
    control = project.sandbox.control
    server, pattern = STEPS["copy"]
    hold = control.hold(
        f"{pattern}.*{project.schema}", when="after", server=server, times=2
    )
    loads = [
        project.start("shardline", "run", "orders", "--date", DAY) for _ in range(2)
    ]
    caught = control.wait(hold, count=2)
    assert {one.client_pid for one in caught} == {load.pid for load in loads}
    for one in (caught[first], caught[1 - first]):
        control.release("go", caught=one.id)
    results = [finished(load) for load in loads]
    control.remove(hold)
    assert [(result.code, result.err) for result in results] == [(0, "")] * 2
    assert len(project.rows(shard)) == 300
    assert [marker[2] for marker in project.markers()] == [300]
    assert sorted(project.outcomes()) == ["loaded", "present"]


def test_a_loser_waits_for_a_winner_that_has_its_marker_but_not_its_commit(
    project: Project,
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(300))
    project.create_target()
    control = project.sandbox.control
    winner = project.start("shardline", "run", "orders", "--date", DAY)
    commit = control.hold(STEPS["commit"][1], server="vertica", client_pid=winner.pid)
    control.wait(commit)
    loser = project.start("shardline", "run", "orders", "--date", DAY)
    marker = control.hold(
        STEPS["insert the marker"][1], server="vertica", client_pid=loser.pid
    )
    control.wait(marker)
    control.release("go", hold=marker)
    control.release("go", hold=commit)
    results = [finished(load) for load in (winner, loser)]
    assert [(result.code, result.err) for result in results] == [(0, "")] * 2
    assert len(project.rows(shard)) == 300
    assert project.outcomes() == ["loaded", "present"]


def test_a_winner_that_rolls_back_leaves_the_day_to_the_other(
    project: Project,
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(300))
    project.create_target()
    control = project.sandbox.control
    first = project.start("shardline", "run", "orders", "--date", DAY)
    commit = control.hold(STEPS["commit"][1], server="vertica", client_pid=first.pid)
    control.wait(commit)
    second = project.start("shardline", "run", "orders", "--date", DAY)
    marker = control.hold(
        STEPS["insert the marker"][1], server="vertica", client_pid=second.pid
    )
    control.wait(marker)
    control.release("go", hold=marker)
    first.kill()
    control.release("kill", hold=commit)
    finished(first)
    assert finished(second).code == 0
    assert len(project.rows(shard)) == 300
    assert project.outcomes()[1] == "loaded"
