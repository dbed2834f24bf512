"""luigid's page tells how a running load goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from luigi.rpc import RemoteScheduler

from sandbox.luigid import Luigid
from tests.kit.project import DAY, Project, finished, insert, orders


@pytest.fixture
def luigid(tmp_path: Path) -> Iterator[Luigid]:
    with Luigid(tmp_path / "luigid") as running:
        yield running


@pytest.fixture
def scheduled(project: Project, luigid: Luigid) -> Project:
    project.options["core"] = {
        "scheduler_host": luigid.address.host,
        "scheduler_port": str(luigid.address.port),
    }
    project.options["load"] = {"rows": "tuples", "batch_rows": "100"}
    return project


def tasks(luigid: Luigid, status: str) -> dict[str, Any]:
    """What the page shows of the tasks in a status, by their families."""
    address = luigid.address
    answer = RemoteScheduler(f"http://{address.host}:{address.port}").task_list(
        status, ""
    )
    return {task["name"]: task for task in answer.values()}


@pytest.mark.long
def test_rows_rate_and_how_far_a_running_load_is(
    scheduled: Project, luigid: Luigid
) -> None:
    shard = scheduled.add_shard()
    insert(scheduled, shard, orders(200, "2019-03-13"))
    insert(scheduled, shard, orders(200, first=1_001))
    assert scheduled.load("2019-03-13").code == 0
    process = scheduled.start_load(paused=True)
    hold = scheduled.hold(process, "count")
    scheduled.sandbox.control.wait(hold)
    deadline = time.monotonic() + 60
    while (task := tasks(luigid, "RUNNING")["LoadOrdersShard"])[
        "progress_percentage"
    ] is None and time.monotonic() < deadline:
        pass
    scheduled.sandbox.control.release("go", hold=hold)
    assert finished(process).code == 0
    assert task["status_message"].startswith("200 rows, ")
    assert task["status_message"].endswith(" rows/s")
    assert task["progress_percentage"] == 99


def test_what_has_ended_keeps_its_last_message(
    scheduled: Project, luigid: Luigid
) -> None:
    shard = scheduled.add_shard()
    insert(scheduled, shard, orders(3))
    assert scheduled.load(DAY).code == 0
    task = tasks(luigid, "DONE")["LoadOrdersShard"]
    assert task["status_message"].startswith("3 rows, ")
