"""`shardline jobs`: what people see of jobs, and how they are worked on for real."""

from __future__ import annotations

import getpass
import json
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from pipelines.etl_db import etl_engine
from pipelines.jobs import JobState, Progress, SqlJobQueue, Wish
from tests.kit.project import DAY, Project, finished, insert, orders

WAIT = 60.0
QUICK = {"lease": "10", "beat": "0.2", "poll": "0.1", "backoff": "0.1"}


def jobs_of(project: Project) -> SqlJobQueue:
    return SqlJobQueue(etl_engine(SecretStr(project.etl_database)))


def wish(*words: str, asker: str = "anna") -> Wish:
    return Wish(words[0], words, " ".join(words), asker, "shell")


def load() -> Wish:
    return wish("run", "orders", "--date", DAY)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.05)


@pytest.fixture
def at(logged_project: Project) -> Project:
    logged_project.options["jobs"] = dict(QUICK)
    return logged_project


def test_a_job_is_carried_out_and_shown(at: Project) -> None:
    at.loadable(3)
    number = jobs_of(at).enqueue(load()).number
    waiting = at.run("shardline", "jobs", "list")
    assert f"#{number}\tqueued\t" in waiting.out
    assert f"\tanna\tshardline run orders --date {DAY}" in waiting.out
    worked = at.run("shardline", "jobs", "work", "--drain")
    assert (worked.code, worked.out) == (0, "")
    assert f"job {number}: succeeded (exit code 0)" in worked.told
    assert len(at.markers()) == 1
    shown = at.run("shardline", "jobs", "show", str(number))
    assert "state\tsucceeded\nverb\trun\n" in shown.out
    assert f"report:\norders {DAY}: 1 of 1 shards complete: 1 loaded" in shown.out
    fields = json.loads(at.run("shardline", "jobs", "show", str(number), "--json").out)
    assert (fields["done"], fields["total"], fields["rows"]) == (1, 1, 3)
    assert (fields["exit_code"], fields["attempt"]) == (0, 1)


def test_what_fails_and_may_pass_is_tried_again(at: Project) -> None:
    shard = at.add_shard(ddl="")
    at.create_target()
    number = jobs_of(at).enqueue(load()).number
    result = at.run("shardline", "jobs", "work", "--drain")
    assert result.code == 0
    job = jobs_of(at).show(number)
    assert (job.state, job.attempt, job.result.exit_code) == (JobState.FAILED, 3, 30)
    assert shard in job.result.log_tail
    listed = at.run("shardline", "jobs", "list", "--state", "failed", "--json")
    assert [one["number"] for one in json.loads(listed.out)] == [number]


def test_a_worker_and_its_job_end_in_order_and_the_next_one_goes_on(
    at: Project,
) -> None:
    at.loadable(3)
    number = jobs_of(at).enqueue(load()).number
    hold = at.sandbox.control.hold(f"^COPY .*{at.schema}", server="vertica")
    worker = at.start("shardline", "jobs", "work")
    at.sandbox.control.wait(hold)
    worker.terminate()
    assert finished(worker).code == 128 + signal.SIGTERM
    at.sandbox.control.remove(hold)
    job = jobs_of(at).show(number)
    assert (job.state, job.failures) == (JobState.QUEUED, 0)
    assert at.untold() == []
    assert at.run("shardline", "jobs", "work", "--drain").code == 0
    assert jobs_of(at).show(number).state is JobState.SUCCEEDED
    assert len(at.markers()) == 1


def test_it_is_seen_how_far_a_job_is(at: Project) -> None:
    for _ in range(3):
        insert(at, at.add_shard(), orders(4))
    at.create_target()
    number = jobs_of(at).enqueue(load()).number
    hold = at.sandbox.control.hold(f"^COPY .*{at.schema}", server="vertica", skip=2)
    worker = at.start("shardline", "jobs", "work", "--drain")
    at.sandbox.control.wait(hold)
    until(lambda: jobs_of(at).show(number).result.progress == Progress(2, 3, 8))
    listed = at.run("shardline", "jobs", "list").out
    assert "running" in listed
    assert listed.endswith("\t2 of 3\n")
    at.sandbox.control.remove(hold)
    assert finished(worker).code == 0
    assert jobs_of(at).show(number).result.progress == Progress(3, 3, 12)


def test_a_job_is_cancelled_from_the_shell(at: Project) -> None:
    at.loadable(3)
    number = jobs_of(at).enqueue(load()).number
    hold = at.sandbox.control.hold(f"^COPY .*{at.schema}", server="vertica")
    worker = at.start("shardline", "jobs", "work", "--drain")
    at.sandbox.control.wait(hold)
    told = at.run("shardline", "jobs", "cancel", str(number))
    assert (told.code, told.out) == (0, f"job {number} is told to end\n")
    assert finished(worker).code == 0
    at.sandbox.control.remove(hold)
    job = jobs_of(at).show(number)
    assert (job.state, job.result.exit_code) == (JobState.CANCELLED, 143)
    assert job.canceller == f"shell:{getpass.getuser()}"
    assert at.markers() == []
    again = at.run("shardline", "jobs", "retry", str(number))
    assert again.out == f"job {number} is queued\n"
    waiting = at.run("shardline", "jobs", "cancel", str(number))
    assert waiting.out == f"job {number} is cancelled\n"


@pytest.mark.parametrize("command", ["show", "cancel", "retry"])
def test_a_job_that_is_not_there_is_one_line(project: Project, command: str) -> None:
    result = project.run("shardline", "jobs", command, "77")
    assert result.code == 2
    assert result.told == ["shardline: there is no job 77; see `shardline jobs list`"]


def test_what_is_shown_of_a_job_has_nothing_hidden_in_it(project: Project) -> None:
    asked = wish("run", "orders\x1b[2J", "--shard", "\u202egnp", asker="a\nb")
    number = jobs_of(project).enqueue(asked).number
    for command in (("list",), ("show", str(number)), ("list", "--json")):
        out = project.run("shardline", "jobs", *command).out
        assert "\x1b" not in out
        assert "\u202e" not in out
    listed = project.run("shardline", "jobs", "list").out
    shown = r"shardline run 'orders\x1b[2J' --shard '\u202egnp'"
    assert f"a\\nb\t{shown}" in listed


def test_jobs_are_listed_page_by_page(project: Project) -> None:
    queue = jobs_of(project)
    numbers = [queue.enqueue(wish("run", str(at))).number for at in range(5)]

    def listed(*options: str) -> list[Any]:
        out = project.run("shardline", "jobs", "list", "--json", *options).out
        return [one["number"] for one in json.loads(out)]

    assert listed("--limit", "2") == numbers[:-3:-1]
    assert listed("--limit", "2", "--before", str(numbers[3])) == [
        numbers[2],
        numbers[1],
    ]
    assert listed("--asker", "boris") == []
    assert listed("--verb", "run", "--limit", "1") == [numbers[4]]
