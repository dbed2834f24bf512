"""Executes statements for one client: which kind it is, what it answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import duckdb
import pyarrow as pa
from sqlglot import exp

from sandbox.errors import SqlError
from sandbox.locks import Mode
from sandbox.vertica.copy import CopyLoad
from sandbox.vertica.copy_statement import read_copy
from sandbox.vertica.ddl import run_ddl
from sandbox.vertica.describe import columns_of, describe
from sandbox.vertica.dialect import parse
from sandbox.vertica.dml import run_dml
from sandbox.vertica.failures import as_sql_error
from sandbox.vertica.known import Known
from sandbox.vertica.lock_table import lock_table
from sandbox.vertica.messages import Column
from sandbox.vertica.outcomes import Done, Rows
from sandbox.vertica.settings import SETTINGS, run_setting
from sandbox.vertica.types import INT, SqlType
from sandbox.vertica.words import LONG_TEXT, Words, syntax_error, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.vertica.catalog import Table
    from sandbox.vertica.outcomes import Outcome
    from sandbox.vertica.transaction import Transaction

_T = TypeVar("_T")
_FIRST = re.compile(r"\w+|\(")
_DDL = frozenset({"CREATE", "DROP", "ALTER", "TRUNCATE", "GRANT", "REVOKE"})
_READ = frozenset(
    {"SELECT", "WITH", "VALUES", "(", "INSERT", "UPDATE", "DELETE", "MERGE"}
)
# What a real server has and the sandbox has not; any other word is a mistake.
_KNOWN = frozenset(
    {
        "ACTIVATE", "CALL", "COMMENT", "CONNECT", "DISCONNECT", "DO", "EXECUTE",
        "EXPLAIN", "EXPORT", "PROFILE", "RELEASE",
        "SAVEPOINT",
    }
)  # fmt: skip
_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
# Errors of a query's text or of the session; the others come with its rows.
_BEFORE_ROWS = (
    duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException,
    duckdb.NotImplementedException, duckdb.TransactionException,
    duckdb.InterruptException, duckdb.FatalException,
)  # fmt: skip
_OUTPUT = Column("OUTPUT", SqlType(INT))


class Executor:
    """Runs one client's statements in its transaction.

    Args:
        transaction: The session's.
    """

    def __init__(self, transaction: Transaction) -> None:
        """Wait for statements."""
        self._transaction = transaction

    def execute(self, text: str, tree: exp.Expr | None = None) -> Outcome:
        """Run any statement but COPY.

        Args:
            text: The statement.
            tree: The statement as parsed, with its parameters put in.

        Raises:
            SqlError: It failed. Only what it did itself is undone, unless the
                error says that the whole transaction is gone.
        """
        self._transaction.statement = text
        return self._guarded(lambda: self._run(text, tree))

    def copy(self, text: str) -> CopyLoad:
        """Begin a COPY; its table is found and locked."""
        self._transaction.statement = text
        statement = read_copy(text)
        self._transaction.begin()
        return self._guarded(lambda: CopyLoad(statement, self._transaction))

    def feed(self, load: CopyLoad, data: bytes) -> None:
        """Give a COPY some input."""
        self._guarded(lambda: load.feed(data))

    def end_stream(self, load: CopyLoad) -> None:
        """One input of a COPY ended."""
        self._guarded(load.close_stream)

    def finish(self, load: CopyLoad) -> None:
        """Complete a COPY; it commits unless it says otherwise."""
        self._guarded(load.finish)
        if load.statement.commit and not load.table.temporary:
            self._guarded(self._transaction.commit)
        else:
            self._settle()

    def abandon(self, load: CopyLoad) -> None:
        """Undo a COPY that failed."""
        if self._transaction.is_open:
            self._guarded(load.abandon)
        self._settle_failure()

    def columns(self, tree: exp.Expr) -> list[Column]:
        """The columns a statement will answer with, without running it."""
        if isinstance(tree, _DML):
            return [_OUTPUT]
        return self._guarded(lambda: columns_of(tree, self._transaction))

    def _guarded(self, run: Callable[[], _T]) -> _T:
        try:
            return run()
        except duckdb.Error as failure:
            error = as_sql_error(failure)
        except SqlError as failure:
            error = failure
        if error.rollback:
            self._transaction.rollback()
        self._settle_failure()
        raise error

    def _settle(self) -> None:
        """After a statement that succeeded: autocommit commits it."""
        if self._transaction.autocommit and not self._transaction.explicit:
            self._guarded(self._transaction.commit)

    def _settle_failure(self) -> None:
        if self._transaction.autocommit and not self._transaction.explicit:
            self._transaction.rollback()

    def _run(self, text: str, tree: exp.Expr | None) -> Outcome:
        answer = None if tree else self._known_query(text)
        if answer is not None:
            return answer
        found = _FIRST.match(text)
        first = found[0].upper() if found else ""
        if first in _DDL:
            return Done(run_ddl(text, self._transaction))
        if first in SETTINGS:
            return run_setting(Words(text), self._transaction)
        if first == "LOCK":
            lock_table(Words(text), self._transaction)
            self._settle()
            return Done("LOCK TABLE")
        if first not in _READ | _KNOWN:
            raise syntax_error(first)
        if first in _KNOWN:
            raise unsupported(text)
        kept = "" if tree or len(text) >= LONG_TEXT else text
        tree = tree or parse(text)
        if isinstance(tree, _DML):
            return self._change(tree)
        if isinstance(tree, exp.Query) or first == "(":
            return self._query(kept, tree)
        raise unsupported(text)

    def _change(self, tree: exp.Expr) -> Rows:
        self._transaction.begin()
        count = run_dml(tree, self._transaction)
        self._settle()
        data = pa.record_batch({"OUTPUT": pa.array([count], pa.int64())})
        return Rows([_OUTPUT], [data], tree.key.upper())

    def _query(self, text: str, tree: exp.Expr) -> Rows:
        if isinstance(tree, exp.Select) and not tree.expressions:
            raise syntax_error("")
        if not self._transaction.autocommit:
            self._transaction.begin()
        version = self._transaction.environment.catalog.version
        query = self._transaction.translate(tree)
        self._lock_read(tree, query.tables)
        sql = query.sql
        fresh = tree.find(exp.Table) is not None
        try:
            result = self._transaction.engine.read(sql, fresh=fresh)
        except duckdb.Error as failure:
            if not fresh or isinstance(failure, _BEFORE_ROWS):
                raise
            return Rows(columns_of(tree, self._transaction), _broken(failure), "SELECT")
        columns = describe(tree, result.schema, self._transaction.environment)
        if text and query.lasts and fresh and not tree.args.get("locks"):
            known = Known(sql, query.relations, query.tables, columns, version)
            self._transaction.environment.catalog.known.put(text, tree, known)
        return Rows(columns, result, "SELECT")

    def _known_query(self, text: str) -> Rows | None:
        """Answer a query that was translated before."""
        environment = self._transaction.environment
        if environment.temporary:
            return None  # its names may mean the session's own tables
        known = environment.catalog.known.get(text, environment.catalog.version)
        if known is None:
            return None
        environment.privileges.require_all("SELECT", known.relations)
        if not self._transaction.autocommit:
            self._transaction.begin()
        if self._transaction.serializable:
            for table in known.tables:
                self._transaction.lock(table, Mode.SHARED)
        try:
            result = self._transaction.engine.read(known.sql)
        except duckdb.Error as failure:
            if isinstance(failure, _BEFORE_ROWS):
                raise
            return Rows(known.columns, _broken(failure), "SELECT")
        return Rows(known.columns, result, "SELECT")

    def _lock_read(self, tree: exp.Expr, tables: list[Table]) -> None:
        """READ COMMITTED reads without locks, unless FOR UPDATE asks for them."""
        transaction = self._transaction
        mode = Mode.EXCLUSIVE if tree.args.get("locks") else Mode.SHARED
        if mode is Mode.EXCLUSIVE or transaction.serializable:
            for table in tables:
                transaction.lock(table, mode)


def _broken(failure: duckdb.Error) -> Iterator[pa.RecordBatch]:
    """Rows of which one cannot be computed.

    The client has their columns by then and hears of the failure as it fetches.
    """
    raise failure
    yield
