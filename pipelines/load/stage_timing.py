"""How the time of a load is spent: reading, encoding, sending, committing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

T = TypeVar("T")

EXTRACT = "extract"
ENCODE = "encode"
COPY = "copy"
COMMIT = "commit"
STAGES = (EXTRACT, ENCODE, COPY, COMMIT)


class Stages:
    """A clock that shows one stage at a time: an inner one stops the outer one."""

    def __init__(self) -> None:
        """Show none."""
        self._seconds = dict.fromkeys(STAGES, 0.0)
        self._octets = 0
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """Count the time of the block to a stage."""
        self._count()
        self._open.append(stage)
        try:
            yield
        finally:
            self._count()
            self._open.pop()

    def each(self, stage: str, source: Iterator[T]) -> Iterator[T]:
        """The same values; the time to get each of them counts to a stage."""
        while True:
            with self.during(stage):
                try:
                    value = next(source)
                except StopIteration:
                    return
            yield value

    def sent(self, octets: int) -> None:
        """Count octets that were sent to the warehouse."""
        self._octets += octets

    def take(self) -> tuple[dict[str, float], int]:
        """Seconds by stage, and octets, since the last time."""
        taken = self._seconds, self._octets
        self._seconds, self._octets = dict.fromkeys(STAGES, 0.0), 0
        return taken

    def _count(self) -> None:
        now = time.perf_counter()
        if self._open:
            self._seconds[self._open[-1]] += now - self._since
        self._since = now


@cache
def stages() -> Stages:
    """The clock of this process, which loads one thing at a time."""
    return Stages()
