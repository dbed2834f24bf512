"""Interleaved rounds of loads, and what stands in their middle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from benchmarks.client import Cost, in_fresh_process, measure
from benchmarks.loads import ALL_UP_TO, Load
from benchmarks.servers import Servers
from benchmarks.watch import Asked

Figure = Literal["cpu", "wall", "peak"]
"""What a load costs: the names of `Cost`."""

WARM_UP = 100
"""Rows that each process loads before those that count."""

FEW = 2
"""Most rounds of the largest loads."""


@dataclass(frozen=True)
class Comparison:
    """Loads, round by round.

    Attributes:
        costs: What each load cost, in the order of the rounds.
        asked: What each asked of its SQL Server in the last of them.
        refusals: Why others were not run.
    """

    costs: Mapping[Load, Sequence[Cost]]
    asked: Mapping[Load, Asked]
    refusals: Mapping[Load, str]

    def median(self, load: Load, figure: Figure) -> float:
        """The middle of what a figure was, in its own unit, of a whole load."""
        return median(self._all(load, figure))

    def ratio(self, load: Load, to: Load, figure: Figure) -> float:
        """How many times another load's its figure is: the middle of the rounds'."""
        pairs = zip(self._all(load, figure), self._all(to, figure), strict=True)
        return median(theirs / ours for theirs, ours in pairs)

    def _all(self, load: Load, figure: Figure) -> list[float]:
        return [getattr(cost, figure) for cost in self.costs[load]]


def warm_up(load: Load) -> Load:
    """The load that its process does before."""
    return replace(load, rows=WARM_UP)


def compare(
    servers: Servers,
    loads: Sequence[Load],
    refusals: Mapping[Load, str],
    rounds: int,
    tell: Callable[[str], None],
) -> Comparison:
    """Do all loads again and again, every time each in a fresh process.

    Args:
        servers: Where each finds its rows, and those of its `warm_up`.
        loads: What is measured.
        refusals: Why others are not.
        rounds: How often, but for the largest; every other round goes backwards.
        tell: Is told what comes next.
    """
    costs: dict[Load, list[Cost]] = {load: [] for load in loads}
    asked = {}
    for number in range(rounds):
        for load in list(costs)[:: 1 if number % 2 == 0 else -1]:
            if load.rows > ALL_UP_TO and number >= FEW:
                continue
            tell(f"round {number + 1} of {rounds}: {load}")
            before, place = servers.places[warm_up(load)], servers.places[load]
            costs[load].append(in_fresh_process(measure, load.way, before, place))
            asked[load] = servers.asked(load)
    return Comparison(costs, asked, refusals)
