"""What is found out once a run, whichever of its processes needs it first."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from pipelines.runtime import SharedRecords

T = TypeVar("T")


class OnceARun:
    """What this run has found out."""

    def __init__(self) -> None:
        """Begin with nothing; children that are forked from now on share it."""
        self._records = SharedRecords()

    def find(self, *of: str, ask: Callable[[], T]) -> tuple[T, bool]:
        """What was found of something, and whether it was this call that found it.

        Args:
            of: What it is, and of which table and shard.
            ask: Finds it out; what JSON can hold.
        """
        key = list(of)
        with self._records.alone(str(key)):
            known, _ = self._records.since(0)
            for one, found in known:
                if one == key:
                    return found, False
            answer = ask()
            self._records.add([key, answer])
        return answer, True


@lru_cache(maxsize=1)
def once_a_run() -> OnceARun:
    """This run's; children share that of whoever forked them."""
    return OnceARun()
