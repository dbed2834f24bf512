"""One connection's state: its database, transaction, variables and options."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds.catalog import SessionTables
from sandbox.tds.environment import Environment, Facts
from sandbox.tds.failures import no_such_database, unsupported
from sandbox.tds.options import Options
from sandbox.tds.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.session import Session
    from sandbox.tds.catalog import Entry
    from sandbox.tds.commands import InsertBulk
    from sandbox.tds.databases import Database, Databases
    from sandbox.tds.login import Login
    from sandbox.tds.values import Typed

_DEEPEST = 32
_TICKS_OF_UNIX_EPOCH = 621_355_968_000_000_000


class TdsSession:
    """What a connection keeps from one statement to the next.

    Attributes:
        facts: What @@variables and functions tell.
        variables: Those of the current batch.
        bulk: The INSERT BULK whose rows are to come.
    """

    def __init__(
        self,
        databases: Databases,
        database: str,
        *,
        server: str,
        login: Login,
        spid: int,
        quoted_identifier: bool,
    ) -> None:
        """Open the login's database.

        Raises:
            KeyError: There is no such database.
        """
        self.databases = databases
        self.engine: Session
        self.database: Database
        self.engine, self.database = databases.session(database)
        self.tables = SessionTables(self.database.catalog)
        self.options = Options(quoted_identifier=quoted_identifier)
        self.variables: dict[str, Typed] = {}
        self.facts = Facts(
            server=server,
            database=self.database.name,
            user=login.user,
            host=login.host,
            application=login.application,
            spid=spid,
        )
        self.locks = databases.locks
        self.bulk: InsertBulk | None = None
        self._marks: dict[str, tuple[int, object]] = {}

    def environment(self) -> Environment:
        """The surroundings of a statement that begins now."""
        self.facts.now = _TICKS_OF_UNIX_EPOCH + time.time_ns() // 100
        self.facts.databases = self.databases.names()
        self.facts.lock_timeout = self.options.lock_timeout
        return Environment(self.tables, self.variables, self.facts)

    @contextmanager
    def scope(self, variables: dict[str, Typed]) -> Iterator[None]:
        """What a procedure or a batch inside a batch changes for itself alone.

        Variables, options, the identity of its INSERTs and its #tables end with it.

        Raises:
            SqlError: 217, it is nested too deep.
        """
        facts = self.facts
        if facts.nest_level >= _DEEPEST:
            raise SqlError(
                "Maximum stored procedure, function, trigger, or view nesting level "
                f"exceeded (limit {_DEEPEST}).",
                number=217,
            )
        kept = self.variables, self.options, facts.scope_identity
        tables = {entry.key for entry in self.tables.temporary()}
        self.variables, self.options = variables, replace(self.options)
        facts.nest_level += 1
        try:
            yield
        finally:
            facts.nest_level -= 1
            self.variables, self.options, facts.scope_identity = kept
            for entry in self.tables.temporary():
                if entry.key not in tables:
                    self._drop_temporary(entry)

    def _drop_temporary(self, entry: Entry) -> None:
        if isinstance(entry, Table):
            self.engine.write(f"DROP TABLE {entry.relation}")
        self.tables.remove(self.engine, entry)

    def use(self, name: str) -> None:
        """Change the database.

        Raises:
            SqlError: 911, there is none; 50100 within a transaction that has written.
        """
        if name.casefold() == self.database.name.casefold():
            return
        if self.engine.pending:
            raise unsupported("USE within a transaction that has written")
        try:
            engine, database = self.databases.session(name)
        except KeyError:
            raise no_such_database(name) from None
        self.engine.close()
        self.engine, self.database = engine, database
        self.tables = SessionTables(database.catalog)
        self.facts.database = database.name
        if self.facts.transactions:
            self.engine.begin()
            self.tables.begin()

    def begin(self) -> None:
        """BEGIN TRANSACTION; a nested one only counts."""
        if not self.facts.transactions:
            self.engine.begin()
            self.tables.begin()
        self.facts.transactions += 1

    def commit(self) -> bool:
        """COMMIT; only the outermost does it.

        Returns:
            Whether the transaction is over.

        Raises:
            SqlError: 3902, none is open.
            duckdb.Error: It failed, and is undone.
        """
        if not self.facts.transactions:
            raise SqlError(
                "The COMMIT TRANSACTION request has no corresponding BEGIN "
                "TRANSACTION.",
                number=3902,
            )
        self.check_not_doomed()
        if self.facts.transactions > 1:
            self.facts.transactions -= 1
            return False
        self.facts.transactions = 0
        self._marks.clear()
        try:
            self.engine.commit()
        except BaseException:
            self.tables.rollback()
            raise
        self.tables.commit()
        return True

    def rollback(self) -> None:
        """ROLLBACK of everything, however deep.

        Raises:
            SqlError: 3903, none is open.
        """
        if not self.facts.transactions:
            raise SqlError(
                "The ROLLBACK TRANSACTION request has no corresponding BEGIN "
                "TRANSACTION.",
                number=3903,
            )
        self.abandon()

    def abandon(self) -> None:
        """Undo whatever is open."""
        self._undo()
        self.facts.transactions = 0
        self.facts.doomed = False

    def doom(self) -> None:
        """Undo what is open, and let nothing but ROLLBACK end it."""
        self._undo()
        self.facts.doomed = self.facts.transactions > 0

    def check_not_doomed(self) -> None:
        """Refuse to change anything in a doomed transaction.

        Raises:
            SqlError: 3930.
        """
        if self.facts.doomed:
            raise SqlError(
                "The current transaction cannot be committed and cannot support "
                "operations that write to the log file. Roll back the transaction.",
                number=3930,
            )

    def _undo(self) -> None:
        self._marks.clear()
        self.engine.rollback()
        if self.facts.transactions:
            self.tables.rollback()

    def save(self, name: str) -> None:
        """SAVE TRANSACTION.

        Raises:
            SqlError: 628, none is open.
        """
        if not self.facts.transactions:
            raise SqlError(
                "Cannot issue SAVE TRANSACTION when there is no active transaction.",
                number=628,
            )
        self._marks[name.casefold()] = (self.engine.savepoint(), self.tables.mark())

    def rollback_to(self, name: str) -> bool:
        """ROLLBACK to a savepoint; False if there is none of the name."""
        found = self._marks.get(name.casefold())
        if found is None:
            return False
        mark, tables = found
        self.engine.rollback_to(mark)
        self.tables.back_to(tables)  # type: ignore[arg-type]
        return True

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All writes inside happen, or none; the catalog's among them."""
        if self.facts.transactions:
            mark, tables = self.engine.savepoint(), self.tables.mark()
            try:
                yield
            except BaseException:
                if self.engine.in_transaction:
                    self.engine.rollback_to(mark)
                    self.tables.back_to(tables)
                raise
            return
        with self.database.catalog.definitions:
            self.engine.begin()
            self.tables.begin()
            try:
                yield
                self.engine.commit()
            except BaseException:
                self.engine.rollback()
                self.tables.rollback()
                raise
            self.tables.commit()

    def close(self) -> None:
        """Roll back and let go."""
        self.locks.release_all(self.facts.spid)
        self.engine.close()
