"""Statements that were translated before: most clients send few, again and again.

What a text means depends on the definitions alone, unless it asks for the moment, the
session or the server's state, or the session has tables of its own; those are
translated each time. Any new definition makes all of it stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.vertica.catalog import Relation, Table
    from sandbox.vertica.messages import Column

_MOST = 1024


@dataclass(frozen=True)
class Known:
    """One query, ready to run.

    Args:
        sql: DuckDB's text.
        relations: What it names, to check privileges on.
        tables: What it reads, to lock.
        columns: What it answers with.
        version: The definitions it was translated by.
    """

    sql: str
    relations: Sequence[Relation]
    tables: Sequence[Table]
    columns: list[Column]
    version: int


class KnownQueries:
    """The last queries of all sessions of a database, by their text. Thread-safe."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Known] = OrderedDict()

    def get(self, text: str, version: int) -> Known | None:
        """A query, if the definitions are still those it was translated by."""
        with self._lock:
            known = self._kept.get(text)
            if known is None or known.version != version:
                return None
            self._kept.move_to_end(text)
            return known

    def put(self, text: str, known: Known) -> None:
        """Keep a query; the one not used for longest makes way."""
        with self._lock:
            self._kept[text] = known
            self._kept.move_to_end(text)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
