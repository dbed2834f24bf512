"""A run that is told to end ends whole, in time, and leaves nothing at work."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator, Sequence

import psutil
import pytest

from tests.kit.commands import Process, wait_for
from tests.kit.project import DAY, Project, Result, finished, insert, kill, orders
from tests.kit.relay import Relay
from tests.kit.steps import STEPS

ROWS = 50
CANCEL = (80877102).to_bytes(4)
"""The code of a request to cancel, in a connection of its own."""

SOON = 30.0
"""Seconds that something may take that needs no time, on a machine that is busy."""


@pytest.fixture
def project(project: Project) -> Iterator[Project]:
    """A project after which no connection of its loads is held."""
    yield project
    for hold in project.sandbox.control.holds():
        project.sandbox.control.remove(hold)


def hold(project: Project, step: str, *, times: int = 1) -> int:
    """Hold whichever of the project's loads comes to a step."""
    server, pattern = STEPS[step]
    if server == "vertica":
        named = {"copy": rf"^COPY .*{project.schema}", "commit": pattern}
        pattern = named.get(step, rf"{pattern}.*{project.schema}")
    return project.sandbox.control.hold(pattern, server=server, times=times)


def family(process: Process) -> list[psutil.Process]:
    """A run's process and all that it has started."""
    root = psutil.Process(process.pid)
    return [root, *root.children(recursive=True)]


