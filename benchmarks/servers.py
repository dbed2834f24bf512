"""The servers of the measured loads, in a process of their own."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeAlias

from benchmarks import product, sink, tds
from benchmarks.client import Place, Way, loader

Key: TypeAlias = tuple[Way, int]
"""Whose load, and of how many rows."""


@dataclass(frozen=True)
class Recording:
    """What a SQL Server answers to the load of one day.

    Attributes:
        day: The day.
        rows: How many rows it has.
        answers: The octets that follow each message of the client's.
    """

    day: date
    rows: int
    answers: Sequence[bytes]

    @property
    def octets(self) -> int:
        """How many octets they are in all."""
        return sum(len(answer) for answer in self.answers)


def record(way: Way, server: tuple[str, int], day: date, rows: int) -> Recording:
    """Record a load from a SQL Server that has the rows; nobody keeps them.

    Args:
        way: How they are loaded.
        server: Where that SQL Server listens.
        day: Which day.
        rows: How many rows it has.
    """
    load = loader(way)
    answers: list[bytearray] = []
    with tds.recording(server, answers) as source, sink.swallowing(rows) as warehouse:
        load(product.settings(source, warehouse), day)
    return Recording(day, rows, [bytes(answer) for answer in answers])


@contextmanager
def serving(recordings: Mapping[Key, Recording]) -> Iterator[dict[Key, Place]]:
    """Serve each recording beside a Vertica that swallows; yields where."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, recordings))
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def _serve(parent: Connection, recordings: Mapping[Key, Recording]) -> None:
    """Serve until the parent goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's matter
    with ExitStack() as running:
        places = {
            key: Place(
                one.day,
                one.rows,
                running.enter_context(tds.replaying(one.answers)),
                running.enter_context(sink.swallowing(one.rows)),
            )
            for key, one in recordings.items()
        }
        parent.send(places)
        with suppress(EOFError):
            parent.recv()
