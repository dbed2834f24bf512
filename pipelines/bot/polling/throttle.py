"""Nobody keeps the bot busy alone: so many updates of one person within some time."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
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
    """Counts what each person sends; for one caller at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody has sent anything yet.

        Args:
            clock: Tells the time in seconds.
        """
        self._clock = clock
        self._sent: OrderedDict[int, deque[float]] = OrderedDict()

    def judge(self, person: int) -> Verdict:
        """What becomes of another update of a person."""
        now = self._clock()
        sent = self._sent.setdefault(person, deque())
        self._sent.move_to_end(person)
        if len(self._sent) > PEOPLE:
            self._sent.popitem(last=False)
        while sent and sent[0] <= now - WINDOW:
            sent.popleft()
        if len(sent) > MOST:
            return Verdict.DROPPED
        sent.append(now)
        return Verdict.TAKEN if len(sent) <= MOST else Verdict.TOLD
