"""One load in a process of its own: what it costs, and how much memory it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

from benchmarks.loads import Place, Way
from benchmarks.ways.choice import loader

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What a load cost the process that did it.

    Attributes:
        cpu: Processor time of all its threads, in seconds.
        wall: Time from before it connected until it had hung up, in seconds.
        peak: The most memory that the process ever had, in octets.
    """

    cpu: float
    wall: float
    peak: int


def in_fresh_process(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a new interpreter, which has loaded only what it needs."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *args, **kwargs).result()


def measure(way: Way, warm_up: Place, place: Place) -> Cost:
    """Load a few rows, so that everything is imported, then those that count.

    Raises:
        RuntimeError: Not all rows were loaded.
    """
    load = loader(way)
    load(warm_up)
    cpu, wall = time.process_time(), time.perf_counter()
    rows = load(place)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if rows != place.rows:
        raise RuntimeError(f"{way}: {rows} rows of {place.rows} were loaded")
    return Cost(cpu, wall, _peak_memory())


def _peak_memory() -> int:
    """VmHWM of proc(5); getrusage's figure may be that of the parent."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this kernel does not tell a process's peak memory")
