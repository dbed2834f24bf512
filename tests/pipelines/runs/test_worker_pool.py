"""Processes that live for a run, and the tasks that they do."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing import active_children
from queue import Empty

import pytest

from pipelines.runs.worker_pool import UNTOLD, WorkerPool
from tests.kit.project import DAY, Project, Result

LONGEST = 30.0
"""Seconds after which a test fails rather than waits."""


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool()
    made.begin_run(object())
    yield made
    made.end()


def result_of(pool: WorkerPool, work: Callable[[], object]) -> object:
    pool.begin(work)
    return pool.get(LONGEST)


def test_one_process_does_one_thing_after_the_other(pool: WorkerPool) -> None:
    found = {result_of(pool, os.getpid) for _ in range(3)}
    assert len(found) == 1
    assert os.getpid() not in found


def test_what_is_done_at_a_time_has_a_process_each(pool: WorkerPool) -> None:
    for _ in range(2):
        pool.begin(os.getpid)
    first = {pool.get(LONGEST), pool.get(LONGEST)}
    assert len(first) == 2
    assert result_of(pool, os.getpid) in first


def test_what_cannot_travel_is_done_by_a_process_of_its_own(pool: WorkerPool) -> None:
    known = result_of(pool, os.getpid)
    secret = object()
    assert result_of(pool, lambda: (os.getpid(), id(secret))) != (known, id(secret))


@pytest.mark.parametrize(("ends", "code"), [(3, 3), (0, UNTOLD)])
def test_a_process_that_ends_in_the_middle_is_no_success(
    pool: WorkerPool, ends: int, code: int
) -> None:
    process = pool.begin(functools.partial(os._exit, ends))
    with pytest.raises(Empty):
        pool.get(LONGEST)
    assert (process.is_alive(), process.exitcode) == (False, code)
    assert isinstance(result_of(pool, os.getpid), int)


def test_one_that_was_killed_while_it_had_nothing_to_do_is_replaced(
    pool: WorkerPool,
) -> None:
    killed = result_of(pool, os.getpid)
    assert isinstance(killed, int)
    os.kill(killed, signal.SIGKILL)
    (child,) = active_children()
    child.join(LONGEST)
    assert result_of(pool, os.getpid) not in (killed, None)


def test_a_result_is_heard_though_its_process_died_after_it(pool: WorkerPool) -> None:
    process = pool.begin(os.getpid)
    assert process.link.poll(LONGEST)
    (child,) = active_children()
    child.kill()
    child.join(LONGEST)
    assert process.is_alive()
    assert pool.get(LONGEST) == child.pid
    assert result_of(pool, os.getpid) not in (child.pid, None)


def test_what_was_terminated_leaves_no_result_for_what_comes_after_it(
    pool: WorkerPool,
) -> None:
    process = pool.begin(os.getpid)
    assert process.link.poll(LONGEST)
    process.terminate()
    assert not process.is_alive()
    with pytest.raises(Empty):
        pool.get(0)
    assert result_of(pool, os.getppid) == os.getpid()


def test_processes_do_not_grow_with_what_cannot_travel(pool: WorkerPool) -> None:
    secret = object()
    for _ in range(3):
        assert result_of(pool, lambda: id(secret)) == id(secret)
    assert len(active_children()) == 1


def test_another_run_has_processes_of_its_own(pool: WorkerPool) -> None:
    first = result_of(pool, os.getpid)
    pool.begin_run(object())
    assert active_children() == []
    assert result_of(pool, os.getpid) != first


def test_workers_log_in_once_a_server_whatever_they_load(project: Project) -> None:
    for name in ("first", "second", "third"):
        project.add_shard(name)
    project.options["load"] = {"group_days": "1", "slice_tasks": "4"}
    control = project.sandbox.control
    control.start_log()
    days = ("--from", "2019-03-12", "--to", DAY)
    command = ("shardline", "run", "orders", *days, "--workers", "2")
    result = project.run(*command, "--local-scheduler")
    sent = control.statements()
    control.stop_log()
    assert (result.code, result.err) == (0, "")
    assert "9 skipped" in result.out
    logins = [one.client_pid for one in sent if one.text.startswith("SET ARITHABORT")]
    extracts = {one.client_pid for one in sent if "[start_time] >= " in one.text}
    assert len(logins) == len(set(logins)) <= 2
    assert extracts == set(logins)


ODD = f"""
import os, signal, sys
from pipelines.__main__ import main
from pipelines.orders import LoadOrdersShard

load, how = LoadOrdersShard.run, sys.argv.pop()

def state(self):
    if how == "stops" and self.shard == "second":
        os.kill(os.getpid(), signal.SIGTERM)
    return self.__dict__

def run(self):
    if how == "ends" and self.shard == "second":
        os._exit(0)
    if how == "hears" and self.scheduler_messages is None:
        raise RuntimeError("nobody can tell it anything")
    load(self)

LoadOrdersShard.run = run
LoadOrdersShard.__getstate__ = state
LoadOrdersShard.accepts_messages = how == "hears"
sys.argv = ["shardline", "run", "orders", "--date", "{DAY}", *sys.argv[1:]]
main()
"""


def run_oddly(project: Project, how: str) -> Result:
    for name in ("first", "second", "third"):
        project.add_shard(name)
    project.create_target()
    project.options["run"] = {"retries": "0"}
    (project.folder / "run.py").write_text(ODD, encoding="utf-8")
    words = ("--workers", "2", "--local-scheduler")
    return project.run("python", "run.py", *words, how)


def test_a_task_that_ends_its_process_as_if_all_were_well_is_told(
    project: Project,
) -> None:
    result = run_oddly(project, "ends")
    assert result.code == 30
    assert f"orders {DAY} second: its process ended" in result.err
    assert "2 skipped" in result.out


def test_a_task_that_hears_what_luigid_tells_it_has_its_queue(
    project: Project,
) -> None:
    result = run_oddly(project, "hears")
    assert (result.code, result.err) == (0, "")
    assert "3 skipped" in result.out


def test_a_run_that_is_told_to_end_while_it_hands_a_task_over_ends_in_order(
    project: Project,
) -> None:
    project.options["load"] = {"slice_tasks": "1"}
    for name in ("first", "second"):
        project.add_shard(name)
    project.create_target()
    (project.folder / "run.py").write_text(ODD, encoding="utf-8")
    words = ("--workers", "2", "--local-scheduler", "stops")
    days = ("--date", "2019-03-13")  # whose task is done by a process that waits then
    result = project.run("python", "run.py", *days, *words)
    assert result.code == 143
    assert "defect" not in result.err
