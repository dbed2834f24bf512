"""What is found out once a run, whichever of its processes needs it first."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from pipelines.runtime import SharedRecords

T = TypeVar("T")


class OnceARun:
    """What this run has found out."""

    def __init__(self) -> None:
        """Begin with nothing; children that are forked from now on share it."""
        self._records = SharedRecords()
        self._read_to = 0
        self._known: dict[str, Any] = {}

    def find(self, *of: str, ask: Callable[[], T]) -> tuple[T, bool]:
        """What was found of something, and whether it was this call that found it.

        Args:
            of: What it is, and of which table and shard.
            ask: Finds it out; what JSON can hold.
        """
        key = json.dumps(of)
        with self._records.alone(key):
            added, self._read_to = self._records.since(self._read_to)
            self._known.update(added)
            if key in self._known:
                return self._known[key], False
            answer = ask()
            self._records.add([key, answer])
        return answer, True


@lru_cache(maxsize=1)
def once_a_run() -> OnceARun:
    """This run's; children share that of whoever forked them."""
    return OnceARun()
