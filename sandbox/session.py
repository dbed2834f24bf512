"""What SQL Server's and Vertica's sessions have, and DuckDB's have not.

In DuckDB an error aborts the whole transaction, and the first statement fixes its
snapshot. A `Session` adds statement-level rollback (by a redo log that is replayed),
READ COMMITTED (the transaction is opened at its first write, and moved forward past
what others have committed), and savepoints for statements of several writes.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from sandbox.errors import SqlError
from sandbox.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pyarrow as pa

DATA = "incoming_rows"
"""The relation by which a statement sees the `data` given to `Session.write`."""

_BATCH_ROWS = 16_384
_DEFINING = frozenset({"CREATE", "ALTER", "DROP"})


@dataclass
class Database:
    """One database, as its sessions share it; counting is thread-safe.

    Attributes:
        path: Its file, None in memory.
        alias: Its name inside DuckDB, once it is attached.
        homes: The schemas of sessions that were opened.
        sessions: How many are open.
        commits: How many changed anything.
        definitions: How many of them changed tables, views ...
    """

    name: str
    path: Path | None
    alias: str = ""
    homes: set[str] = field(default_factory=set)
    sessions: int = 0
    commits: int = 0
    definitions: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def used(self, change: int) -> None:
        """Count a session that opens, 1, or closes, -1."""
        with self.lock:
            self.sessions += change

    def committed(self, steps: Iterable[_Write]) -> None:
        """Count a commit."""
        with self.lock:
            self.commits += 1
            self.definitions += any(step.defines for step in steps)


@dataclass(frozen=True)
class _Write:
    sql: str
    parameters: Sequence[object]
    data: pa.Table | None

    @property
    def defines(self) -> bool:
        return self.sql.split(maxsplit=1)[0].upper() in _DEFINING


class Session:
    """One client connection's view of one database; SQL here is DuckDB's.

    Used by one thread at a time; only `interrupt` may come from another.
    Without `begin` every write commits by itself. Errors come out as DuckDB's
    exceptions; a failing statement undoes only itself. Functions that answer
    differently each time (`now()`, `nextval()`) are evaluated again when the log
    is replayed: give `write` their values instead.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, database: Database) -> None:
        """Begin outside any transaction."""
        self.in_transaction = False
        self._cursor = cursor
        self._database = database
        self._log: list[_Write] = []
        self._open = False  # a transaction is open in DuckDB
        self._seen = 0  # the database's commits when it was opened
        self._known = 0  # and its definitions
        self._result: Result | None = None
        self._guard = threading.Lock()
        self._interruptible = False
        database.used(1)

    @property
    def pending(self) -> bool:
        """Whether the transaction has written anything."""
        return bool(self._log)

    def begin(self) -> None:
        """Start a transaction, unless one is open."""
        self.in_transaction = True

    def commit(self) -> None:
        """Make the transaction's writes permanent.

        Raises:
            duckdb.Error: They were not, and the transaction is gone.
        """
        self._drop_result()
        try:
            if self._open:
                self._cursor.execute("COMMIT")
                self._open = False
                self._database.committed(self._log)
        finally:
            self.rollback()

    def rollback(self) -> None:
        """Undo the transaction's writes."""
        self._drop_result()
        self._abandon()
        self._log.clear()
        self.in_transaction = False

    def savepoint(self) -> int:
        """A mark for `rollback_to`."""
        return len(self._log)

    def rollback_to(self, mark: int) -> None:
        """Undo the writes made since `savepoint` gave the mark."""
        self._drop_result()
        if len(self._log) > mark:
            del self._log[mark:]
            self._restore()

    def read(
        self, sql: str, parameters: Sequence[object] = (), *, fresh: bool = True
    ) -> Result:
        """Run a query, seeing all that is committed and one's own writes.

        Args:
            sql: One query.
            parameters: Bound to `?`.
            fresh: Whether it reads tables; one that does not is cheaper.
        """
        self._drop_result()
        self._catch_up(fresh=fresh)
        try:
            self._allow_interrupts(True)  # until the result is dropped
            relation = self._cursor.sql(sql, params=list(parameters) or None)
            self._result = Result(relation.to_arrow_reader(_BATCH_ROWS))
        except duckdb.Error:
            self._restore()
            raise
        return self._result

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Run a query of a small answer; cheaper than `read`."""
        self._drop_result()
        self._catch_up(fresh=True)
        try:
            self._allow_interrupts(True)
            found: list[tuple[object, ...]] = self._cursor.execute(sql).fetchall()
        except duckdb.Error:
            self._restore()
            raise
        finally:
            self._allow_interrupts(False)
        return found

    def write(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        data: pa.Table | None = None,
        *,
        fresh: bool = True,
    ) -> int:
        """Run a statement that changes something.

        Args:
            sql: One statement; DDL, or DML.
            parameters: Bound to `?`.
            data: Visible to the statement as the relation `DATA`.
            fresh: Whether the statement reads tables, and so must see what others
                have committed; an INSERT of given values need not.

        Returns:
            The number of rows changed; 0 for DDL.
        """
        self._drop_result()
        step = _Write(sql, parameters, data)
        if not self.in_transaction:
            changed = self._run(step)
            self._database.committed([step])
            return changed
        self._catch_up(fresh=fresh)
        try:
            self._open_transaction()
            self._allow_interrupts(True)
            changed = self._run(step)
        except duckdb.Error:
            self._restore()
            raise
        finally:
            self._allow_interrupts(False)
        self._log.append(step)
        return changed

    def interrupt(self) -> None:
        """Make the running statement, if any, fail: duckdb.InterruptException."""
        with self._guard:
            if self._interruptible:
                self._cursor.interrupt()

    def close(self) -> None:
        """Roll back and let go."""
        self.rollback()
        self._cursor.close()
        self._database.used(-1)

    def _run(self, step: _Write) -> int:
        if step.data is None:
            return self._execute(step)
        self._cursor.register(DATA, step.data)
        try:
            changed = self._execute(step)
        except duckdb.Error:
            self._abandon()  # or unregistering fails, and hides the error
            self._cursor.unregister(DATA)
            raise
        self._cursor.unregister(DATA)
        return changed

    def _execute(self, step: _Write) -> int:
        self._cursor.execute(step.sql, list(step.parameters) or None)
        row = self._cursor.fetchone() if self._cursor.description else None
        return int(row[0]) if row and isinstance(row[0], int) else 0

    def _open_transaction(self) -> None:
        if not self._open:
            self._seen = self._database.commits
            self._known = self._database.definitions
            self._cursor.execute("BEGIN")
            self._open = True

    def _allow_interrupts(self, allowed: bool) -> None:
        """COMMIT, ROLLBACK and the redo log must run to their end."""
        with self._guard:
            self._interruptible = allowed

    def _abandon(self) -> None:
        self._allow_interrupts(False)
        if self._open:
            self._open = False
            with suppress(duckdb.TransactionException):  # a failed COMMIT ended it
                self._cursor.execute("ROLLBACK")

    def _catch_up(self, *, fresh: bool) -> None:
        """Move an open transaction past what others have committed since.

        Past new definitions always: a name may mean another table now.
        """
        stale = fresh and self._seen != self._database.commits
        if self._open and (stale or self._known != self._database.definitions):
            self._restore()

    def _restore(self) -> None:
        """Bring back the transaction as the redo log has it."""
        self._abandon()
        if not self._log:
            return
        self._open_transaction()
        try:
            for step in self._log:
                self._run(step)
        except duckdb.Error as failure:
            self.rollback()
            raise SqlError(
                f"Transaction rolled back by a conflict with another: {failure}",
                number=1205,
                severity=13,
                sqlstate="40001",
                rollback=True,
            ) from failure

    def _drop_result(self) -> None:
        """Make way for a statement; one that failed while streaming left a ruin."""
        self._allow_interrupts(False)
        if self._result is not None:
            result, self._result = self._result, None
            result.close()
            if result.failed and self._open:
                self._restore()
