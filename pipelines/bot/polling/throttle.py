"""Nobody keeps the bot busy alone: so many updates of one person within some time."""

from __future__ import annotations

from collections import OrderedDict, deque
from enum import Enum

MOST = 20
"""How many updates of one person are taken within `WINDOW`."""

WINDOW = 30.0
"""Seconds."""

PEOPLE = 10_000
"""Of how many people it is known what they have sent; who sent nothing for longest is
forgotten."""

FLOOD = "flood"
"""The kind of an update for which a person is told that it is too much."""


class Verdict(Enum):
    """What becomes of an update."""

    TAKEN = "taken"
    TOLD = "told"
    """It is the first that is too much: its sender is told so."""
    DROPPED = "dropped"


class Throttle:
    """Counts what each person has taken; for one caller at a time."""

    def __init__(self) -> None:
        """Nobody has sent anything yet."""
        self._taken: OrderedDict[int, deque[float]] = OrderedDict()
        self._told: set[int] = set()

    def judge(self, person: int, moment: float) -> Verdict:
        """What becomes of another update of a person.

        Args:
            person: By their number.
            moment: When they have sent it, in seconds: after an outage all comes at
                once that was sent meanwhile.
        """
        taken = self._taken.setdefault(person, deque())
        self._taken.move_to_end(person)
        if len(self._taken) > PEOPLE:
            gone, _ = self._taken.popitem(last=False)
            self._told.discard(gone)
        while taken and taken[0] <= moment - WINDOW:
            taken.popleft()
        if len(taken) < MOST:
            taken.append(moment)
            self._told.discard(person)
            return Verdict.TAKEN
        if person in self._told:
            return Verdict.DROPPED
        self._told.add(person)
        return Verdict.TOLD
