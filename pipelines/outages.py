"""Which servers have not been reached lately, known to all processes of a run.

When a server is gone, each of many loads would find that out anew, with a time-out for
each of its attempts. After some failures in a row it is left alone for a while, and
whoever asks for it fails at once.
"""

from __future__ import annotations

import mmap
import struct
import time
import zlib
from functools import cache

FAILURES = 10
"""So many in a row, of all processes together, and a server is left alone."""

PAUSE = 30.0
"""Seconds that it is left alone after the last of them."""

_SLOT = struct.Struct("=Id")
_SLOTS = 1_024


class Outages:
    """Failures to connect, by address; two that share a slot share their fate."""

    def __init__(self) -> None:
        """Know of none; children that are forked from now on share what is known."""
        self._shared = mmap.mmap(-1, _SLOTS * _SLOT.size)

    def failures(self, address: str) -> int:
        """How many there were in a row, if the server is to be left alone; or 0."""
        count, last = _SLOT.unpack_from(self._shared, _slot(address))
        left_alone = count >= FAILURES and time.monotonic() < last + PAUSE
        return int(count) if left_alone else 0

    def note_failure(self, address: str) -> None:
        """Count one."""
        at = _slot(address)
        count, _ = _SLOT.unpack_from(self._shared, at)
        _SLOT.pack_into(self._shared, at, count + 1, time.monotonic())

    def note_answer(self, address: str) -> None:
        """Forget those before."""
        _SLOT.pack_into(self._shared, _slot(address), 0, 0.0)


@cache
def outages() -> Outages:
    """Those of this process and of the children that it forks."""
    return Outages()


def _slot(address: str) -> int:
    return zlib.crc32(address.encode()) % _SLOTS * _SLOT.size
