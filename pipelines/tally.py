"""How much a run has done so far, counted over all of its processes."""

from __future__ import annotations

import os
import struct
import tempfile
from functools import lru_cache

_ENTRY = struct.Struct("=qq")


class Tally:
    """Counts of this process and of the children that it forks."""

    def __init__(self) -> None:
        """Begin at nothing; children that are forked from now on count here."""
        self._file = tempfile.TemporaryFile("ab+", buffering=0)  # noqa: SIM115 - kept
        self._read_to = 0
        self._days = 0
        self._rows = 0

    def add(self, days: int, rows: int) -> None:
        """Count days of shards that are in the warehouse, and the rows that came."""
        # Appended by one write, so that entries of several processes do not mix.
        os.write(self._file.fileno(), _ENTRY.pack(days, rows))

    def read(self) -> tuple[int, int]:
        """Days and rows so far."""
        size = os.fstat(self._file.fileno()).st_size
        octets = os.pread(self._file.fileno(), size - self._read_to, self._read_to)
        whole = len(octets) // _ENTRY.size * _ENTRY.size
        self._read_to += whole
        for days, rows in _ENTRY.iter_unpack(octets[:whole]):
            self._days += days
            self._rows += rows
        return self._days, self._rows


@lru_cache(maxsize=1)
def tally() -> Tally:
    """The counts of this run; children share those of the process that forked them."""
    return Tally()
