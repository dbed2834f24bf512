"""A schedule's run and a job of the same days: each ends, and a day is loaded once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipelines.etl_db import etl_engine
from pipelines.jobs import Job, JobState, SqlJobQueue, Wish
from sandbox.luigid import Luigid
from tests.kit.commands import Process, wait_for
from tests.kit.project import DAY, Project, finished, kill
from tests.kit.steps import STEPS

ROWS = 30
WAIT = 100.0
WORK = ("shardline", "jobs", "work", "--drain")


class Scene:
    """A project with a day to be loaded, by a run and by a job."""

    def __init__(self, project: Project) -> None:
        project.options["jobs"] = {
            "lease": "10",
            "beat": "0.2",
            "poll": "0.1",
            "backoff": "0.2",
        }
        self.project = project
        self.shard = project.loadable(ROWS)
        self.queue = SqlJobQueue(etl_engine(SecretStr(project.etl_database)))
        words = ("run", "orders", "--date", DAY)
        wish = Wish("run", words, "load", "anna", "shell", attempts=2)
        self.number = self.queue.enqueue(wish).number

    def job(self) -> Job:
        return self.queue.show(self.number)

    def held(self, step: str, start: Callable[[], Process]) -> tuple[Process, int]:
        """What is first, when it has come to a step of its load, where it is held."""
        server, pattern = STEPS[step]
        if server == "vertica":
            pattern = f"{pattern}.*{self.project.schema}"
        control = self.project.sandbox.control
        hold = control.hold(pattern, server=server)
        process = start()
        control.wait(hold)
        return process, hold

    def run(self) -> Process:
        return self.project.start_load()

    def work(self) -> Process:
        return self.project.start(*WORK)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < deadline, self.job()
            time.sleep(0.05)

    def check(self, *outcomes: str) -> None:
        """Whatever there were at it, the day is there once, and nobody failed."""
        job, project = self.job(), self.project
        assert (job.state, job.failures) == (JobState.SUCCEEDED, 0), job.result.log_tail
        assert len(project.rows(self.shard)) == ROWS
        assert [marker[2] for marker in project.markers()] == [ROWS]
        assert sorted(map(str, project.outcomes())) == list(outcomes)


@pytest.fixture
def at(project: Project) -> Iterator[Scene]:
    yield Scene(project)
    for hold in project.sandbox.control.holds():
        project.sandbox.control.remove(hold)


@pytest.fixture
def with_luigid(
    at: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A luigid, which drops a run that has died within seconds."""
    config = tmp_path / "luigid.cfg"
    config.write_text("[scheduler]\nworker_disconnect_delay = 1\n", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setenv("LUIGI_CONFIG_PATH", str(config))
        running = Luigid(tmp_path / "luigid")
        running.__enter__()
    at.project.options["core"] = {
        "scheduler_host": running.address.host,
        "scheduler_port": str(running.address.port),
    }
    at.project.options["load"] = {"patience": "0"}
    yield
    running.__exit__(None, None, None)


@pytest.mark.usefixtures("with_luigid")
def test_a_job_waits_for_a_run_that_is_at_its_days_however_long_that_takes(
    at: Scene,
) -> None:
    run, hold = at.held("extract", at.run)
    worker = at.work()
    at.until(lambda: at.job().attempt >= 3 and at.job().waits_for is not None)
    shown = at.project.run("shardline", "jobs", "show", str(at.number), "--json").out
    fields = json.loads(shown)
    assert (fields["failures"], fields["attempts"]) == (0, 2)
    assert fields["waiting_since"] is not None
    at.project.sandbox.control.remove(hold)
    assert finished(run).code == 0
    assert finished(worker).code == 0
    at.check("loaded")


@pytest.mark.usefixtures("with_luigid")
def test_it_is_seen_that_a_job_waits_for_another_run(at: Scene) -> None:
    at.project.options["jobs"]["backoff"] = "600"
    run, hold = at.held("extract", at.run)
    once = ("shardline", "jobs", "work", "--once")
    told = at.project.run(*once).told
    code = f"job {at.number}: waits for another run (exit code 10)"
    assert told[-1] == f"{code}, tried again in 600 s"
    listed = at.project.run("shardline", "jobs", "list").out
    assert listed.startswith(f"#{at.number}\twaits for another run\t")
    shown = at.project.run("shardline", "jobs", "show", str(at.number)).out
    assert "\nwaits for\tanother run\n" in shown
    at.project.sandbox.control.remove(hold)
    assert finished(run).code == 0
    at.project.run("shardline", "jobs", "retry", str(at.number))
    assert at.project.run(*once).code == 0
    at.check("loaded")


@pytest.mark.usefixtures("with_luigid")
def test_a_run_waits_for_a_job_that_is_at_its_days(at: Scene) -> None:
    worker, hold = at.held("extract", at.work)
    at.project.options["load"]["patience"] = "90"
    run = at.project.start_load("--verbose")
    wait_for(run, "being run by another worker")
    at.project.sandbox.control.remove(hold)
    assert finished(worker).code == 0
    assert finished(run).code == 0
    at.check("loaded")


@pytest.mark.usefixtures("with_luigid")
def test_a_job_goes_on_with_the_days_of_a_run_that_is_killed(at: Scene) -> None:
    run, hold = at.held("extract", at.run)
    worker = at.work()
    at.until(lambda: at.job().waits_for is not None)
    kill(run)
    finished(run)
    at.project.sandbox.control.release("kill", hold=hold)
    at.project.sandbox.control.remove(hold)
    assert finished(worker).code == 0
    at.check("loaded", "lost")


@pytest.mark.parametrize("first", ["run", "job"])
def test_without_luigid_who_comes_second_loads_the_day_and_the_first_sees_it(
    at: Scene, first: str
) -> None:
    both = (at.run, at.work) if first == "run" else (at.work, at.run)
    held, hold = at.held("copy", both[0])
    assert finished(both[1]()).code == 0
    at.project.sandbox.control.remove(hold)
    assert finished(held).code == 0
    at.check("loaded", "present")


def test_without_luigid_a_job_gets_the_marker_of_a_run_that_is_killed(
    at: Scene,
) -> None:
    run = at.project.start_load(paused=True)
    hold = at.project.hold(run, "commit")
    at.project.sandbox.control.wait(hold)
    worker, its = at.held("insert the marker", at.work)
    at.project.sandbox.control.remove(its)
    kill(run)
    finished(run)
    at.project.sandbox.control.release("kill", hold=hold)
    at.project.sandbox.control.remove(hold)
    assert finished(worker).code == 0
    assert at.project.load(DAY).code == 0  # tells of the dead one
    at.check("loaded", "lost")
