"""How often something took how long."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from threading import Lock


class Histogram:
    """Counts of durations by bounds. Thread-safe, and never larger than at first."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Have counted nothing.

        Args:
            bounds: Seconds, ascending; what is longer than the last is counted, too.
        """
        self._bounds = (*bounds, math.inf)
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self._counts = [0] * len(self._bounds)
            self._sum = self._longest = 0.0

    def add(self, seconds: float) -> None:
        """Count a duration."""
        with self._lock:
            self._counts[bisect_left(self._bounds, seconds)] += 1
            self._sum += seconds
            self._longest = max(self._longest, seconds)

    @property
    def longest(self) -> float:
        """The longest of all."""
        return self._longest

    @property
    def total(self) -> float:
        """All of them together."""
        return self._sum

    def cumulated(self) -> list[tuple[float, int]]:
        """Each bound, and how many were no longer than that."""
        with self._lock:
            return list(zip(self._bounds, accumulate(self._counts), strict=True))

    def percentile(self, share: float) -> float:
        """What a share of them did not exceed: a bound, or the longest; 0 for none."""
        found = self.cumulated()
        wanted = share * found[-1][1]
        reached = next(bound for bound, count in found if count >= wanted)
        return min(reached, self._longest)
