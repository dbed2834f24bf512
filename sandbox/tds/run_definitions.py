"""Runs CREATE, ALTER, DROP and TRUNCATE on a session."""

# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds import definitions as d
from sandbox.tds.compile_expressions import ExpressionCompiler
from sandbox.tds.convert import assign
from sandbox.tds.failures import cannot_drop, name_taken, raised, unsupported
from sandbox.tds.scope import Scope
from sandbox.tds.tables import DEFAULT_SCHEMA, Column, Key, Table
from sandbox.tds.values import Typed, null
from sandbox.tds.written import parse_expression

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.tds.environment import Environment
    from sandbox.tds.session import TdsSession
    from sandbox.tds.syntax import TableName


def run(session: TdsSession, statement: c.Statement) -> bool:
    """Run a definition; False if the statement is none."""
    runner = _RUNNERS.get(type(statement))
    if runner is None:
        return False
    with session.atomic():
        runner(session, statement)
    return True


def _drop_other(_: TdsSession, statement: c.DropOther) -> None:
    """Nothing of the kind exists, as nothing can be created."""
    if not statement.lenient:
        raise cannot_drop(f"{statement.kind.lower()} '{statement.names[0]}'", state=5)


def _create_schema(session: TdsSession, statement: c.CreateSchema) -> None:
    session.engine.write(f"CREATE SCHEMA {quoted(statement.name)}")


def _create_table(session: TdsSession, statement: c.CreateTable) -> None:
    environment = session.environment()
    schema, name = environment.resolve(statement.table)
    if session.tables.entry(schema, name) is not None:
        raise name_taken(name)
    in_key = {
        column.casefold()
        for key in statement.keys
        if key.primary
        for column in key.columns
    }
    table = Table(
        schema,
        name,
        tuple(
            d.declared_column(one, key_column=one.name.casefold() in in_key)
            for one in statement.columns
        ),
        session.database.catalog.next_object_id(),
        d.declared_keys(statement.keys, name),
        d.declared_checks(statement.checks, name),
    )
    d.check_columns(table)
    if sum(column.identity is not None for column in table.columns) > 1:
        raise SqlError(
            f"Multiple identity columns specified for table '{name}'. Only one "
            "identity column per table is allowed.",
            number=2744,
        )
    _write_all(session, d.create_sql(table, environment), schema)
    session.tables.put(session.engine, table)


def _write_all(session: TdsSession, statements: list[str], schema: str = "") -> None:
    for sql in statements:
        try:
            session.engine.write(sql)
        except duckdb.CatalogException:
            if schema and schema.casefold() != DEFAULT_SCHEMA:
                raise SqlError(
                    f'The specified schema name "{schema}" either does not exist or '
                    "you do not have permission to use it.",
                    number=2760,
                ) from None
            raise


def _drop_tables(session: TdsSession, statement: c.DropTable) -> None:
    for name in statement.tables:
        _drop_table(session, name, lenient=statement.lenient)


def _drop_table(session: TdsSession, name: TableName, *, lenient: bool) -> None:
    schema, own = session.environment().resolve(name)
    table = session.tables.find(schema, own)
    if table is None:
        if lenient:
            return
        raise cannot_drop(f"table '{name}'", state=5)
    session.engine.write(f"DROP TABLE {table.relation}")
    session.tables.remove(session.engine, table)


def _truncate(session: TdsSession, statement: c.Truncate) -> None:
    table = _existing(session, statement.table)
    session.engine.write(f"DELETE FROM {table.relation}")
    column = table.identity_column
    if column is not None and column.identity is not None:
        session.database.identities.advance(table, column.identity[0])


def _existing(session: TdsSession, name: TableName) -> Table:
    schema, own = session.environment().resolve(name)
    found = session.tables.find(schema, own)
    if found is None:
        raise SqlError(
            f'Cannot find the object "{name}" because it does not exist or you do not '
            "have permissions.",
            number=4902,
        )
    return found


def _kept(column: Column) -> str:
    return f"s.{quoted(column.name)}"


def _rebuild(
    session: TdsSession,
    old: Table,
    new: Table,
    values: list[str],
    environment: Environment,
) -> None:
    d.check_columns(new)
    try:
        _write_all(session, d.rebuild_sql(old, new, values, environment))
    except duckdb.ConstraintException as failure:
        raise SqlError(
            "The CREATE UNIQUE INDEX statement terminated because a duplicate key was "
            f"found for the object name '{new.title}'.",
            number=1505,
        ) from failure
    session.tables.put(session.engine, new)


def _add(session: TdsSession, statement: c.AddColumns) -> None:
    old = _existing(session, statement.table)
    environment = session.environment()
    added = [d.declared_column(one, key_column=False) for one in statement.columns]
    if any(column.identity for column in added):
        raise unsupported("ALTER TABLE ... ADD an identity column")
    values = [_kept(column) for column in old.columns]
    values += [_first_value(column, environment, old) for column in added]
    keys = (*old.keys, *d.declared_keys(statement.keys, old.name, old.keys))
    new = replace(old, columns=(*old.columns, *added), keys=keys)
    _rebuild(session, old, new, values, environment)


