"""A worker carries out jobs as processes, and writes what has become of them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.errors import TransientError
from pipelines.jobs import (
    Heard,
    Job,
    JobState,
    MemoryJobQueue,
    Progress,
    Result,
    Timing,
    Wish,
    Worker,
)
from pipelines.jobs.attempt import Attempt
from pipelines.text import known_secrets

TIMING = Timing(lease=20, beat=0.2, poll=0.05, backoff=0.01, grace=20)
PYTHON = (sys.executable, "-I", "-S", "-c")
WAIT = 30.0

STAY = """
import os, pathlib, signal, sys, time
def end(*_):
    print("ended in order", flush=True)
    sys.exit(143)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(60)
"""
STAY_ALL_THE_SAME = STAY.replace(
    "signal.SIGTERM, end", "signal.SIGTERM, signal.SIG_IGN"
)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def enqueue(queue: MemoryJobQueue, *words: str, attempts: int = 3) -> int:
    wish = Wish("run", words, " ".join(words), "anna", "shell", attempts=attempts)
    return queue.enqueue(wish).number


def drained(
    queue: MemoryJobQueue, *words: str, attempts: int = 3, timing: Timing = TIMING
) -> Job:
    """Have a worker carry out one job to its end."""
    number = enqueue(queue, *words, attempts=attempts)
    Worker(queue, timing, {}, threading.Event(), PYTHON).work(1, drain=True)
    return queue.show(number)


@contextmanager
def at_work(
    queue: MemoryJobQueue, timing: Timing = TIMING, command: Sequence[str] = PYTHON
) -> Iterator[threading.Event]:
    stopped = threading.Event()
    thread = threading.Thread(
        target=Worker(queue, timing, {}, stopped, command).work, args=(1,)
    )
    thread.start()
    try:
        yield stopped
    finally:
        stopped.set()
        thread.join(WAIT)
        assert not thread.is_alive()


def started(path: Path) -> int:
    """Wait for the child's number."""
    until(lambda: path.exists() and bool(path.read_text()))
    return int(path.read_text())


def test_what_a_job_writes_is_kept_with_its_exit_code() -> None:
    script = "import sys; print('3 loaded'); print('warned', file=sys.stderr)"
    job = drained(MemoryJobQueue(), script)
    assert (job.state, job.result.exit_code) == (JobState.SUCCEEDED, 0)
    assert job.result.report == "3 loaded\n"
    assert sorted(job.result.log_tail.splitlines()) == ["3 loaded", "warned"]


def test_of_what_a_job_writes_the_end_is_kept_without_secrets() -> None:
    known_secrets().add("hunter-two-hunter")
    script = (
        "for at in range(20_000): print(at, 'a line of some length')\n"
        "print('login with hunter-two-hunter \\x1b[31m\\x00')"
    )
    job = drained(MemoryJobQueue(), script)
    report, log_tail = job.result.report, job.result.log_tail
    assert 60_000 < len(report) <= 64 << 10
    assert 7_000 < len(log_tail) <= 8 << 10
    assert report.endswith("login with *** \\x1b[31m\\x00\n")
    assert log_tail.splitlines()[0].endswith(" a line of some length")
    assert log_tail.splitlines()[0].split()[0].isdecimal()


@pytest.mark.parametrize("code", [1, 2, 20, 77])
def test_what_will_not_pass_is_tried_once(code: int) -> None:
    job = drained(MemoryJobQueue(), f"raise SystemExit({code})")
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.result.exit_code == code


@pytest.mark.parametrize("code", [30, 35, 40, 137])
def test_what_may_pass_is_tried_again_while_attempts_are_left(code: int) -> None:
    job = drained(MemoryJobQueue(), f"raise SystemExit({code})", attempts=2)
    assert (job.state, job.attempt) == (JobState.FAILED, 2)
    assert job.result.exit_code == code


@pytest.mark.parametrize("code", [10, 25])
def test_what_waits_for_another_run_is_begun_again_and_has_not_failed(
    tmp_path: Path, code: int
) -> None:
    script = (
        f"import os; seen = os.open({str(tmp_path / 'seen')!r}, 1025 | os.O_CREAT)\n"
        f"os.write(seen, b'.'); raise SystemExit({code} * (os.fstat(seen).st_size < 6))"
    )
    job = drained(MemoryJobQueue(), script, attempts=2)
    assert (job.state, job.attempt, job.failures) == (JobState.SUCCEEDED, 6, 0)


