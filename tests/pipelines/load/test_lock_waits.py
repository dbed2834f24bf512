"""What a load holds in a shard while it waits for the warehouse."""

from __future__ import annotations

import re

from tests.kit.project import DAY, Project, finished, insert, orders
from tests.kit.steps import STEPS


def extracts(project: Project, pid: int) -> int:
    _, pattern = STEPS["extract"]
    found = project.sandbox.control.statements()
    return sum(
        one.client_pid == pid and bool(re.match(pattern, one.text)) for one in found
    )


def test_a_shard_is_asked_for_rows_only_once_the_warehouse_takes_them(
    project: Project,
) -> None:
    shard = project.loadable(300)
    control = project.sandbox.control
    control.start_log()
    process = project.start_load(paused=True)
    hold = project.hold(process, "copy", when="before")
    control.wait(hold)
    assert extracts(project, process.pid) == 0
    control.release("go", hold=hold)
    control.remove(hold)
    assert finished(process).code == 0
    assert extracts(project, process.pid) == 1
    control.stop_log()
    assert len(project.rows(shard)) == 300


def test_a_day_without_rows_is_skipped_all_the_same(project: Project) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(3, "2019-03-13"))
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    assert project.outcomes() == ["skipped"]
    assert project.rows(shard) == []
    assert [marker[2] for marker in project.markers()] == [0]
