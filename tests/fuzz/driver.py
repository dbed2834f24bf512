"""Runs cases, several at a time, and counts what came of them."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.fuzz.false_server import FalseServer
from tests.fuzz.mutations import Say, Turn, mutate
from tests.fuzz.side import ClientSide
from tests.fuzz.visitor import Outcome, Visitor, find_side

MARGIN = 2.0
"""How many times its time-outs a visit may take, on a machine that is busy."""

SLACK = 10.0
"""Seconds beside that."""

LANES = 4
"""Cases at a time: most of them wait."""


@dataclass
class Summary:
    """What came of all cases.

    Attributes:
        cases: How many there were.
        kinds: What was raised, and how often.
        slowest: The number of the slowest case, and its outcome.
        largest: The number of the case with most memory, and its outcome.
        faults: The numbers of those that went wrong, and their outcomes.
    """

    cases: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    slowest: tuple[int, Outcome] | None = None
    largest: tuple[int, Outcome] | None = None
    faults: list[tuple[int, Outcome]] = field(default_factory=list)

    def add(self, number: int, outcome: Outcome) -> None:
        self.cases += 1
        self.kinds[outcome.kind] += 1
        if not self.slowest or outcome.seconds > self.slowest[1].seconds:
            self.slowest = number, outcome
        if not self.largest or outcome.octets > self.largest[1].octets:
            self.largest = number, outcome
        if outcome.fault:
            self.faults.append((number, outcome))

    def __str__(self) -> str:
        lines = [f"{self.cases} cases, {len(self.faults)} faults"]
        lines += [f"{count:8} {kind}" for kind, count in self.kinds.most_common()]
        if self.slowest and self.largest:
            number, outcome = self.slowest
            lines.append(f"slowest: case {number}, {outcome.seconds:.2f} s")
            number, outcome = self.largest
            lines.append(f"most memory: case {number}, {outcome.octets >> 20} MiB")
        lines += [
            f"case {number}: {outcome.fault}\n{outcome.told[-1_500:]}"
            for number, outcome in self.faults[:20]
        ]
        return "\n".join(lines)


class Fuzz:
    """The cases of one protocol and one seed: each the same whenever it is run."""

    def __init__(self, name: str, seed: int) -> None:
        self._name = name
        self._seed = seed
        self._side: ClientSide = find_side(name)
        self._recorded = self._side.record_patiently()
        self._rehearse()

    def _rehearse(self) -> None:
        """Find out that it is the faults that are told."""
        visitor = Visitor(self._name)
        script: list[Turn] = [[Say(said)] for said in self._recorded]
        try:
            with FalseServer(self._side, script) as server:
                outcome = visitor.visit(server.port, 120, patiently=True)
        finally:
            visitor.end()
        if outcome.kind != "nothing":
            raise RuntimeError(f"without any fault: {outcome}")

    def script(self, number: int) -> list[Turn]:
        """What the false server of a case says."""
        # A text is hashed by itself alone; a tuple would be by the process, too.
        random = Random(f"{self._name} {self._seed} {number}")
        return mutate(self._recorded, self._side.lies, random)

    def run(
        self,
        numbers: Iterator[int],
        *,
        lanes: int = LANES,
        note: Callable[[int, Outcome], None] = lambda _, __: None,
    ) -> Summary:
        """Run cases by their numbers, until there are no more."""
        summary = Summary()
        lock = threading.Lock()

        def work() -> None:
            visitor = Visitor(self._name)
            try:
                while True:
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    outcome = self._visit(self.script(number), visitor)
                    with lock:
                        summary.add(number, outcome)
                        note(number, outcome)
            finally:
                visitor.end()

        threads = [threading.Thread(target=work) for _ in range(lanes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return summary

    def _visit(self, script: list[Turn], visitor: Visitor) -> Outcome:
        limit = self._side.seconds * MARGIN + SLACK
        with FalseServer(self._side, script) as server:
            outcome = visitor.visit(server.port, limit * 2)
        if outcome.seconds > limit and not outcome.fault:
            return Outcome(
                outcome.kind,
                outcome.told,
                outcome.seconds,
                outcome.octets,
                f"took {outcome.seconds:.1f} s of {self._side.seconds:.1f} s",
            )
        return outcome


def numbers_for(minutes: float) -> Iterator[int]:
    """Numbers of cases, for so long from when the first is asked for."""
    end = time.monotonic() + 60 * minutes
    for number in itertools.count():
        if time.monotonic() > end:
            return
        yield number