def _first_value(column: Column, environment: Environment, table: Table) -> str:
    """What existing rows get: the default if the column takes no NULL."""
    if column.nullable:
        return null(column.type).sql
    if not column.default:
        raise SqlError(
            "ALTER TABLE only allows columns to be added that can contain nulls, or "
            "have a DEFAULT definition specified. Column "
            f"'{column.name}' cannot be added to non-empty table '{table.name}' "
            "because it does not satisfy these conditions.",
            number=4901,
        )
    value = ExpressionCompiler(environment).value(
        parse_expression(column.default), Scope()
    )
    return assign(value, column.type, column.name, table.title).sql


def _drop_columns(session: TdsSession, statement: c.DropColumns) -> None:
    old = _existing(session, statement.table)
    dropped = set()
    for name in statement.columns:
        column = old.column(name)
        if column is None:
            if statement.lenient:
                continue
            raise SqlError(
                f"ALTER TABLE DROP COLUMN failed because column '{name}' does not "
                f"exist in table '{old.name}'.",
                number=4924,
            )
        for key in old.keys:
            if column.name.casefold() in (one.casefold() for one in key.columns):
                raise SqlError(
                    f"The object '{key.name}' is dependent on column '{column.name}'.",
                    number=5074,
                )
        dropped.add(column.name)
    kept = tuple(column for column in old.columns if column.name not in dropped)
    if not kept:
        raise SqlError(
            f"ALTER TABLE DROP COLUMN failed because '{old.name}' would have no "
            "columns left.",
            number=4923,
        )
    new = replace(old, columns=kept)
    _rebuild(session, old, new, [_kept(one) for one in kept], session.environment())


def _drop_constraint(session: TdsSession, statement: c.DropConstraint) -> None:
    table = _existing(session, statement.table)
    key = _key_named(table, statement.name)
    if key is None or not key.constraint:
        if statement.lenient:
            return
        raise SqlError(f"'{statement.name}' is not a constraint.", number=3728)
    _drop_key(session, table, key)


def _alter_column(session: TdsSession, statement: c.AlterColumn) -> None:
    old = _existing(session, statement.table)
    name = statement.column.name
    before = old.column(name)
    if before is None:
        raise SqlError(
            f"ALTER TABLE ALTER COLUMN failed because column '{name}' does not exist "
            f"in table '{old.name}'.",
            number=4924,
        )
    declared = d.declared_column(statement.column, key_column=False)
    after = replace(
        declared, name=before.name, default=before.default, identity=before.identity
    )
    value = assign(
        Typed(_kept(before), before.type), after.type, after.name, old.title
    ).sql
    if not after.nullable:
        words = (
            f"Cannot insert the value NULL into column '{after.name}', table "
            f"'{old.title}'; column does not allow nulls. UPDATE fails."
        )
        value = f"coalesce({value}, {raised(515, words)})"
    columns = tuple(after if one is before else one for one in old.columns)
    values = [value if one is before else _kept(one) for one in old.columns]
    new = replace(old, columns=columns)
    _rebuild(session, old, new, values, session.environment())


def _create_index(session: TdsSession, statement: c.CreateIndex) -> None:
    table = _existing(session, statement.table)
    if _key_named(table, statement.name) is not None:
        raise SqlError(
            f"The operation failed because an index or statistics with name "
            f"'{statement.name}' already exists on table '{table.title}'.",
            number=1913,
        )
    key = Key(
        statement.name, statement.columns, unique=statement.unique, constraint=False
    )
    new = replace(table, keys=(*table.keys, key))
    d.check_columns(new)
    if key.unique:
        try:
            session.engine.write(d.key_sql(new, key))
        except duckdb.ConstraintException as failure:
            raise SqlError(
                "The CREATE UNIQUE INDEX statement terminated because a duplicate key "
                f"was found for the object name '{table.title}' and the index name "
                f"'{key.name}'.",
                number=1505,
            ) from failure
    session.tables.put(session.engine, new)


def _drop_index(session: TdsSession, statement: c.DropIndex) -> None:
    table = _existing(session, statement.table)
    key = _key_named(table, statement.name)
    if key is None:
        if statement.lenient:
            return
        raise cannot_drop(f"index '{table.title}.{statement.name}'")
    if key.constraint:
        raise SqlError(
            f"An explicit DROP INDEX is not allowed on index "
            f"'{table.title}.{key.name}'. It is being used for "
            f"{'PRIMARY' if key.primary else 'UNIQUE'} KEY constraint enforcement.",
            number=3723,
        )
    _drop_key(session, table, key)


def _drop_key(session: TdsSession, table: Table, key: Key) -> None:
    if key.unique:
        session.engine.write(d.drop_key_sql(table, key))
    keys = tuple(one for one in table.keys if one is not key)
    session.tables.put(session.engine, replace(table, keys=keys))


def _key_named(table: Table, name: str) -> Key | None:
    folded = name.casefold()
    return next((key for key in table.keys if key.name.casefold() == folded), None)


_RUNNERS: dict[type[c.Statement], Callable[[TdsSession, Any], None]] = {
    c.CreateSchema: _create_schema,
    c.CreateTable: _create_table,
    c.DropOther: _drop_other,
    c.DropTable: _drop_tables,
    c.AddColumns: _add,
    c.DropColumns: _drop_columns,
    c.DropConstraint: _drop_constraint,
    c.AlterColumn: _alter_column,
    c.CreateIndex: _create_index,
    c.DropIndex: _drop_index,
    c.Truncate: _truncate,
}
