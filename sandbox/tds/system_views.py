"""sys.* and INFORMATION_SCHEMA, made from the catalog when they are asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sandbox.tds.collations import DEFAULT_COLLATION
from sandbox.tds.describe import relation
from sandbox.tds.modules import ModuleKind
from sandbox.tds.type_numbers import TYPE_NUMBERS
from sandbox.tds.type_sizes import sizes
from sandbox.tds.types import (
    BIT,
    INT,
    SMALLINT,
    SYSNAME,
    TINYINT,
    Family,
    SqlType,
    text,
)
from sandbox.tds.wire_types import OutputColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sandbox.tds.environment import Environment
    from sandbox.tds.syntax import TableName
    from sandbox.tds.tables import Column, Table
    from sandbox.tds.values import Constant

    Row = tuple[Constant | None, ...]

_DESCRIBED = {
    ModuleKind.PROCEDURE: "SQL_STORED_PROCEDURE",
    ModuleKind.VIEW: "VIEW",
}
_DEFAULT_TEXT = text(4000, unicode=True)
_SHORT = text(60, unicode=True)


def _tables(environment: Environment) -> Iterator[Row]:
    schemas = _schema_numbers(environment)
    for table in environment.tables.all():
        number = schemas[table.schema]
        yield table.name, table.object_id, number, 0, "U ", "USER_TABLE", False


def _modules(kinds: Sequence[ModuleKind], environment: Environment) -> Iterator[Row]:
    schemas = _schema_numbers(environment)
    for module in environment.tables.modules():
        if module.kind in kinds:
            described = _DESCRIBED[module.kind]
            number = schemas[module.schema]
            type_ = f"{module.kind.value} "
            yield module.name, module.object_id, number, 0, type_, described, False


def _objects(environment: Environment) -> Iterator[Row]:
    yield from _tables(environment)
    yield from _modules(tuple(ModuleKind), environment)


def _sys_columns(environment: Environment) -> Iterator[Row]:
    for table, place, column in _each_column(environment):
        size, precision, scale = sizes(column.type)
        number = TYPE_NUMBERS[column.type.name]
        collation = column.type.collation if column.type.family is Family.TEXT else None
        yield (
            table.object_id,
            column.name,
            place,
            number,
            number,
            size,
            precision,
            scale,
            collation,
            column.nullable,
            column.identity is not None,
            False,
        )


def _each_column(environment: Environment) -> Iterator[tuple[Table, int, Column]]:
    for table in environment.tables.all():
        for place, column in enumerate(table.columns, start=1):
            yield table, place, column


def _types(environment: Environment) -> Iterator[Row]:  # noqa: ARG001 - a view's builder
    for name, number in TYPE_NUMBERS.items():
        yield name, number, number


def _databases(environment: Environment) -> Iterator[Row]:
    collation = DEFAULT_COLLATION
    for place, name in enumerate(environment.facts.databases, start=1):
        yield name, place, 150, collation, 0, "ONLINE"


def _schema_numbers(environment: Environment) -> dict[str, int]:
    """Schemas by name: dbo is 1, others follow in order."""
    tables = environment.tables
    others = {table.schema for table in tables.all()}
    others |= {module.schema for module in tables.modules()}
    others.discard("dbo")
    return {name: at for at, name in enumerate(["dbo", *sorted(others)], start=1)}


def _schemas(environment: Environment) -> Iterator[Row]:
    yield from _schema_numbers(environment).items()


def _indexes(environment: Environment) -> Iterator[Row]:
    for table in environment.tables.all():
        for place, key in enumerate(table.keys, start=1):
            yield (
                table.object_id,
                key.name,
                place,
                key.unique,
                key.primary,
                key.constraint and not key.primary,
            )


def _schema_columns(environment: Environment) -> Iterator[Row]:
    database = environment.session.database
    for table, place, column in _each_column(environment):
        kind = column.type
        _, precision, scale = sizes(kind)
        has_length = kind.family in (Family.TEXT, Family.BINARY)
        numeric = kind.family in (Family.INTEGER, Family.DECIMAL, Family.FLOAT)
        timed = kind.family in (
            Family.DATE,
            Family.TIME,
            Family.MOMENT,
            Family.OFFSET,
        )
        octets = -1 if kind.is_max else kind.length * (2 if kind.is_unicode else 1)
        character_set = "UNICODE" if kind.is_unicode else "iso_1"
        is_text = kind.family is Family.TEXT
        yield (
            database,
            table.schema,
            table.name,
            column.name,
            place,
            f"({column.default})" if column.default else None,
            "YES" if column.nullable else "NO",
            kind.name,
            kind.length if has_length else None,
            octets if has_length else None,
            precision if numeric else None,
            scale if numeric and kind.family is not Family.FLOAT else None,
            scale if timed else None,
            character_set if is_text else None,
            kind.collation if is_text else None,
        )


def _schema_tables(environment: Environment) -> Iterator[Row]:
    database = environment.session.database
    for table in environment.tables.all():
        yield database, table.schema, table.name, "BASE TABLE"
    for module in environment.tables.modules():
        if module.kind is ModuleKind.VIEW:
            yield database, module.schema, module.name, "VIEW"


def _routines(environment: Environment) -> Iterator[Row]:
    database = environment.session.database
    for module in environment.tables.modules():
        if module.kind is ModuleKind.PROCEDURE:
            yield database, module.schema, module.name, "PROCEDURE", module.text


_VIEWS: dict[
    tuple[str, str],
    tuple[Callable[[Environment], Iterator[Row]], Sequence[tuple[str, SqlType]]],
] = {}


def _view(
    names: Sequence[tuple[str, str]],
    builder: Callable[[Environment], Iterator[Row]],
    columns: Sequence[tuple[str, SqlType]],
) -> None:
    for name in names:
        _VIEWS[name] = builder, columns


_OBJECT_COLUMNS = [
    ("name", SYSNAME),
    ("object_id", INT),
    ("schema_id", INT),
    ("parent_object_id", INT),
    ("type", text(2, unicode=False)),
    ("type_desc", _SHORT),
    ("is_ms_shipped", BIT),
]
_view([("sys", "tables")], _tables, _OBJECT_COLUMNS)
_view([("sys", "objects")], _objects, _OBJECT_COLUMNS)
_view([("sys", "views")], partial(_modules, [ModuleKind.VIEW]), _OBJECT_COLUMNS)
_view(
    [("sys", "procedures")], partial(_modules, [ModuleKind.PROCEDURE]), _OBJECT_COLUMNS
)
_view(
    [("sys", "columns"), ("sys", "all_columns")],
    _sys_columns,
    [
        ("object_id", INT),
        ("name", SYSNAME),
        ("column_id", INT),
        ("system_type_id", TINYINT),
        ("user_type_id", INT),
        ("max_length", SMALLINT),
        ("precision", TINYINT),
        ("scale", TINYINT),
        ("collation_name", SYSNAME),
        ("is_nullable", BIT),
        ("is_identity", BIT),
        ("is_computed", BIT),
    ],
)
_view(
    [("sys", "types")],
    _types,
    [("name", SYSNAME), ("system_type_id", TINYINT), ("user_type_id", INT)],
)
_view(
    [("sys", "databases")],
    _databases,
    [
        ("name", SYSNAME),
        ("database_id", INT),
        ("compatibility_level", TINYINT),
        ("collation_name", SYSNAME),
        ("state", TINYINT),
        ("state_desc", _SHORT),
    ],
)
_view([("sys", "schemas")], _schemas, [("name", SYSNAME), ("schema_id", INT)])
_view(
    [("sys", "indexes")],
    _indexes,
    [
        ("object_id", INT),
        ("name", SYSNAME),
        ("index_id", INT),
        ("is_unique", BIT),
        ("is_primary_key", BIT),
        ("is_unique_constraint", BIT),
    ],
)
_view(
    [("information_schema", "columns")],
    _schema_columns,
    [
        ("TABLE_CATALOG", SYSNAME),
        ("TABLE_SCHEMA", SYSNAME),
        ("TABLE_NAME", SYSNAME),
        ("COLUMN_NAME", SYSNAME),
        ("ORDINAL_POSITION", INT),
        ("COLUMN_DEFAULT", _DEFAULT_TEXT),
        ("IS_NULLABLE", text(3, unicode=False)),
        ("DATA_TYPE", SYSNAME),
        ("CHARACTER_MAXIMUM_LENGTH", INT),
        ("CHARACTER_OCTET_LENGTH", INT),
        ("NUMERIC_PRECISION", TINYINT),
        ("NUMERIC_SCALE", INT),
        ("DATETIME_PRECISION", SMALLINT),
        ("CHARACTER_SET_NAME", SYSNAME),
        ("COLLATION_NAME", SYSNAME),
    ],
)
_view(
    [("information_schema", "tables")],
    _schema_tables,
    [
        ("TABLE_CATALOG", SYSNAME),
        ("TABLE_SCHEMA", SYSNAME),
        ("TABLE_NAME", SYSNAME),
        ("TABLE_TYPE", text(10, unicode=False)),
    ],
)


_view(
    [("information_schema", "routines")],
    _routines,
    [
        ("ROUTINE_CATALOG", SYSNAME),
        ("ROUTINE_SCHEMA", SYSNAME),
        ("ROUTINE_NAME", SYSNAME),
        ("ROUTINE_TYPE", text(20, unicode=True)),
        ("ROUTINE_DEFINITION", _DEFAULT_TEXT),
    ],
)


def system_view(
    name: TableName, environment: Environment
) -> tuple[str, tuple[OutputColumn, ...]] | None:
    """DuckDB SQL of a system view and its columns; None for any other name."""
    if len(name.parts) < 2:  # noqa: PLR2004 - schema and name
        return None
    schema, own = name.parts[-2].lower(), name.parts[-1].lower()
    found = _VIEWS.get((schema, own))
    if found is None:
        return None
    if len(name.parts) > 2:  # noqa: PLR2004 - a database before them
        environment.resolve(name)
    builder, columns = found
    outputs = tuple(OutputColumn(title, kind) for title, kind in columns)
    return relation(builder(environment), outputs), outputs
