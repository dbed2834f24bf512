"""The values of timestamp (rowversion) columns: unique, and ever greater."""

from __future__ import annotations

import threading
import time

_ROWS = 1 << 24
"""How many values one statement may give out."""


class Rowversions:
    """The counter of one database; the clock keeps it growing over restarts."""

    def __init__(self) -> None:
        """Begin with the clock."""
        self._lock = threading.Lock()
        self._last = time.time_ns()

    def block(self) -> int:
        """The first of the values of one statement."""
        with self._lock:
            self._last = max(self._last + _ROWS, time.time_ns())
            return self._last


def rowversion_sql(first: int, place: str) -> str:
    """DuckDB SQL of a value of eight bytes.

    Args:
        first: Of the statement.
        place: DuckDB SQL of the row's number, from 0 on.
    """
    return f"from_hex(printf('%016x', CAST({first} + {place} AS BIGINT)))"
