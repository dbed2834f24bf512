"""Two loads at once, by threads and by processes, beside two threads that only spin."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median

from benchmarks.client import in_fresh_process
from benchmarks.loads import Load, Place, Way
from benchmarks.rounds import warm_up
from benchmarks.servers import Servers
from benchmarks.ways.choice import loader

THREADS, PROCESSES = "two threads", "two processes"
SPIN = "two threads of sha256, in C without the GIL"
TWO = 2

_BLOCK = bytes(16 << 20)
_BLOCKS = 50


@dataclass(frozen=True)
class Round:
    """Seconds that one and two of each took.

    Attributes:
        alone: One load.
        threads: Two, by threads of a process.
        processes: Two, by a process each.
        spin_alone: One thread that spins.
        spin: Two threads that do.
        servers: Processor time that the servers took of the two by threads.
    """

    alone: float
    threads: float
    processes: float
    spin_alone: float
    spin: float
    servers: float

    @property
    def speedups(self) -> dict[str, float]:
        """How many times as much two do in the same time as one."""
        return {
            THREADS: TWO * self.alone / self.threads,
            PROCESSES: TWO * self.alone / self.processes,
            SPIN: TWO * self.spin_alone / self.spin,
        }

    @property
    def servers_share(self) -> float:
        """How much of a core the servers kept from the two by threads."""
        return self.servers / self.threads


@dataclass(frozen=True)
class TwoAtOnce:
    """What was measured.

    Attributes:
        rows: Rows of a load.
        rounds: In their order.
    """

    rows: int
    rounds: list[Round] = field(default_factory=list)

    def speedup(self, how: str) -> float:
        """The median of the rounds'."""
        return median(one.speedups[how] for one in self.rounds)

    def of_control(self, how: str) -> float:
        """The speed-up as a part of the spinning threads', the median."""
        return median(one.speedups[how] / one.speedups[SPIN] for one in self.rounds)

    @property
    def servers_share(self) -> float:
        """How much of a core the servers took meanwhile, the median."""
        return median(one.servers_share for one in self.rounds)


def two_at_once(
    servers: Servers, load: Load, rounds: int, tell: Callable[[str], None]
) -> TwoAtOnce:
    """Do a load alone, and two at once, in interleaved rounds."""
    before, place = servers.places[warm_up(load)], servers.places[load]
    found = TwoAtOnce(load.rows)
    for number in range(rounds):
        tell(f"two loads at once, round {number + 1} of {rounds}")
        spin_alone = in_fresh_process(spinning, 1)
        alone = in_fresh_process(by_threads, load.way, before, place, 1)
        since = servers.cpu()
        threads = in_fresh_process(by_threads, load.way, before, place, TWO)
        cpu = servers.cpu() - since
        spin = in_fresh_process(spinning, TWO)
        processes = by_processes(load.way, before, place)
        found.rounds.append(Round(alone, threads, processes, spin_alone, spin, cpu))
    return found


def by_threads(way: Way, before: Place, place: Place, threads: int) -> float:
    """Seconds until so many loads are done, each by a thread of this process."""
    load = loader(way)
    load(before)
    return _together([lambda: load(place)] * threads)


def spinning(threads: int) -> float:
    """Seconds until so many threads have done a piece of work in C."""

    def spin() -> None:
        digest = hashlib.sha256()
        for _ in range(_BLOCKS):
            digest.update(_BLOCK)

    return _together([spin] * threads)


def _together(work: list[Callable[[], object]]) -> float:
    """Seconds until all is done.

    Raises:
        RuntimeError: Something failed.
    """
    done: list[object] = []
    threads = [
        threading.Thread(target=lambda do=one: done.append(do())) for one in work
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(done) != len(work):
        raise RuntimeError("not all of what was to be done at once was done")
    return time.perf_counter() - began


def by_processes(way: Way, before: Place, place: Place) -> float:
    """Seconds until two loads are done, each by a process that has begun before."""
    spawn = get_context("spawn")
    with ExitStack() as running:
        links = []
        for _ in range(TWO):
            ours, theirs = spawn.Pipe()
            process = spawn.Process(
                target=_load_when_told, args=(theirs, way, before, place)
            )
            process.start()
            theirs.close()
            running.callback(process.join)
            running.callback(ours.close)
            links.append(ours)
        for link in links:
            link.recv()
        began = time.perf_counter()
        for link in links:
            link.send(None)
        for link in links:
            link.recv()
        return time.perf_counter() - began


def _load_when_told(parent: Connection, way: Way, before: Place, place: Place) -> None:
    load = loader(way)
    load(before)
    parent.send(None)
    parent.recv()
    load(place)
    parent.send(None)
