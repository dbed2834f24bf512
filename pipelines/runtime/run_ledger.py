"""What a run has done, attempt by attempt, known to the process that started it.

Luigi runs loads in forked children. Each adds an entry; the parent reads them for its
report, its progress and its metrics.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from pipelines.runtime.shared_records import SharedRecords

Compared = tuple[str, str, date]
"""Table, shard and day."""


@dataclass(frozen=True)
class LedgerEntry:
    """What an attempt brought, or a part of it; or that it failed.

    Attributes:
        table: The table.
        shard: The shard.
        attempt: Which attempt at it this was, from 1.
        outcomes: How many days of it ended in which way.
        days: How many days it has brought, found there or compared.
        sessions: The numbers in the log of the days that this attempt itself loaded.
        rows: How many rows they have.
        octets: How many octets were sent to the warehouse.
        seconds: How long each stage took.
        compared: By each day that was compared with its shard, as ISO has it: session,
            rows and checksum of its marker if they differ, nothing if they do not.
    """

    table: str
    shard: str
    attempt: int
    outcomes: dict[str, int] = field(default_factory=dict)
    days: int = 0
    sessions: list[int] = field(default_factory=list)
    rows: int = 0
    octets: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    compared: dict[str, list[int]] = field(default_factory=dict)


class Ledger:
    """The entries of this process and of the children that it forks.

    What is summed up may be asked often: each entry is read once for it.
    """

    def __init__(self) -> None:
        """Begin with none; children that are forked from now on add to them."""
        self._records = SharedRecords()
        self._reading = threading.Lock()  # by the run, and by who shows its progress
        self._read_to = 0
        self._sessions: set[int] = set()
        self._compared: dict[Compared, list[int]] = {}
        self._days = 0
        self._rows = 0

    def add(self, entry: LedgerEntry) -> None:
        """Add what an attempt did."""
        self._records.add(vars(entry))

    def entries(self, since: int = 0) -> list[LedgerEntry]:
        """The entries so far, as they came; those after an `end`, if that is given."""
        records, _ = self._records.since(since)
        return [LedgerEntry(**record) for record in records]

    def end(self) -> int:
        """Where the next entry will be."""
        return self._records.end()

    def sessions(self) -> set[int]:
        """The numbers in the log of what this run itself has loaded."""
        self._read()
        return self._sessions

    def compared(self) -> Mapping[Compared, list[int]]:
        """What the run has compared, as `LedgerEntry.compared`."""
        self._read()
        return self._compared

    def progress(self) -> tuple[int, int]:
        """How many days of shards are done so far, and how many rows came."""
        self._read()
        return self._days, self._rows

    def _read(self) -> None:
        with self._reading:
            records, self._read_to = self._records.since(self._read_to)
            for record in records:
                entry = LedgerEntry(**record)
                self._sessions.update(entry.sessions)
                for day, marker in entry.compared.items():
                    key = (entry.table, entry.shard, date.fromisoformat(day))
                    self._compared[key] = marker
                self._days += entry.days
                self._rows += entry.rows


@lru_cache(maxsize=1)
def ledger() -> Ledger:
    """The entries of this run; children share those of whoever forked them."""
    return Ledger()
