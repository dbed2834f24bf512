"""The catalog's tables: kept with the data, and read by clients as `v_catalog`.

They are ordinary tables of DuckDB, changed in the transaction of the DDL itself, so
clients' queries see them like any other table.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sandbox.vertica.account_store import open_accounts, save_accounts
from sandbox.vertica.accounts import PUBLIC_ROLE, Grant, Securable
from sandbox.vertica.catalog import (
    PUBLIC,
    Catalog,
    ColumnDefinition,
    Key,
    Relation,
    Schema,
    Table,
    View,
)
from sandbox.vertica.declarations import read_type
from sandbox.vertica.macros import make_macros
from sandbox.vertica.types import BYTES, CHARACTER, INTERVAL, INTERVAL_YM, NUMERIC
from sandbox.vertica.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.session import Session
    from sandbox.vertica.credentials import Credential

_OWNER = "dbadmin"
_OWNER_ID = 45035996273704962

_TABLES = {
    "schemata": (
        "schema_id BIGINT, schema_name VARCHAR, schema_owner_id BIGINT, "
        "schema_owner VARCHAR, system_schema_creator VARCHAR, "
        "create_time TIMESTAMPTZ, is_system_schema BOOLEAN"
    ),
    "tables": (
        "table_schema_id BIGINT, table_schema VARCHAR, table_id BIGINT, "
        "table_name VARCHAR, owner_id BIGINT, owner_name VARCHAR, "
        "is_temp_table BOOLEAN, is_system_table BOOLEAN, is_flextable BOOLEAN, "
        "partition_expression VARCHAR, create_time TIMESTAMPTZ"
    ),
    "views": (
        "table_schema_id BIGINT, table_schema VARCHAR, table_id BIGINT, "
        "table_name VARCHAR, owner_id BIGINT, owner_name VARCHAR, "
        "view_definition VARCHAR, create_time TIMESTAMPTZ"
    ),
    "all_tables": (
        "schema_name VARCHAR, table_id BIGINT, table_name VARCHAR, "
        "table_type VARCHAR, remarks VARCHAR"
    ),
    "view_columns": (
        "table_id BIGINT, table_schema VARCHAR, table_name VARCHAR, "
        "column_id VARCHAR, column_name VARCHAR, data_type VARCHAR, "
        "data_type_id BIGINT, data_type_length BIGINT, "
        "character_maximum_length BIGINT, numeric_precision BIGINT, "
        "numeric_scale BIGINT, datetime_precision BIGINT, "
        "interval_precision BIGINT, ordinal_position BIGINT"
    ),
    "columns": (
        "table_id BIGINT, table_schema VARCHAR, table_name VARCHAR, "
        "is_system_table BOOLEAN, column_id VARCHAR, column_name VARCHAR, "
        "data_type VARCHAR, data_type_id BIGINT, data_type_length BIGINT, "
        "character_maximum_length BIGINT, numeric_precision BIGINT, "
        "numeric_scale BIGINT, datetime_precision BIGINT, "
        "interval_precision BIGINT, ordinal_position BIGINT, is_nullable BOOLEAN, "
        "column_default VARCHAR, is_identity BOOLEAN"
    ),
    "table_constraints": (
        "constraint_id BIGINT, constraint_name VARCHAR, constraint_schema_id BIGINT, "
        "constraint_key_count BIGINT, foreign_key_count BIGINT, table_id BIGINT, "
        "table_name VARCHAR, foreign_table_id BIGINT, foreign_table_name VARCHAR, "
        "constraint_type VARCHAR, is_enabled BOOLEAN"
    ),
    "constraint_columns": (
        "constraint_id BIGINT, table_schema VARCHAR, table_name VARCHAR, "
        "column_name VARCHAR, constraint_name VARCHAR, constraint_type VARCHAR, "
        "is_enabled BOOLEAN, table_id BIGINT, ordinal_position BIGINT"
    ),
    "primary_keys": (
        "constraint_id BIGINT, constraint_name VARCHAR, column_name VARCHAR, "
        "ordinal_position BIGINT, table_name VARCHAR, constraint_type VARCHAR, "
        "is_enabled BOOLEAN, table_schema VARCHAR, table_id BIGINT"
    ),
}
NAMES = frozenset(_TABLES)
"""The system tables that are kept."""


def open_catalog(session: Session, logins: Mapping[str, Credential]) -> Catalog:
    """Make the catalog's tables if they are missing, and read them.

    Args:
        session: Where.
        logins: The server's own superusers.
    """
    make_macros(session)
    session.write("CREATE SCHEMA IF NOT EXISTS v_catalog")
    for name, columns in _TABLES.items():
        session.write(f"CREATE TABLE IF NOT EXISTS v_catalog.{name} ({columns})")
    accounts = open_accounts(session, logins)
    schemas = _read_schemas(session)
    if not schemas:
        public = Schema(45_000, PUBLIC, _OWNER)
        add_schema(session, public)
        schemas = [public]
        target = Securable("SCHEMA", public.oid, "", PUBLIC, _OWNER)
        accounts.grant(Grant(target, PUBLIC_ROLE, _OWNER, {"USAGE": False}))
        save_accounts(session, accounts)
    relations: list[Relation] = [*_read_tables(session), *_read_views(session)]
    return Catalog(schemas, relations, accounts)


def _read_schemas(session: Session) -> list[Schema]:
    return [
        Schema(int(str(oid)), str(name), str(owner))
        for oid, name, owner in _rows(
            session, "SELECT schema_id, schema_name, schema_owner FROM {}.schemata"
        )
    ]


def add_schema(session: Session, schema: Schema) -> None:
    """Keep a schema."""
    session.write(
        "INSERT INTO v_catalog.schemata VALUES (?, ?, ?, ?, NULL, now(), false)",
        [schema.oid, schema.name, _OWNER_ID, schema.owner],
    )


def remove_schema(session: Session, name: str) -> None:
    """Forget a schema."""
    session.write("DELETE FROM v_catalog.schemata WHERE schema_name = ?", [name])


def add(session: Session, relation: Relation) -> None:
    """Keep a table or view."""
    kind = "VIEW" if isinstance(relation, View) else "TABLE"
    session.write(
        "INSERT INTO v_catalog.all_tables VALUES (?, ?, ?, ?, '')",
        [relation.schema, relation.oid, relation.name, kind],
    )
    if isinstance(relation, View):
        _add_view(session, relation)
    else:
        _add_table(session, relation)


def _add_view(session: Session, view: View) -> None:
    session.write(
        "INSERT INTO v_catalog.views VALUES (0, ?, ?, ?, ?, ?, ?, now())",
        [view.schema, view.oid, view.name, _OWNER_ID, view.owner, view.text],
    )
    rows = [_described(view, i, c) for i, c in enumerate(view.columns, 1)]
    _add_rows(session, "view_columns", rows)


def _add_table(session: Session, relation: Table) -> None:
    session.write(
        "INSERT INTO v_catalog.tables VALUES "
        "(0, ?, ?, ?, ?, ?, false, false, false, ?, now())",
        [relation.schema, relation.oid, relation.name, _OWNER_ID, relation.owner,
         relation.partition],
    )  # fmt: skip
    rows = [_column_row(relation, i, c) for i, c in enumerate(relation.columns, 1)]
    _add_rows(session, "columns", rows)
    for number, key in enumerate(relation.keys):
        _add_key(session, relation, relation.oid * 100 + number, key)


def remove(session: Session, relation: Relation) -> None:
    """Forget a table or view."""
    for name in sorted(NAMES - {"schemata"}):
        session.write(
            f"DELETE FROM v_catalog.{name} WHERE table_id = ?",  # noqa: S608 - ours
            [relation.oid],
        )


def _add_rows(session: Session, table: str, rows: list[list[object]]) -> None:
    row = "(" + ", ".join("?" * len(rows[0])) + ")"
    session.write(
        f"INSERT INTO v_catalog.{table} VALUES {', '.join([row] * len(rows))}",  # noqa: S608 - placeholders
        [value for row in rows for value in row],
    )


def _column_row(table: Table, position: int, column: ColumnDefinition) -> list[object]:
    described = _described(table, position, column)
    return [
        *described[:3], False, *described[3:], column.nullable, column.default or "",
        False,
    ]  # fmt: skip


def _described(
    relation: Relation, position: int, column: ColumnDefinition
) -> list[object]:
    kind = column.type
    is_interval = kind.oid in {INTERVAL, INTERVAL_YM}
    is_number = kind.oid == NUMERIC
    is_time = not is_interval and not is_number
    return [
        relation.oid, relation.schema, relation.name, f"{relation.oid}-{position}",
        column.name, kind.declaration, kind.oid, kind.length or max(kind.size, 8),
        kind.length if kind.oid in CHARACTER | BYTES else None,
        kind.precision if is_number else None, kind.scale if is_number else None,
        kind.precision if is_time else None, kind.precision if is_interval else None,
        position,
    ]  # fmt: skip


def _add_key(session: Session, table: Table, oid: int, key: Key) -> None:
    kind = "p" if key.primary else "u"
    session.write(
        "INSERT INTO v_catalog.table_constraints VALUES "
        "(?, ?, 0, ?, 0, ?, ?, NULL, NULL, ?, ?)",
        [oid, key.name, len(key.columns), table.oid, table.name, kind, key.enabled],
    )
    for position, column in enumerate(key.columns, 1):
        session.write(
            "INSERT INTO v_catalog.constraint_columns VALUES "
            "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [oid, table.schema, table.name, column, key.name, kind, key.enabled,
             table.oid, position],
        )  # fmt: skip
        if key.primary:
            session.write(
                "INSERT INTO v_catalog.primary_keys VALUES "
                "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [oid, key.name, column, position, table.name, kind, key.enabled,
                 table.schema, table.oid],
            )  # fmt: skip


def _read_tables(session: Session) -> list[Table]:
    columns = _read_columns(session, "columns", "is_nullable, column_default")
    keys: dict[object, dict[object, Key]] = defaultdict(dict)
    for oid, key, name, kind, enabled, column in _rows(
        session,
        "SELECT table_id, constraint_id, constraint_name, constraint_type, "
        "is_enabled, column_name FROM {}.constraint_columns "
        "ORDER BY constraint_id, ordinal_position",
    ):
        known = keys[oid].get(key)
        named = (*(known.columns if known else ()), str(column))
        keys[oid][key] = Key(str(name), kind == "p", named, bool(enabled))
    return [
        Table(
            int(str(oid)), str(schema), str(name), tuple(columns[oid]),
            tuple(keys[oid].values()), str(partition), str(owner),
        )
        for oid, schema, name, partition, owner in _rows(
            session,
            "SELECT table_id, table_schema, table_name, partition_expression, "
            "owner_name FROM {}.tables",
        )
    ]  # fmt: skip


def _read_views(session: Session) -> list[View]:
    columns = _read_columns(session, "view_columns", "true, ''")
    return [
        View(
            int(str(oid)), str(schema), str(name), str(text), tuple(columns[oid]),
            str(owner),
        )
        for oid, schema, name, text, owner in _rows(
            session,
            "SELECT table_id, table_schema, table_name, view_definition, owner_name "
            "FROM {}.views",
        )
    ]  # fmt: skip


def _read_columns(
    session: Session, table: str, options: str
) -> dict[object, list[ColumnDefinition]]:
    columns: dict[object, list[ColumnDefinition]] = defaultdict(list)
    for oid, name, kind, nullable, default in _rows(
        session,
        f"SELECT table_id, column_name, data_type, {options} "  # noqa: S608 - ours
        f"FROM {{}}.{table} ORDER BY table_id, ordinal_position",
    ):
        read = read_type(Words(str(kind)))
        columns[oid].append(
            ColumnDefinition(str(name), read, bool(nullable), str(default) or None)
        )
    return columns


def _rows(session: Session, sql: str) -> list[tuple[object, ...]]:
    return session.read(sql.replace("{}", "v_catalog")).rows()