def none_is_alive(processes: Sequence[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=SOON)
    return not alive


def open_transactions(project: Project) -> list[object]:
    """What is locked in the warehouse: each lock is an open transaction's."""
    query = "SELECT object_name, transaction_id FROM v_monitor.locks"
    end = time.monotonic() + SOON
    while locks := project.on_warehouse(query):
        if time.monotonic() > end:
            return list(locks)
        time.sleep(0.1)
    return []


def ready(project: Project, shards: int) -> list[str]:
    names = [project.add_shard() for _ in range(shards)]
    for name in names:
        insert(project, name, orders(ROWS))
    project.create_target()
    return names


def loads_the_rest(project: Project, shards: Sequence[str]) -> None:
    """The next run completes, and each row is there once."""
    again = project.load(DAY)
    assert (again.code, again.err) == (0, ""), again.err
    assert [len(project.rows(shard)) for shard in shards] == [ROWS] * len(shards)


def ended(process: Process, code: int) -> Result:
    result = finished(process)
    assert result.code == code, result.err
    return result


SIGNALLED = [
    (step, number, workers)
    for step in ("extract", "copy", "insert the marker")
    for number in (signal.SIGTERM, signal.SIGINT)
    for workers in ("1", "2")
]
FEW = [
    ("extract", signal.SIGTERM, "1"),
    ("copy", signal.SIGINT, "2"),
    ("insert the marker", signal.SIGTERM, "2"),
]


@pytest.mark.parametrize(
    ("step", "number", "workers"),
    [
        one if one in FEW else pytest.param(*one, marks=pytest.mark.long)
        for one in SIGNALLED
    ],
)
def test_told_to_end_in_the_middle_of_a_load(
    project: Project, step: str, number: signal.Signals, workers: str
) -> None:
    shards = ready(project, 2)
    held = hold(project, step)
    process = project.start_load("--workers", workers, fresh=True)
    project.sandbox.control.wait(held)
    processes = family(process)
    process.send_signal(number)
    result = ended(process, 128 + number)
    assert f"interrupted by {number.name}" in result.last_line
    assert "of 2 shards complete" in result.out
    assert none_is_alive(processes)
    # Nobody was killed before it had written how its attempt ended.
    assert None not in project.outcomes()
    project.sandbox.control.remove(held)
    assert open_transactions(project) == []
    loads_the_rest(project, shards)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_told_to_end_while_a_shard_does_not_answer_a_login(
    project: Project, workers: str
) -> None:
    shards = ready(project, 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        project.options["mssql_0"] = {"port": str(port), "login_timeout": "60"}
        process = project.start_load("--workers", workers, fresh=True)
        silent.settimeout(SOON)
        link, _ = silent.accept()
        process.send_signal(signal.SIGTERM)
        result = ended(process, 128 + signal.SIGTERM)
        link.close()
    assert "interrupted by SIGTERM" in result.last_line
    assert "Exception ignored" not in result.err
    del project.options["mssql_0"]
    loads_the_rest(project, shards)


def test_a_statement_of_the_warehouse_is_cancelled(project: Project) -> None:
    ready(project, 1)
    held = hold(project, "copy")
    vertica = project.sandbox.addresses.vertica
    with Relay(vertica.host, vertica.port) as relay:
        project.options["warehouse"] = {"port": str(relay.port)}
        process = project.start_load(fresh=True)
        project.sandbox.control.wait(held)
        process.send_signal(signal.SIGTERM)
        ended(process, 143)
    project.sandbox.control.remove(held)
    assert CANCEL in relay.sent


def test_a_warehouse_that_answers_nothing_does_not_keep_a_run_from_ending_in_order(
    project: Project,
) -> None:
    shards = ready(project, 1)
    held = hold(project, "copy")
    process = project.start_load(fresh=True)
    project.sandbox.control.wait(held)
    mute = project.sandbox.control.hold(
        rf"{STEPS['look for the marker'][1]}.*{project.schema}",
        server="vertica",
        times=1_000,
    )
    process.send_signal(signal.SIGTERM)
    result = ended(process, 143)
    assert "ended at once" not in result.err
    assert project.outcomes() == ["failed"]
    for one in (held, mute):
        project.sandbox.control.remove(one)
    loads_the_rest(project, shards)


def test_a_commit_that_is_under_way_is_waited_for(project: Project) -> None:
    (shard,) = ready(project, 1)
    held = hold(project, "commit")
    process = project.start_load(fresh=True)
    project.sandbox.control.wait(held)
    process.send_signal(signal.SIGTERM)
    assert process.poll() is None
    project.sandbox.control.release("go", hold=held)
    result = ended(process, 143)
    assert "1 of 1 shards complete: 1 loaded" in result.out
    assert project.outcomes() == ["loaded"]
    assert len(project.rows(shard)) == ROWS


def test_nothing_is_begun_after_a_commit_that_was_waited_for(project: Project) -> None:
    project.options["load"] = {"group_rows": "1"}
    shard = project.add_shard()
    days = ["2019-03-12", "2019-03-13", DAY]
    for at, day in enumerate(days):
        insert(project, shard, orders(ROWS, day, first=1 + 100 * at))
    project.create_target()
    held = hold(project, "commit")
    days_of = ("--from", days[0], "--to", days[-1])
    process = project.start("shardline", "backfill", *days_of, fresh=True)
    project.sandbox.control.wait(held)
    process.send_signal(signal.SIGTERM)
    project.sandbox.control.release("go", hold=held)
    ended(process, 143)
    assert [marker[2] for marker in project.markers()] == [ROWS]
    assert len(project.rows(shard)) == ROWS


@pytest.mark.parametrize("workers", ["2", pytest.param("1", marks=pytest.mark.long)])
def test_a_second_signal_ends_it_at_once(project: Project, workers: str) -> None:
    shards = ready(project, 2)
    # The commit is not left at the first one.
    held = hold(project, "commit", times=2)
    process = project.start_load("--workers", workers, fresh=True)
    project.sandbox.control.wait(held)
    processes = family(process)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
    result = ended(process, 143)
    assert "ended at once after SIGTERM: a second signal" in result.last_line
    assert none_is_alive(processes)
    project.sandbox.control.release("kill", hold=held)
    project.sandbox.control.remove(held)
    loads_the_rest(project, shards)


UNHEARD = """
import signal, sys, threading
from pipelines.runtime import stopper

stopper().install()
# Blocked in the main thread only, the signal is another's: like one that comes just
# before the main thread waits, it is noted and interrupts nothing.
threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
print("ready", file=sys.stderr, flush=True)
signal.sigtimedwait([], 600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_did_not_interrupt_the_main_thread_ends_it_all_the_same(
    project: Project, number: signal.Signals
) -> None:
    process = project.start("python", "-c", UNHEARD)
    wait_for(process, "ready")
    process.send_signal(number)
    assert finished(process, timeout=SOON).code == 128 + number


def test_what_does_not_end_by_itself_is_ended_when_its_time_is_over(
    project: Project,
) -> None:
    shards = ready(project, 2)
    project.options["run"] = {"grace": "1"}
    held = hold(project, "commit", times=2)
    process = project.start_load("--workers", "2", fresh=True)
    project.sandbox.control.wait(held)
    processes = family(process)
    process.send_signal(signal.SIGTERM)
    result = ended(process, 143)
    assert "its time is over" in result.last_line
    assert none_is_alive(processes)
    project.sandbox.control.release("kill", hold=held)
    project.sandbox.control.remove(held)
    loads_the_rest(project, shards)


@pytest.mark.parametrize(
    "command", ["shardline", pytest.param("luigi", marks=pytest.mark.long)]
)
def test_children_end_with_a_parent_that_is_killed(
    project: Project, command: str
) -> None:
    shards = ready(project, 2)
    held = hold(project, "copy", times=2)
    words = ["shardline", "run", "orders", "--date", DAY, "--workers", "2"]
    if command == "luigi":
        words = ["luigi", "--module", "pipelines.orders", "LoadOrders"]
        words += ["--date", DAY, "--workers", "2", "--local-scheduler"]
    process = project.start(*words, fresh=True)
    project.sandbox.control.wait(held, count=2)
    processes = family(process)
    assert len(processes) >= 3
    os.kill(process.pid, signal.SIGKILL)
    assert none_is_alive(processes)
    finished(process)
    project.sandbox.control.remove(held)
    assert open_transactions(project) == []
    loads_the_rest(project, shards)


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.long)],
)
def test_as_the_first_process_of_a_container(
    project: Project, number: signal.Signals
) -> None:
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("only root makes a namespace of processes")
    shards = ready(project, 2)
    held = hold(project, "extract", times=2)
    process = project.start(
        *("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("shardline", "run", "orders", "--date", DAY, "--workers", "2"),
    )
    project.sandbox.control.wait(held, count=2)
    processes = family(process)
    first = processes[1]
    # Process 1, the run, two loads.
    assert len(processes) >= 5
    first.send_signal(number)
    result = finished(process)
    assert none_is_alive(processes)
    if number == signal.SIGTERM:
        assert result.code == 143
        assert "interrupted by SIGTERM" in result.last_line
        assert "0 of 2 shards complete" in result.out
    project.sandbox.control.remove(held)
    loads_the_rest(project, shards)


def test_the_first_process_reaps_orphans_and_ends_as_the_command_does(
    project: Project,
) -> None:
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("only root makes a namespace of processes")
    project.add_shard()
    script = """
import os, sys, time
from pipelines.runtime.container_init import become_init_if_first
become_init_if_first()
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os._exit(0)
os.wait()
def is_zombie(pid):
    try:
        return ") Z " in open(f"/proc/{pid}/stat").read()
    except FileNotFoundError:
        return False
while any(is_zombie(name) for name in os.listdir("/proc") if name.isdecimal()):
    time.sleep(0.01)
sys.exit(7)
"""
    result = project.run(
        *("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("python", "-c", script),
    )
    assert result.code == 7, result.err


@pytest.mark.long
def test_a_run_that_was_killed_with_all_its_children(project: Project) -> None:
    shards = ready(project, 2)
    held = hold(project, "insert the marker", times=2)
    process = project.start_load("--workers", "2", fresh=True)
    project.sandbox.control.wait(held)
    kill(process)
    finished(process)
    project.sandbox.control.release("kill", hold=held)
    project.sandbox.control.remove(held)
    assert open_transactions(project) == []
    loads_the_rest(project, shards)
