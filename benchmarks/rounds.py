"""Interleaved rounds of loads, and what stands in their middle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from benchmarks.client import WAYS, Cost, Place, Way, in_fresh_process, measure
from benchmarks.servers import Key

Figure = Literal["cpu", "wall", "peak"]
"""What a load costs: the names of `Cost`."""


@dataclass(frozen=True)
class Comparison:
    """All ways to load so many rows, round by round.

    Attributes:
        rows: How many rows a load has.
        costs: What each load of each way cost, in the order of the rounds.
    """

    rows: int
    costs: Mapping[Way, Sequence[Cost]]

    def median(self, way: Way, figure: Figure) -> float:
        """The middle of what a figure was, in its own unit, of a whole load."""
        return median(self._all(way, figure))

    def ratio(self, way: Way, figure: Figure) -> float:
        """How many times the product's another's is: the middle of the rounds'."""
        pairs = zip(self._all(way, figure), self._all("product", figure), strict=True)
        return median(theirs / ours for theirs, ours in pairs)

    def _all(self, way: Way, figure: Figure) -> list[float]:
        return [getattr(cost, figure) for cost in self.costs[way]]


def compare(
    places: Mapping[Key, Place],
    warm_up: int,
    sizes: Sequence[int],
    rounds: int,
    tell: Callable[[str], None],
) -> list[Comparison]:
    """Load each number of rows in all ways, every time in a fresh process.

    Args:
        places: Where each way finds so many rows.
        warm_up: The number of rows that each process loads before.
        sizes: Numbers of rows.
        rounds: How often; every other round goes the other way round.
        tell: Is told what comes next.
    """
    costs: dict[Key, list[Cost]] = {(way, rows): [] for rows in sizes for way in WAYS}
    for number in range(rounds):
        keys: Iterable[Key] = list(costs) if number % 2 == 0 else list(costs)[::-1]
        for way, rows in keys:
            tell(f"round {number + 1} of {rounds}: {rows:,} rows, {way}")
            cost = in_fresh_process(
                measure, way, places[way, warm_up], places[way, rows]
            )
            costs[way, rows].append(cost)
    return [Comparison(rows, {way: costs[way, rows] for way in WAYS}) for rows in sizes]
