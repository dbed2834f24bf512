"""Workers, children and the database are killed at random, and no job is lost or two.

Each child holds a lock of its job, which the kernel lets go when it dies, and writes
into a journal that it has begun, that it has ended, or that another one was at it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import SecretStr

from pipelines.errors import TransientError
from pipelines.etl_db import etl_engine
from pipelines.jobs import JobFilter, JobState, SqlJobQueue, Timing, Wish, Worker
from tests.kit.postgres import Postgres, running, why_not

logger = logging.getLogger(__name__)

FORK = multiprocessing.get_context("fork")
TIMING = Timing(lease=1, beat=0.3, poll=0.05, backoff=0, grace=5)
WORKERS, SLOTS = 2, 2
OPEN = 6
"""How many jobs there are always to do."""
WAIT = 90.0
T = TypeVar("T")

JOB = """
import fcntl, os, sys, time
folder, name, seconds = sys.argv[1:]
def note(what):
    line = f"{what} {name} {os.getpid()}\\n".encode()
    os.write(journal, line)
journal = os.open(f"{folder}/journal", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
lock = os.open(f"{folder}/{name}.lock", os.O_CREAT | os.O_RDWR | os.O_APPEND)
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    note("overlap")
note("begin")
# One that was cut off again and again takes no time in the end.
is_old = os.write(lock, b".") and os.fstat(lock).st_size > 4
time.sleep(0.05 if is_old else float(seconds))
note("end")
"""


def work(url: str, folder: Path) -> None:
    """A worker, until it is killed."""
    script = folder / "job.py"
    log = os.open(folder / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    queue = SqlJobQueue(etl_engine(SecretStr(url)))
    command = (sys.executable, "-I", "-S", str(script))
    Worker(queue, TIMING, {"busy": 3}, threading.Event(), command).work(SLOTS)


@dataclass
class Scene:
    """The workers, the wishes, and who is killed.

    Attributes:
        accepted: The job that each wish has become.
        died: How workers ended that nobody had killed.
    """

    url: str
    folder: Path
    rng: random.Random
    server: Postgres | None
    workers: list[BaseProcess] = field(default_factory=list)
    accepted: dict[str, int] = field(default_factory=dict)
    died: list[int | None] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        (self.folder / "job.py").write_text(JOB, encoding="utf-8")
        self.queue = SqlJobQueue(etl_engine(SecretStr(self.url)))

    def man(self) -> None:
        """Have as many workers as there ought to be."""
        gone = [worker for worker in self.workers if worker.exitcode is not None]
        self.died += [
            worker.exitcode for worker in gone if worker.exitcode != -signal.SIGKILL
        ]
        self.workers = [worker for worker in self.workers if worker not in gone]
        while len(self.workers) < WORKERS:
            worker = FORK.Process(target=work, args=(self.url, self.folder))
            worker.start()
            self.workers.append(worker)

    def wish(self) -> None:
        """Wish for something, now and then for what was wished for before."""
        is_old = bool(self.accepted) and self.rng.random() < 0.3
        known = sorted(self.accepted)
        source_id = self.rng.choice(known) if is_old else f"w{len(known)}"
        # Now and then two wishes are for the same.
        name = f"k{int(source_id[1:]) // 2}"
        # Some take longer than the lease: an orphan would meet who begins it again.
        seconds = self.rng.choice([0.1, 0.2, 0.4, 2.5])
        words = (str(self.folder), name, str(seconds))
        wished = Wish(
            *("run", words, name, "anna", "test"),
            servers=("busy",),
            source_id=source_id,
            attempts=10_000,
        )
        number = insistently(lambda: self.queue.enqueue(wished).number)
        assert self.accepted.setdefault(source_id, number) == number

    def keep_busy(self) -> None:
        counts = insistently(self.queue.figures).counts
        if counts[JobState.QUEUED] + counts[JobState.RUNNING] < OPEN:
            self.wish()

    def kill_somebody(self) -> None:
        whom = self.rng.choices(
            ["worker", "child", "database"], [10, 10, 2 if self.server else 0]
        )[0]
        if whom == "database" and self.server:
            self.server.kill()
            self.killed[whom] += 1
            return
        worker = self.rng.choice(self.workers)
        victims = [worker.pid] if whom == "worker" else children(worker.pid)
        if victims:
            with suppress(ProcessLookupError):
                os.kill(self.rng.choice(victims) or 0, signal.SIGKILL)
                self.killed[whom] += 1
        if whom == "worker":
            worker.join(WAIT)

    def drain(self) -> None:
        """Let the workers come to an end with all that was accepted."""
        deadline = time.monotonic() + WAIT
        while True:
            self.man()
            counts = insistently(self.queue.figures).counts
            if not counts[JobState.QUEUED] + counts[JobState.RUNNING]:
                return
            assert time.monotonic() < deadline, counts
            time.sleep(0.05)

    def journal(self) -> list[list[str]]:
        lines = (self.folder / "journal").read_text(encoding="utf-8").splitlines()
        return [line.split() for line in lines]


def insistently(ask: Callable[[], T]) -> T:
    """Ask until the database is there."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            return ask()
        except TransientError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def children(pid: int | None) -> list[int]:
    listed: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            listed += map(int, path.read_text().split())
    return listed


@contextmanager
def scene(kind: str, folder: Path, seed: int) -> Iterator[Scene]:
    with running() if kind == "postgresql" else nullcontext() as server:
        url = server.fresh_database() if server else f"sqlite:///{folder / 'etl.db'}"
        made = Scene(url, folder, random.Random(seed), server)
        try:
            yield made
        finally:
            for worker in made.workers:
                worker.kill()
                worker.join(WAIT)
            made.queue._engine.dispose()


def kill_at_random(kind: str, folder: Path, seed: int, kills: int) -> None:
    with scene(kind, folder, seed) as at:
        while at.killed.total() < kills:
            at.man()
            at.keep_busy()
            time.sleep(at.rng.uniform(0, 0.15))
            at.kill_somebody()
        at.drain()
        journal = at.journal()
        jobs = insistently(lambda: at.queue.list(JobFilter(), 100_000))
        logger.info("seed %s: killed %s; %s jobs", seed, dict(at.killed), len(jobs))
    assert at.died == []
    # No job lost, and none that nobody wished for.
    assert {job.number for job in jobs} == set(at.accepted.values())
    assert {job.state for job in jobs} == {JobState.SUCCEEDED}
    # Never two children of one job at once.
    assert [line for line in journal if line[0] == "overlap"] == []
    # What was cut off was begun again, and came to its end.
    begins = Counter(line[1] for line in journal if line[0] == "begin")
    ends = Counter(line[1] for line in journal if line[0] == "end")
    assert set(ends) == set(begins) == {job.wish.key for job in jobs}
    assert begins.total() > ends.total()
    attempts: Counter[str] = Counter()
    for job in jobs:
        attempts[job.wish.key] += job.attempt
    assert all(begins[key] <= attempts[key] for key in begins)


KINDS = [
    "sqlite",
    pytest.param(
        "postgresql", marks=pytest.mark.skipif(bool(why_not()), reason="none")
    ),
]


def test_no_job_is_lost_or_two_whoever_is_killed(tmp_path: Path) -> None:
    kill_at_random("sqlite", tmp_path, seed=15, kills=25)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kind", KINDS)
def test_no_job_is_lost_or_two_after_a_thousand_kills(
    kind: str, tmp_path: Path
) -> None:
    kill_at_random(kind, tmp_path, seed=random.randrange(10**6), kills=1_000)