def test_the_pause_of_what_waits_for_another_run_does_not_get_longer() -> None:
    queue, timing = MemoryJobQueue(), Timing(backoff=600)
    number = enqueue(queue, "raise SystemExit(10)")
    for _ in range(3):
        Worker(queue, timing, {}, threading.Event(), PYTHON).work(1, once=True)
        job = queue.show(number)
        assert job.not_before is not None
        assert job.started is not None
        assert 600 <= (job.not_before - job.started).total_seconds() < 660
        assert queue.claim("w", 60, {}) is None
        queue._put(job, not_before=None)


@pytest.mark.parametrize("code", [10, 25])
def test_what_waits_for_another_run_for_too_long_has_failed(code: int) -> None:
    timing = Timing(lease=20, poll=0.05, backoff=0.05, longest_wait=0.15)
    job = drained(MemoryJobQueue(), f"raise SystemExit({code})", timing=timing)
    assert (job.state, job.result.exit_code) == (JobState.FAILED, code)
    assert job.waiting_since is not None
    assert job.started is not None
    assert (job.started - job.waiting_since).total_seconds() >= timing.longest_wait
    assert job.waits_for is None


def test_a_child_that_somebody_kills_is_a_failure_that_may_pass(tmp_path: Path) -> None:
    script = (
        f"import os, pathlib; seen = pathlib.Path({str(tmp_path / 'seen')!r})\n"
        "if not seen.exists(): seen.touch(); os.kill(os.getpid(), 9)"
    )
    job = drained(MemoryJobQueue(), script)
    assert (job.state, job.attempt, job.failures) == (JobState.SUCCEEDED, 2, 1)


def test_the_pause_doubles_up_to_an_hour() -> None:
    pauses = [Timing(backoff=30).pause(failures) for failures in (1, 2, 3, 20, 5_000)]
    assert pauses == [30, 60, 120, 3_600, 3_600]


def test_a_cancelled_job_is_ended_in_order(tmp_path: Path) -> None:
    queue = MemoryJobQueue()
    number = enqueue(queue, STAY, str(tmp_path / "pid"))
    with at_work(queue):
        pid = started(tmp_path / "pid")
        queue.cancel(number, "boris")
        until(lambda: queue.show(number).state.is_over)
        assert not is_alive(pid)
    job = queue.show(number)
    assert (job.state, job.result.exit_code) == (JobState.CANCELLED, 143)
    assert job.result.report == "ended in order\n"


def test_a_cancelled_job_that_does_not_end_is_killed_after_the_grace(
    tmp_path: Path,
) -> None:
    queue = MemoryJobQueue()
    number = enqueue(queue, STAY_ALL_THE_SAME, str(tmp_path / "pid"))
    with at_work(queue, Timing(lease=20, beat=0.2, poll=0.05, grace=0.5)):
        pid = started(tmp_path / "pid")
        queue.cancel(number, "boris")
        until(lambda: queue.show(number).state.is_over)
        assert not is_alive(pid)
    job = queue.show(number)
    assert (job.state, job.result.exit_code) == (JobState.CANCELLED, -signal.SIGKILL)


def test_a_worker_that_is_told_to_end_puts_its_job_back(tmp_path: Path) -> None:
    queue = MemoryJobQueue()
    number = enqueue(queue, STAY, str(tmp_path / "pid"))
    with at_work(queue):
        pid = started(tmp_path / "pid")
    assert not is_alive(pid)
    job = queue.show(number)
    assert (job.state, job.failures, job.not_before) == (JobState.QUEUED, 0, None)


