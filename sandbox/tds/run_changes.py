"""Runs INSERT, UPDATE, DELETE and SELECT INTO on a session."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb

from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds.changes import Change, ChangeCompiler
from sandbox.tds.compile_queries import QueryCompiler
from sandbox.tds.definitions import check_columns, create_sql
from sandbox.tds.failures import from_duckdb, invalid_column, name_taken
from sandbox.tds.inserts import InsertCompiler
from sandbox.tds.result_columns import renamed
from sandbox.tds.syntax import Select, Values
from sandbox.tds.tables import Column, Table
from sandbox.tds.tokens import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from sandbox.tds.bulk import BulkRows
    from sandbox.tds.session import TdsSession
    from sandbox.tds.syntax import TableName
    from sandbox.tds.tables import Key
    from sandbox.tds.types import SqlType
    from sandbox.tds.wire_types import OutputColumn

GOES_ON = frozenset(
    {2627, 2601, 515, 547, 8134, 8115, 220, 2628, 8152, 50000}
    | {201, 2812, 8144, 8145, 8162}
)
"""Errors that end their statement only; the batch goes on."""

_DUPLICATE = re.compile(r'uplicate key "(?P<key>.*?)"(?: violates|$)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Changed:
    """What a statement has changed.

    Attributes:
        columns: Of what OUTPUT tells.
        told: Its rows, None if it tells nothing.
    """

    command: Command
    count: int
    columns: tuple[OutputColumn, ...] = ()
    told: pa.Table | None = None


def run(session: TdsSession, statement: c.Insert | c.Update | c.Delete) -> Changed:
    """Run a statement that changes rows.

    Raises:
        SqlError: It was refused.
        duckdb.Error: As `failures.from_duckdb` tells.
    """
    if isinstance(statement, c.Insert):
        allowed = _is_allowed(statement, session)
        given = statement.query is None or isinstance(statement.query.body, Values)
        return _insert(
            session,
            lambda compiler: compiler.insert(statement, identity_insert=allowed),
            fresh=not given,
        )
    compiler = ChangeCompiler(session.environment(), session.database.rowversions)
    if isinstance(statement, c.Update):
        return _change(session, Command.UPDATE, compiler.update(statement))
    return _change(session, Command.DELETE, compiler.delete(statement))


def check_bulk(session: TdsSession, statement: c.InsertBulk) -> None:
    """Prepare for the rows of an INSERT BULK.

    Raises:
        SqlError: 208, there is no such table; 207, it has no such column.
    """
    table = session.environment().table(statement.table)
    for name in statement.columns:
        if table.column(name) is None:
            raise invalid_column(name)
    session.bulk = statement


def load(session: TdsSession, statement: c.InsertBulk, rows: BulkRows) -> int:
    """Insert rows in bulk, all or none.

    Returns:
        How many they were.
    """
    return _insert_data(
        session,
        statement.table,
        statement.columns,
        rows.kinds,
        rows.data,
        defaults_nulls=not statement.keeps_nulls,
    )


def _insert_data(
    session: TdsSession,
    table: TableName,
    names: Sequence[str],
    kinds: Sequence[SqlType],
    data: pa.Table,
    *,
    defaults_nulls: bool,
) -> int:
    def compiled(compiler: InsertCompiler) -> Change:
        change = compiler.insert_data(
            table, names, kinds, defaults_nulls=defaults_nulls
        )
        return replace(change, data=data)

    return _insert(session, compiled, fresh=False).count


def _insert(
    session: TdsSession, compiled: Callable[[InsertCompiler], Change], *, fresh: bool
) -> Changed:
    """Run an INSERT, and give out the identity values it needs."""
    identities = session.database.identities
    first = 0

    def identity(table: Table, column: Column) -> int:
        nonlocal first
        first = identities.next(session.engine, table, column)
        return first

    with identities.lock:
        change = compiled(
            InsertCompiler(
                session.environment(), identity, session.database.rowversions
            )
        )
        column = change.table.identity_column
        if column is None:
            return _change(session, Command.INSERT, change, fresh=fresh)
        if change.gives_identity:
            changed = _change(session, Command.INSERT, change, fresh=fresh)
            identities.forget(change.table)
            return changed
        step = (column.identity or (1, 1))[1]
        if change.rows:  # a failing INSERT leaves its gap, as on SQL Server
            identities.advance(change.table, first + step * change.rows)
        changed = _change(session, Command.INSERT, change, fresh=fresh)
        identities.advance(change.table, first + step * changed.count)
    if changed.count:
        last = first + step * (changed.count - 1)
        session.facts.identity = session.facts.scope_identity = last
    return changed


def _is_allowed(statement: c.Insert, session: TdsSession) -> bool:
    allowed = session.options.identity_insert
    if not allowed:
        return False
    table = session.environment().table(statement.table)
    return allowed in (table.name.casefold(), table.title.casefold())


def _change(
    session: TdsSession, command: Command, change: Change, *, fresh: bool = True
) -> Changed:
    output = change.output
    if output is None:
        return Changed(command, _write(session, change, fresh=fresh))
    with session.atomic():
        rows = session.engine.read(output.rows_sql).table()
        told = rows.select(range(output.width, rows.num_columns))
        data = rows.select(range(output.width))
        count = _write(session, replace(change, data=data))
        if count != rows.num_rows:
            raise SqlError(
                "Another transaction has changed rows of this statement. Rerun it.",
                number=1205,
                severity=13,
                rollback=True,
            )
        clause = output.clause
        if clause.into is None:
            return Changed(command, count, output.columns, told)
        kinds = [column.type for column in output.columns]
        named = told.rename_columns([f"c{at}" for at in range(len(kinds))])
        _insert_data(
            session, clause.into, clause.columns, kinds, named, defaults_nulls=False
        )
    return Changed(command, count)


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
    value = found["key"].rpartition(": ")[2]
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
        raise name_taken(name)
    plain = replace(query, body=replace(body, into=None))
    compiled = QueryCompiler(environment).query(plain)
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
