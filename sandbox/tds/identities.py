"""The counters of IDENTITY columns.

They live in memory and go on from the greatest value in the table, so that, as on
SQL Server, a rolled back INSERT leaves a gap and a committed one never repeats.
"""

# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sandbox.engine import quoted

if TYPE_CHECKING:
    from sandbox.session import Session
    from sandbox.tds.tables import Column, Table


class Identities:
    """The counters of one database. Hold `lock` from `next` to `advance`."""

    def __init__(self) -> None:
        """Begin with no counter known."""
        self.lock = threading.RLock()
        self._next: dict[int, int] = {}

    def next(self, session: Session, table: Table, column: Column) -> int:
        """The value the next row gets."""
        known = self._next.get(table.object_id)
        if known is None:
            known = self._after_greatest(session, table, column)
            self._next[table.object_id] = known
        return known

    def _after_greatest(self, session: Session, table: Table, column: Column) -> int:
        seed, step = column.identity or (1, 1)
        extreme = "max" if step > 0 else "min"
        sql = f"SELECT {extreme}({quoted(column.name)}) FROM {table.relation}"
        ((last,),) = session.read(sql).rows()
        return seed if last is None else int(str(last)) + step

    def advance(self, table: Table, value: int) -> None:
        """Go on with a value."""
        self._next[table.object_id] = value

    def forget(self, table: Table) -> None:
        """Look at the table again: its values were given, or changed."""
        self._next.pop(table.object_id, None)
