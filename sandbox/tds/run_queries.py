"""Runs queries on a session: for the client, for a variable, for a condition."""

from __future__ import annotations

from sandbox.result import Result
from sandbox.tds import commands as c
from sandbox.tds.compile_queries import CompiledQuery, QueryCompiler
from sandbox.tds.convert import convert
from sandbox.tds.reply import Reply
from sandbox.tds.results import scalar, stored_constant
from sandbox.tds.scope import Scope
from sandbox.tds.session import TdsSession
from sandbox.tds.syntax import Expression
from sandbox.tds.values import Typed

_KEPT_TEXT = 10_000
_KEPT_ROWS = 1_000


class CancelledError(Exception):
    """The client sent something while rows were on their way."""


class Queries:
    """The queries of one session."""

    def __init__(self, session: TdsSession) -> None:
        """Begin on a session."""
        self._session = session

    def compiled(self, statement: c.SelectStatement) -> CompiledQuery:
        """Compile a query, or remember how it was compiled."""
        session = self._session
        cache, version = session.database.queries, session.database.catalog.version
        if session.tables.are_shared:
            known = cache.get(statement.text, version)
            if known is not None:
                return known
        environment = session.environment()
        compiled = QueryCompiler(environment).query(statement.query)
        lasting = environment.fixed and session.tables.are_shared
        if lasting and len(statement.text) <= _KEPT_TEXT:
            cache.put(statement.text, version, compiled)
        return compiled

    def answer(self, compiled: CompiledQuery) -> Result:
        """Run a query, or remember what it answered if it always answers that."""
        session = self._session
        if not compiled.constant:
            return session.engine.read(compiled.sql)
        cache, version = session.database.answers, session.database.catalog.version
        known = cache.get(compiled.sql, version)
        if known is None:
            known = session.engine.read(compiled.sql).table()
            if known.num_rows <= _KEPT_ROWS:
                cache.put(compiled.sql, version, known)
        return Result(known.to_reader())

    def stream(self, compiled: CompiledQuery, result: Result, reply: Reply) -> int:
        """Answer the rows of a result as DuckDB makes them.

        Returns:
            How many they were.

        Raises:
            CancelledError: The client wants no more.
        """
        count = 0
        with result:
            # what fails on the first rows fails before the head is sent
            batches = iter(result)
            batch = next(batches, None)
            reply.columns(compiled.columns)
            while batch is not None:
                reply.rows(batch, compiled.columns)
                count += batch.num_rows
                if reply.cancelled():
                    raise CancelledError
                batch = next(batches, None)
        return count

    def assign(self, compiled: CompiledQuery, result: Result) -> None:
        """SELECT @x = ...: each row assigns, so the last one stays."""
        last = None
        for batch in result:
            last = batch.slice(batch.num_rows - 1)
        if last is None:
            return
        for at, (name, column) in enumerate(
            zip(compiled.variables, compiled.columns, strict=True)
        ):
            value = stored_constant(last.column(at)[0], column.type)
            self.set_variable(name, value)

    def evaluate(self, node: Expression) -> Typed:
        """The value of an expression, now."""
        environment = self._session.environment()
        return self.settled(QueryCompiler(environment).value(node, Scope()))

    def settled(self, value: Typed) -> Typed:
        """A value as a constant, computed if it is not yet known."""
        if value.constant is not None or value.is_null:
            return value
        found = scalar(self._session.engine.read(f"SELECT {value.sql}"))
        return stored_constant(found, value.kind)

    def is_true(self, node: Expression) -> bool:
        """Whether a condition holds now; unknown is not true."""
        environment = self._session.environment()
        sql = QueryCompiler(environment).condition(node, Scope())
        value = scalar(
            self._session.engine.read(f"SELECT CAST(coalesce({sql}, false) AS INTEGER)")
        )
        return bool(value.as_py())

    def set_variable(self, name: str, value: Typed) -> None:
        """Assign to a declared variable.

        Raises:
            SqlError: 137, it is not declared.
        """
        declared = self._session.environment().variable(name)
        self._session.variables[name] = self.settled(convert(value, declared.kind))