def test_how_far_a_job_is_does_not_wait_for_the_next_renewal(tmp_path: Path) -> None:
    queue = MemoryJobQueue()
    script = (
        "import os, pathlib, sys, time\n"
        "file = int(os.environ['SHARDLINE_PROGRESS'].split(':')[0])\n"
        "os.pwrite(file, b'[40, 150, 7000]', 0)\n"
        "pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    number = enqueue(queue, script, str(tmp_path / "pid"))
    with at_work(queue, Timing(lease=600, beat=300, poll=0.05)):
        started(tmp_path / "pid")
        until(lambda: queue.show(number).result.progress == Progress(40, 150, 7_000))


def test_a_job_that_was_claimed_too_long_ago_is_not_begun(tmp_path: Path) -> None:
    queue = MemoryJobQueue()
    number = enqueue(queue, STAY, str(tmp_path / "pid"))
    job = queue.claim("w", 20, {})
    assert job is not None
    attempt = Attempt(queue, job, TIMING, threading.Event())
    told = attempt.carry_out(PYTHON, claimed=time.monotonic() - 20)
    assert told == "put back: the lease could not be renewed"
    assert not (tmp_path / "pid").exists()
    assert queue.show(number).failures == 0


class AwayQueue(MemoryJobQueue):
    """One whose database can be away for the worker."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.refused_ends = 0

    def _check(self) -> None:
        if self.is_away:
            raise TransientError("the queue of jobs cannot be used: away")

    def beat(self, job: Job, lease: float, progress: Progress, log_tail: str) -> Heard:
        self._check()
        return super().beat(job, lease, progress, log_tail)

    def listen(self, job: Job) -> Heard:
        self._check()
        return super().listen(job)

    def finish(self, job: Job, state: JobState, result: Result) -> bool:
        self.refused_ends += self.is_away
        self._check()
        return super().finish(job, state, result)

    def put_back(
        self,
        job: Job,
        *,
        pause: float = 0,
        failed: Result | None = None,
        waits: Result | None = None,
    ) -> bool:
        self._check()
        return super().put_back(job, pause=pause, failed=failed, waits=waits)


def test_a_child_is_gone_before_a_lease_that_cannot_be_renewed_ends(
    tmp_path: Path,
) -> None:
    queue = AwayQueue()
    number = enqueue(queue, STAY_ALL_THE_SAME, str(tmp_path / "pid"))
    with at_work(queue, Timing(lease=3, beat=0.2, poll=0.05)):
        pid = started(tmp_path / "pid")
        queue.is_away = True
        until(lambda: not is_alive(pid))
        assert queue.claim("another", 20, {}) is None
        until(lambda: queue.claim("another", 20, {}) is not None)
        queue.is_away = False
    assert queue.show(number).worker == "another"


def test_a_job_that_another_worker_has_ends_here_at_once(tmp_path: Path) -> None:
    queue = AwayQueue()
    enqueue(queue, STAY_ALL_THE_SAME, str(tmp_path / "pid"))
    with at_work(queue, Timing(lease=3, beat=0.2, poll=0.05)):
        pid = started(tmp_path / "pid")
        (job,) = queue._jobs.values()
        queue._put(job, worker="another")
        until(lambda: not is_alive(pid))
    assert queue.show(job.number).worker == "another"


def test_what_a_job_has_become_is_written_when_the_database_is_back(
    tmp_path: Path,
) -> None:
    queue, flag = AwayQueue(), tmp_path / "flag"
    wait = (
        "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text('1')\n"
        "while not pathlib.Path(sys.argv[2]).exists(): time.sleep(0.01)"
    )
    number = enqueue(queue, wait, str(tmp_path / "pid"), str(flag))
    with at_work(queue):
        started(tmp_path / "pid")
        queue.is_away = True
        flag.touch()
        until(lambda: queue.refused_ends > 0)
        assert queue.show(number).state is JobState.RUNNING
        queue.is_away = False
        until(lambda: queue.show(number).state is JobState.SUCCEEDED)


def test_a_child_dies_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    script = f"""
import sys, threading
from pipelines.jobs import MemoryJobQueue, Timing, Wish, Worker
queue = MemoryJobQueue()
words = ({STAY_ALL_THE_SAME!r}, {str(tmp_path / "pid")!r})
queue.enqueue(Wish("run", words, "key", "anna", "shell"))
Worker(queue, Timing(), {{}}, threading.Event(), {PYTHON!r}).work(1)
"""
    worker = os.posix_spawn(sys.executable, [sys.executable, "-c", script], os.environ)
    pid = started(tmp_path / "pid")
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    until(lambda: not is_alive(pid))
