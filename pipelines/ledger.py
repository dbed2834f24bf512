"""What a run has done, attempt by attempt, known to the process that started it.

Luigi runs loads in forked children. Each adds an entry to a file without a name that
all of them share; the parent reads them for its report and its metrics.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache


@dataclass(frozen=True)
class Entry:
    """What an attempt brought, or a part of it; or that it failed.

    Attributes:
        table: The table.
        shard: The shard.
        attempt: Which attempt at it this was, from 1.
        outcomes: How many days of it ended in which way.
        sessions: The numbers in the log of the days that this attempt itself loaded.
        rows: How many rows they have.
        octets: How many octets were sent to the warehouse.
        seconds: How long each stage took.
    """

    table: str
    shard: str
    attempt: int
    outcomes: dict[str, int]
    sessions: list[int] = field(default_factory=list)
    rows: int = 0
    octets: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


class Ledger:
    """The entries of this process and of the children that it forks."""

    def __init__(self) -> None:
        """Begin with none; children that are forked from now on add to them."""
        self._file = tempfile.TemporaryFile("ab+", buffering=0)  # noqa: SIM115 - kept
        self._sessions: set[int] = set()
        self._read_to = 0

    def add(self, entry: Entry) -> None:
        """Add what an attempt did."""
        # Appended by one write, so that entries of several processes do not mix.
        os.write(self._file.fileno(), json.dumps(asdict(entry)).encode() + b"\n")

    def entries(self) -> Iterator[Entry]:
        """All entries so far, as they came."""
        return map(_entry, self._lines(0))

    def sessions(self) -> set[int]:
        """The numbers in the log of what this run itself has loaded.

        May be asked often: each entry is read once.
        """
        for line in self._lines(self._read_to):
            self._sessions.update(_entry(line).sessions)
            self._read_to += len(line)
        return self._sessions

    def _lines(self, start: int) -> list[bytes]:
        """The whole lines from an offset on, each with its end."""
        size = os.fstat(self._file.fileno()).st_size
        octets = os.pread(self._file.fileno(), size - start, start)
        return octets[: octets.rfind(b"\n") + 1].splitlines(keepends=True)


def _entry(line: bytes) -> Entry:
    return Entry(**json.loads(line))


@lru_cache(maxsize=1)
def ledger() -> Ledger:
    """The entries of this run; children share those of whoever forked them."""
    return Ledger()
