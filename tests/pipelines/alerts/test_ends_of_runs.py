"""However a run ends, nothing that failed in it waits for another attempt."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from pipelines.alerts import Event
from pipelines.etl_db import alerts_table, as_utc
from tests.kit.commands import Process, wait_for
from tests.kit.project import DAY, Project, finished

RUN = f"""
import os, random, signal, sys
from luigi.cmdline import luigi_run
from pipelines.__main__ import main
from pipelines.errors import TransientError
from pipelines.orders import LoadOrdersShard

def out_of_memory(self):
    os.kill(os.getpid(), signal.SIGKILL)

def away(self):
    raise TransientError("the server is away", step="wait for it")

def fail(*_):
    raise RuntimeError("nothing of a run expects this")

LoadOrdersShard.run = {{"killed": out_of_memory}}.get(sys.argv[1], away)
if sys.argv[1] == "defect":
    random.uniform = fail
if sys.argv[2] == "luigi":
    luigi_run([*sys.argv[3:], "LoadOrders", "--date", "{DAY}"])
sys.argv = ["shardline", "run", "orders", "--date", "{DAY}", *sys.argv[2:]]
main()
"""


def started(project: Project, how: str, *options: str) -> Process:
    project.add_shard("first")
    project.create_target()
    (project.folder / "run.py").write_text(RUN, encoding="utf-8")
    return project.start("python", "run.py", how, *(options or ("--verbose",)))


def counting(project: Project) -> list[tuple[str, bool]]:
    """The event of each row of the outbox, and whether it counts by now."""
    query = sa.select(alerts_table.c.event, alerts_table.c.due)
    with project.log() as log:
        return [
            (event, as_utc(due) <= datetime.now(UTC))
            for event, due in log.execute(query)
        ]


@pytest.fixture
def project(logged_project: Project) -> Project:
    logged_project.options["run"] = {"retries": "1", "retry_pause": "0.1"}
    return logged_project


def test_a_child_that_is_killed_in_each_round_is_told(project: Project) -> None:
    assert finished(started(project, "killed", "--workers", "2")).code == 30
    assert counting(project) == [(Event.PROCESS_FAILURE, True)]


def test_a_child_that_is_killed_in_each_attempt_of_luigis_is_told(
    project: Project,
) -> None:
    project.options["worker"] = {"keep_alive": "true", "wait_interval": "0.1"}
    project.options["scheduler"] = {"retry_count": "2", "retry_delay": "0.1"}
    words = ("luigi", "--module", "pipelines.orders", "--local-scheduler")
    process = started(project, "killed", *words, "--workers", "2")
    assert finished(process).code == 30
    assert counting(project) == [(Event.PROCESS_FAILURE, True)]


def test_what_had_failed_before_a_defect_ended_the_run_is_told(
    project: Project,
) -> None:
    assert finished(started(project, "defect")).code == 40
    assert counting(project) == [(Event.FAILURE, True)]


def test_what_was_to_be_tried_again_when_the_run_was_told_to_end_is_told(
    project: Project,
) -> None:
    project.options["run"]["retry_pause"] = "600"
    process = started(project, "away")
    wait_for(process, "tried again in")
    process.send_signal(signal.SIGTERM)
    assert finished(process).code == 143
    assert counting(project) == [(Event.FAILURE, True)]
