"""Runs INSERT, UPDATE, DELETE and SELECT INTO on a session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds.changes import Change, ChangeCompiler
from sandbox.tds.compile_queries import QueryCompiler
from sandbox.tds.definitions import check_columns, create_sql
from sandbox.tds.failures import from_duckdb
from sandbox.tds.result_columns import renamed
from sandbox.tds.syntax import Query, Select, Values
from sandbox.tds.tables import Column, Table
from sandbox.tds.tokens import Command

if TYPE_CHECKING:
    from sandbox.tds.session import TdsSession
    from sandbox.tds.tables import Key

GOES_ON = frozenset(
    {2627, 2601, 515, 547, 8134, 8115, 220, 2628, 8152, 50000}
    | {201, 2812, 8144, 8145, 8162}
)
"""Errors that end their statement only; the batch goes on."""

_DUPLICATE = re.compile(r'Duplicate key "(?P<key>.*)" violates', re.DOTALL)


def run(
    session: TdsSession, statement: c.Insert | c.Update | c.Delete
) -> tuple[Command, int]:
    """Run a statement that changes rows.

    Returns:
        What it is, and how many rows it changed.

    Raises:
        SqlError: It was refused.
        duckdb.Error: As `failures.from_duckdb` tells.
    """
    if isinstance(statement, c.Insert):
        with session.database.identities.lock:
            return Command.INSERT, _insert(session, statement)
    compiler = ChangeCompiler(
        session.environment(), _no_identity, session.database.rowversions
    )
    if isinstance(statement, c.Update):
        return Command.UPDATE, _write(session, compiler.update(statement))
    return Command.DELETE, _write(session, compiler.delete(statement))


def _no_identity(table: Table, column: Column) -> int:
    raise TypeError(f"no identity is given out for {table.title}.{column.name}")


def _insert(session: TdsSession, statement: c.Insert) -> int:
    identities = session.database.identities
    first = 0

    def identity(table: Table, column: Column) -> int:
        nonlocal first
        first = identities.next(session.engine, table, column)
        return first

    compiler = ChangeCompiler(
        session.environment(), identity, session.database.rowversions
    )
    allowed = session.options.identity_insert
    change = compiler.insert(
        statement, identity_insert=_is_allowed(allowed, statement, session)
    )
    fresh = not (statement.query is None or isinstance(statement.query.body, Values))
    column = next((col for col in change.table.columns if col.identity), None)
    if column is None:
        return _write(session, change, fresh=fresh)
    if change.gives_identity:
        count = _write(session, change, fresh=fresh)
        identities.forget(change.table)
        return count
    step = (column.identity or (1, 1))[1]
    if change.rows:  # a failing INSERT leaves its gap, as on SQL Server
        identities.advance(change.table, first + step * change.rows)
    count = _write(session, change, fresh=fresh)
    identities.advance(change.table, first + step * count)
    if count:
        last = first + step * (count - 1)
        session.facts.identity = session.facts.scope_identity = last
    return count


def _is_allowed(allowed: str, statement: c.Insert, session: TdsSession) -> bool:
    if not allowed:
        return False
    table = session.environment().table(statement.table)
    return allowed in (table.name.casefold(), table.title.casefold())


def _write(session: TdsSession, change: Change, *, fresh: bool = True) -> int:
    keys = any(key.unique for key in change.table.keys)
    try:
        return session.engine.write(change.sql, data=change.data, fresh=fresh or keys)
    except duckdb.ConstraintException as failure:
        raise refused(change.table, failure) from failure


def refused(table: Table, failure: duckdb.Error) -> SqlError:
    """The error of a constraint DuckDB found violated.

    DuckDB gives its constraints no numbers; its words say which one it was.
    """
    found = _DUPLICATE.search(str(failure))
    if found is None:
        if table.checks:
            return SqlError(
                "The statement conflicted with the CHECK constraint "
                f'"{table.checks[0].name}". The conflict occurred in table '
                f'"{table.title}".',
                number=547,
            )
        return from_duckdb(failure)
    key = _violated(table, found["key"])
    _, _, value = found["key"].partition(": ")
    shown = f"The duplicate key value is ({value})."
    if key is None or key.constraint:
        kind = "PRIMARY KEY" if key is None or key.primary else "UNIQUE KEY"
        name = key.name if key else ""
        return SqlError(
            f"Violation of {kind} constraint '{name}'. Cannot insert duplicate key in "
            f"object '{table.title}'. {shown}",
            number=2627,
            severity=14,
        )
    return SqlError(
        f"Cannot insert duplicate key row in object '{table.title}' with unique index "
        f"'{key.name}'. {shown}",
        number=2601,
        severity=14,
    )


def _violated(table: Table, words: str) -> Key | None:
    """The key whose columns DuckDB's message names."""
    folded = words.casefold()
    unique = [key for key in table.keys if key.unique]
    named = [
        key for key in unique if all(one.casefold() in folded for one in key.columns)
    ]
    candidates = named or unique
    return max(candidates, key=lambda key: len(key.columns), default=None)


def select_into(session: TdsSession, statement: c.SelectStatement) -> int:
    """SELECT ... INTO: a new table with the columns of the query.

    Returns:
        How many rows it got.
    """
    query = statement.query
    body = query.body
    if not isinstance(body, Select) or body.into is None:
        raise TypeError(statement.text)
    environment = session.environment()
    schema, name = environment.resolve(body.into)
    if session.tables.entry(schema, name) is not None:
        raise SqlError(
            f"There is already an object named '{name}' in the database.", number=2714
        )
    plain = Select(
        body.items,
        body.distinct,
        body.top,
        body.source,
        body.where,
        body.group,
        body.having,
    )
    compiled = QueryCompiler(environment).query(
        Query(plain, query.tables, query.order, query.offset, query.fetch)
    )
    columns = tuple(
        Column(one.name, one.type, one.nullable)
        for one in renamed(compiled.columns, (), name)
    )
    table = Table(schema, name, columns, session.database.catalog.next_object_id())
    check_columns(table)
    with session.atomic():
        for sql in create_sql(table, environment):
            session.engine.write(sql)
        session.tables.put(session.engine, table)
        return session.engine.write(f"INSERT INTO {table.relation} {compiled.sql}")
