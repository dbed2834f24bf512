"""`python -m tests.fuzz PROTOCOL`: run cases, tell what came of them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

from tests.fuzz import NAMES
from tests.fuzz.driver import LANES, Fuzz, numbers_for
from tests.fuzz.visitor import Outcome

EVERY = 30.0
"""Seconds between two words about how far it is."""


class Progress:
    def __init__(self) -> None:
        self._cases = self._faults = 0
        self._last = self._began = time.monotonic()

    def note(self, number: int, outcome: Outcome) -> None:
        self._cases += 1
        if outcome.fault:
            self._faults += 1
            _tell(f"case {number}: {outcome.fault}\n{outcome.told}")
        now = time.monotonic()
        if now > self._last + EVERY:
            self._last = now
            _tell(
                f"{now - self._began:.0f} s: {self._cases} cases, {self._faults} faults"
            )


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("protocol", choices=NAMES)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=LANES, help="cases at a time")
    parser.add_argument("--case", type=int, help="run one case alone, and show it")
    asked = parser.parse_args()
    fuzz = Fuzz(asked.protocol, asked.seed)
    numbers: Iterator[int] = numbers_for(asked.minutes)
    if asked.case is not None:
        for turn in fuzz.script(asked.case):
            _tell(str(turn)[:1_000])
        numbers = iter([asked.case])
        asked.lanes = 1
    progress = Progress()
    summary = fuzz.run(numbers, lanes=asked.lanes, note=progress.note)
    if asked.case is not None and summary.largest:
        _tell(str(summary.largest[1]))
    _tell(f"{asked.protocol}, seed {asked.seed}: {summary}")
    return 1 if summary.faults else 0


if __name__ == "__main__":
    sys.exit(main())
