"""CREATE, ALTER and DROP: T-SQL's declarations into DuckDB's tables.

Keys are unique indexes over what SQL Server compares: text without case and trailing
blanks, and NULL equal to NULL. DuckDB alters few tables that have indexes, so an
altered table is made anew and its rows are copied.
"""

# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.tds.collations import checked_collation
from sandbox.tds.compile_expressions import ExpressionCompiler, declared_type
from sandbox.tds.scope import Scope, table_source
from sandbox.tds.tables import Check, Column, Key, Table
from sandbox.tds.types import Family
from sandbox.tds.written import parse_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.tds import syntax as s
    from sandbox.tds.environment import Environment


def declared_column(definition: s.ColumnDefinition, *, key_column: bool) -> Column:
    """The column a definition declares.

    Raises:
        SqlError: The type or the collation is unknown, or cannot be an identity.
    """
    kind = declared_type(definition.type)
    if definition.collation:
        kind = replace(kind, collation=checked_collation(definition.collation))
    nullable = not key_column if definition.nullable is None else definition.nullable
    if definition.identity and kind.family not in (Family.INTEGER, Family.DECIMAL):
        raise SqlError(
            f"Identity column '{definition.name}' must be of data type int, bigint, "
            "smallint, tinyint, or decimal or numeric with a scale of 0.",
            number=2749,
        )
    return Column(
        definition.name, kind, nullable, definition.default, definition.identity
    )


def declared_keys(
    keys: Iterable[s.KeyDefinition], table: str, taken: Sequence[Key] = ()
) -> tuple[Key, ...]:
    """Keys, with a name for those that were given none."""
    made: list[Key] = []
    for key in keys:
        prefix = "PK" if key.primary else "UQ"
        number = len(taken) + len(made) + 1
        name = key.name or f"{prefix}__{table.lstrip('#')}__{number:08X}"
        made.append(Key(name, key.columns, unique=True, primary=key.primary))
    if sum(key.primary for key in (*taken, *made)) > 1:
        raise SqlError(
            f"Cannot add multiple PRIMARY KEY constraints to table '{table}'.",
            number=8110,
        )
    return tuple(made)


def check_columns(table: Table) -> None:
    """Refuse columns that cannot stand beside each other, and keys over no columns.

    Raises:
        SqlError: 2705, 1911, 8111; 2738, two columns of type timestamp.
    """
    if sum(column.type.name == "timestamp" for column in table.columns) > 1:
        raise SqlError(
            f"A table can only have one timestamp column. Because table '{table.name}' "
            "already has one, another cannot be added.",
            number=2738,
        )
    seen: set[str] = set()
    for column in table.columns:
        if column.name.casefold() in seen:
            raise SqlError(
                "Column names in each table must be unique. Column name "
                f"'{column.name}' in table '{table.name}' is specified more than once.",
                number=2705,
            )
        seen.add(column.name.casefold())
    for key in table.keys:
        for name in key.columns:
            found = table.column(name)
            if found is None:
                raise SqlError(
                    f"Column name '{name}' does not exist in the target table or view.",
                    number=1911,
                )
            if key.primary and found.nullable:
                raise SqlError(
                    "Cannot define PRIMARY KEY constraint on nullable column in table "
                    f"'{table.name}'.",
                    number=8111,
                )


def create_sql(table: Table, environment: Environment, name: str = "") -> list[str]:
    """DuckDB's statements that make a table.

    Args:
        table: What to make.
        environment: For the conditions of CHECKs.
        name: Another relation to make instead, without keys.
    """
    temporary = "TEMPORARY " if table.is_temporary else ""
    parts = [_column_sql(column) for column in table.columns]
    parts += [f"CHECK ({sql})" for sql in _checks(table, environment)]
    relation = name or table.relation
    statements = [f"CREATE {temporary}TABLE {relation} ({', '.join(parts)})"]
    if not name:
        statements += [key_sql(table, key) for key in table.keys if key.unique]
    return statements


def _column_sql(column: Column) -> str:
    collation = " COLLATE NOCASE" if column.type.ignores_case else ""
    nullable = "" if column.nullable else " NOT NULL"
    return f"{quoted(column.name)} {column.type.storage}{collation}{nullable}"


def _checks(table: Table, environment: Environment) -> list[str]:
    compiler = ExpressionCompiler(environment)
    scope = Scope([table_source(table, table.name)])
    return [
        compiler.condition(parse_expression(check.text), scope).replace(
            quoted(table.name) + ".", ""
        )
        for check in table.checks
    ]


def key_sql(table: Table, key: Key) -> str:
    """DuckDB's unique index of a key."""
    parts = []
    for name in key.columns:
        column = table.column(name)
        if column is not None:
            parts.append(_key_part(column))
    return (
        f"CREATE UNIQUE INDEX {_index_name(table, key)} ON {table.relation} "
        f"({', '.join(parts)})"
    )


def _index_name(table: Table, key: Key) -> str:
    return quoted(f"{table.object_id}.{key.name}")


def drop_key_sql(table: Table, key: Key) -> str:
    """Drop a key's index."""
    home = "temp.main" if table.is_temporary else quoted(table.schema)
    return f"DROP INDEX {home}.{_index_name(table, key)}"


def _key_part(column: Column) -> str:
    name = quoted(column.name)
    if column.type.family is Family.TEXT:
        part = f"rtrim({name}, ' ')"
        if column.type.ignores_case:
            part = f"lower({part})"
        return f"(coalesce({part}, chr(1)))" if column.nullable else f"({part})"
    if column.type.family is Family.OFFSET:
        part = f"struct_extract({name}, 'utc')"
        return f"(coalesce({part}, -1))" if column.nullable else f"({part})"
    if column.nullable:
        return f"(coalesce(CAST({name} AS VARCHAR), ''))"
    return name


def rebuild_sql(
    old: Table, new: Table, values: Sequence[str], environment: Environment
) -> list[str]:
    """DuckDB's statements that give a table other columns.

    Args:
        old: The table as it is.
        new: As it shall be, of the same name.
        values: DuckDB SQL of each new column over the old table, called `s`.
        environment: For the conditions of CHECKs.
    """
    waiting = f"{new.name}.{new.object_id}.new"
    home = "temp.main" if new.is_temporary else quoted(new.schema)
    relation = f"{home}.{quoted(waiting)}"
    return [
        *create_sql(new, environment, relation),
        f"INSERT INTO {relation} SELECT {', '.join(values)} FROM {old.relation} AS s",
        f"DROP TABLE {old.relation}",
        f"ALTER TABLE {relation} RENAME TO {quoted(new.name)}",
        *(key_sql(new, key) for key in new.keys if key.unique),
    ]


def declared_checks(
    checks: Iterable[s.CheckDefinition], table: str
) -> tuple[Check, ...]:
    """Checks, with a name for those that were given none."""
    return tuple(
        Check(check.name or f"CK__{table}__{at:08X}", check.text)
        for at, check in enumerate(checks, start=1)
    )
