"""Where time goes: a stopwatch that runs for one step at a time."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Spent:
    """Seconds on the clock and of the processor."""

    wall: float = 0.0
    cpu: float = 0.0


@dataclass
class Steps:
    """Adds up what each step takes, without the steps inside it.

    Attributes:
        spent: What each has taken, in the order in which they began first.
    """

    spent: defaultdict[str, Spent] = field(default_factory=lambda: defaultdict(Spent))
    _open: list[str] = field(default_factory=list)
    _since: tuple[float, float] = (0.0, 0.0)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block as a step; the step around it waits."""
        self._switch()
        self._open.append(name)
        try:
            yield
        finally:
            self._switch()
            self._open.pop()

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Time the making of every item as a step, but not its use."""
        iterator = iter(items)
        while True:
            with self.step(name):
                item = next(iterator, None)
            if item is None:
                return
            yield item

    def _switch(self) -> None:
        now = time.perf_counter(), time.process_time()
        if self._open:
            spent = self.spent[self._open[-1]]
            spent.wall += now[0] - self._since[0]
            spent.cpu += now[1] - self._since[1]
        self._since = now
