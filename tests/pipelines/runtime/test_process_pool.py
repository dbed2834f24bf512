"""Slow work is done by other processes, whatever becomes of them."""

from __future__ import annotations

import logging
import os
import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from multiprocessing import Pipe
from pathlib import Path

import pytest

from pipelines.errors import PermanentError, ShardlineError
from pipelines.runtime import (
    BusyPoolError,
    ClosedPoolError,
    DeadProcessError,
    DefectiveCallError,
    LargeResultError,
    LateCallError,
    ProcessPool,
)
from pipelines.runtime.processes.child import SERVING
from tests.kit import slow_work
from tests.kit.project import REPOSITORY


@pytest.fixture
def pool() -> Iterator[ProcessPool]:
    with ProcessPool(most_waiting=1, most_octets=1000) as one:
        yield one


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Where a process says that it has begun: whoever reads it waits for that."""
    path = tmp_path / "told"
    os.mkfifo(path)
    return path


def await_end(process: int) -> bool:
    """Whether a process that need not be ours ends within 20 seconds."""
    try:
        opened = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([opened], [], [], 20)[0])
    finally:
        os.close(opened)


def test_one_process_does_one_call_after_the_other(pool: ProcessPool) -> None:
    first = pool.call(slow_work.process)
    assert first != os.getpid()
    assert pool.call(slow_work.double, 21) == 42
    assert pool.call(slow_work.process) == first
    assert pool.figures().restarts == 0


def test_what_takes_too_long_is_killed_and_the_next_call_works(
    pool: ProcessPool, callers: ThreadPoolExecutor, told: Path
) -> None:
    pool.call(slow_work.process)
    late = callers.submit(pool.call, slow_work.hang, told, seconds=0.5)
    process = int(told.read_text())
    with pytest.raises(LateCallError, match="too long"):
        late.result(20)
    assert await_end(process)
    assert pool.call(slow_work.double, 21) == 42
    assert pool.figures().restarts == 1


def test_a_process_that_is_killed_costs_its_own_call_only(
    callers: ThreadPoolExecutor, told: Path
) -> None:
    with ProcessPool(2) as pool:
        ill = callers.submit(pool.call, slow_work.hang, told)
        process = int(told.read_text())
        well = [callers.submit(pool.call, slow_work.double, at) for at in range(5)]
        os.kill(process, signal.SIGKILL)
        with pytest.raises(DeadProcessError, match="-9"):
            ill.result(20)
        assert [one.result(20) for one in well] == [0, 2, 4, 6, 8]
        assert pool.call(slow_work.double, 21) == 42


def test_a_call_does_not_suffer_from_a_process_that_died_before_it(
    pool: ProcessPool,
) -> None:
    for _ in range(3):
        os.kill(pool.call(slow_work.process), signal.SIGKILL)
        assert pool.call(slow_work.double, 21) == 42
    assert pool.figures().restarts == 3


def test_more_calls_than_may_wait_are_refused_at_once(
    pool: ProcessPool, callers: ThreadPoolExecutor, told: Path
) -> None:
    begun = callers.submit(pool.call, slow_work.hang, told)
    process = int(told.read_text())
    tried = [callers.submit(pool.call, slow_work.double, at) for at in (1, 2)]
    (refused,), (waiting,) = wait(tried, 20, FIRST_COMPLETED)
    with pytest.raises(BusyPoolError, match="busy: 1 wait"):
        refused.result()
    assert (pool.figures().waiting, pool.figures().busy) == (1, 1)
    os.kill(process, signal.SIGKILL)
    with pytest.raises(DeadProcessError):
        begun.result(20)
    assert waiting.result(20) in {2, 4}


def test_who_waits_too_long_for_a_process_is_told_so(
    pool: ProcessPool, callers: ThreadPoolExecutor, told: Path
) -> None:
    callers.submit(pool.call, slow_work.hang, told)
    process = int(told.read_text())
    with pytest.raises(BusyPoolError, match=r"not begun within 0\.1 seconds"):
        pool.call(slow_work.double, 21, seconds=0.1)
    os.kill(process, signal.SIGKILL)
    assert pool.call(slow_work.double, 21) == 42


def test_a_result_that_is_too_large_is_an_error_and_the_process_goes_on(
    pool: ProcessPool,
) -> None:
    process = pool.call(slow_work.process)
    assert len(pool.call(slow_work.many, 100)) == 100
    with pytest.raises(LargeResultError, match="octets, and may have 1,000"):
        pool.call(slow_work.many, 2000)
    assert pool.call(slow_work.process) == process


def test_an_error_of_ours_comes_back_as_it_is(pool: ProcessPool) -> None:
    with pytest.raises(PermanentError) as caught:
        pool.call(slow_work.fail)
    assert type(caught.value) is PermanentError
    assert str(caught.value) == "orders: no such report; name one"


def test_any_other_error_is_named_and_the_log_has_where_it_was(
    pool: ProcessPool, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DefectiveCallError, match="KeyError: 'nothing'"):
        pool.call(slow_work.fail_by_a_defect)
    assert "in fail_by_a_defect" in caplog.text
    for function in (slow_work.fail_pickily, slow_work.unpicklable):
        with pytest.raises(DefectiveCallError):
            pool.call(function)
    with pytest.raises(ShardlineError):
        pool.call(slow_work.leave)
    assert pool.call(slow_work.double, 21) == 42


def test_what_a_process_logs_is_logged_here_and_what_it_writes_is_not_seen(
    pool: ProcessPool,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    pool.call(slow_work.write_and_log)
    assert caplog.record_tuples == [
        ("pipelines.slow", logging.WARNING, "it took 3 tries")
    ]
    assert capfd.readouterr() == ("", "")


def test_a_process_has_nothing_that_is_open_here(
    pool: ProcessPool, tmp_path: Path
) -> None:
    database = sqlite3.connect(tmp_path / "etl.db")
    opened = pool.call(slow_work.descriptors)
    database.close()
    assert all(
        path == "/dev/null" or path.startswith("socket:") for path in opened.values()
    )
    assert sum(path.startswith("socket:") for path in opened.values()) == 1


def test_a_process_stands_back(pool: ProcessPool) -> None:
    process = pool.call(slow_work.process)
    niceness, session, score = pool.call(slow_work.standing)
    assert (niceness - os.nice(0), session, score) == (10, process, "500")
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(process, number)
    assert pool.call(slow_work.process) == process


def test_closing_ends_what_goes_on_and_what_waits(
    pool: ProcessPool, callers: ThreadPoolExecutor, told: Path
) -> None:
    begun = callers.submit(pool.call, slow_work.hang, told)
    process = int(told.read_text())
    waiting = callers.submit(pool.call, slow_work.double, 21)
    pool.close()
    for one in (begun, waiting):
        with pytest.raises(ClosedPoolError, match="being stopped"):
            one.result(20)
    assert await_end(process)
    with pytest.raises(ClosedPoolError):
        pool.call(slow_work.double, 21)


PARENT = """
import sys
from multiprocessing import Pipe
from pathlib import Path
from pipelines.runtime import ProcessPool
from pipelines.runtime.processes.child import SERVING
from tests.kit import slow_work
from tests.kit.project import REPOSITORY

ProcessPool().call(slow_work.hang, Path(sys.argv[1]))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_processes_die_with_their_parent(told: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, str(told)]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    ) as parent:
        process = int(told.read_text())
        parent.send_signal(number)
        assert await_end(process)


def test_what_is_warmed_is_imported_before_the_first_call() -> None:
    with ProcessPool(warm=("colorsys", "no_such_module")) as pool:
        assert pool.call(eval, "'colorsys' in __import__('sys').modules")


def test_a_process_whose_parent_is_gone_before_it_begins_does_not() -> None:
    ours, theirs = Pipe()
    somebody_else = str(os.getpid() + 1)
    words = "-m", SERVING, somebody_else, str(theirs.fileno()), "1000"
    ended = subprocess.run(
        [sys.executable, *words], pass_fds=[theirs.fileno()], check=False, timeout=50
    )
    theirs.close()
    assert ended.returncode == 128 + signal.SIGKILL
    with pytest.raises(EOFError):
        ours.recv_bytes()
