"""One session's transaction: DuckDB's, the table locks, and the keys it must keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.locks import LockManager, Mode
from sandbox.vertica.catalog import Table, View
from sandbox.vertica.failures import as_sql_error, missing_relation
from sandbox.vertica.translate import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from sandbox.session import Session
    from sandbox.vertica.environment import Environment
    from sandbox.vertica.translate import Translation
    from sandbox.vertica.words import Name


class Transaction:
    """What a session has open.

    Args:
        engine: The session's view of the database.
        environment: What names mean in it.
        locks: The database's locks.
        check: Ends a wait for a lock by raising.
    """

    def __init__(
        self,
        engine: Session,
        environment: Environment,
        locks: LockManager,
        check: Callable[[], None],
    ) -> None:
        """Begin with nothing open."""
        self.engine = engine
        self.environment = environment
        self._locks = locks
        self._check = check
        self.autocommit = False
        self.explicit = False  # opened by BEGIN, so autocommit waits for its end
        self.serializable = False  # the session's isolation level
        self.statement = ""

    def __str__(self) -> str:
        """As errors and `v_monitor.locks` describe a holder of locks."""
        return f"user {self.environment.user} ({self.statement})"

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return self.engine.in_transaction

    def begin(self) -> None:
        """Open a transaction unless one is open."""
        self.engine.begin()

    def commit(self) -> None:
        """Make it permanent and free its locks.

        Raises:
            SqlError: It was not, and is gone.
        """
        try:
            self._empty_temporary_tables()
            self.engine.commit()
        except duckdb.Error as failure:
            lost = as_sql_error(failure)
            lost.rollback = True
            raise lost from failure
        finally:
            self.rollback()

    def rollback(self) -> None:
        """Undo it and free its locks."""
        self.explicit = False
        try:
            self.engine.rollback()
        finally:
            self._locks.release(self)

    def lock(self, table: Table, mode: Mode, *, waits: bool = True) -> None:
        """Lock a table to the transaction's end; one's own tables need no lock."""
        if not table.temporary:
            self._locks.acquire(self, table.full_name, mode, self._check, waits=waits)

    def locked_table(self, name: Name, mode: Mode, *privileges: str) -> Table:
        """Find a table and lock it; it may have changed while waiting.

        Args:
            name: Its name.
            mode: How it is locked.
            privileges: What the user must be allowed; none where only its owner is.

        Raises:
            SqlError: There is no such table, or it is a view, or not the user's to
                change.
        """
        table = self.table(name)
        if not privileges:
            self.environment.privileges.require_owner(table)
        for privilege in privileges:
            self.environment.privileges.require(privilege, table)
        self.lock(table, mode)
        return self.table(name)

    def translate(self, tree: exp.Expr) -> Translation:
        """Translate a statement of which the user may read every table.

        Raises:
            SqlError: A name means nothing, or may not be read.
        """
        translation = translate(tree, self.environment)
        self.environment.privileges.require_all("SELECT", translation.relations)
        return translation

    def table(self, name: Name) -> Table:
        """Find a table.

        Raises:
            SqlError: There is no such table, or it is a view.
        """
        found = self.environment.find(name)
        if found is None:
            raise missing_relation(name)
        if isinstance(found, View):
            raise SqlError(
                f'"{found.name}" is a view, not a table', number=5263, sqlstate="42809"
            )
        return found

    def validate_keys(self, table: Table) -> None:
        """Take the IV lock and compare the enabled keys of all rows.

        Raises:
            SqlError: 23505: a key occurs twice.
        """
        if not table.enabled_keys:
            return
        self.lock(table, Mode.INSERT_VALIDATE)
        for key in table.enabled_keys:
            columns = [quoted(name) for name in key.columns]
            listed = ", ".join(columns)
            present = " AND ".join(f"{column} IS NOT NULL" for column in columns)
            texts = ", ".join(f"CAST({column} AS VARCHAR)" for column in columns)
            duplicates = self.engine.rows(
                f"SELECT {texts} FROM {table.stored} WHERE {present} "  # noqa: S608 - quoted names
                f"GROUP BY {listed} HAVING count(*) > 1 LIMIT 1"
            )
            if duplicates:
                shown = ",".join(
                    f"{name}={value}"
                    for name, value in zip(key.columns, duplicates[0], strict=True)
                )
                raise SqlError(
                    f"Duplicate key values: '{shown}' -- violates constraint "
                    f"'{table.full_name}.{key.name}'",
                    number=6745,
                    sqlstate="23505",
                )

    def _empty_temporary_tables(self) -> None:
        if not self.engine.pending:
            return
        for table in self.environment.temporary.values():
            if not table.keeps_rows:
                self.engine.write(f"DELETE FROM {table.stored}")  # noqa: S608 - quoted name
