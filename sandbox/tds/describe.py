"""sys.dm_exec_describe_first_result_set: what columns a query would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.tds.types import BIT, INT, SYSNAME, text
from sandbox.tds.values import constant, null
from sandbox.tds.wire_types import OutputColumn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.errors import SqlError
    from sandbox.tds.syntax import TableName
    from sandbox.tds.types import SqlType
    from sandbox.tds.values import Constant

    Row = Sequence[Constant | None]

_MESSAGE = text(4000, unicode=True)
_COLUMNS: dict[str, SqlType] = {
    "is_hidden": BIT,
    "column_ordinal": INT,
    "name": SYSNAME,
    "is_nullable": BIT,
    "system_type_name": SYSNAME,
    "source_database": SYSNAME,
    "source_schema": SYSNAME,
    "source_table": SYSNAME,
    "source_column": SYSNAME,
    "is_identity_column": BIT,
    "error_number": INT,
    "error_severity": INT,
    "error_state": INT,
    "error_message": _MESSAGE,
}
COLUMNS = tuple(OutputColumn(name, kind) for name, kind in _COLUMNS.items())
"""The columns of the function's result; the real one has more."""


def is_describe(name: TableName) -> bool:
    """Whether a table function is the one of this module."""
    parts = [part.lower() for part in name.parts]
    return parts == ["sys", "dm_exec_describe_first_result_set"]


def of_columns(
    columns: Iterable[OutputColumn], database: str, *, with_sources: bool
) -> list[Row]:
    """A row for each column; with the table it is read from if that is asked for."""
    rows: list[Row] = []
    for place, column in enumerate(columns, start=1):
        source: Row = (None, None, None, None)
        if with_sources and column.origin:
            source = (database, *column.origin)
        rows.append(
            (
                False,
                place,
                column.name or None,
                column.nullable,
                str(column.type),
                *source,
                column.identity,
                *(None, None, None, None),
            )
        )
    return rows


def of_error(error: SqlError) -> list[Row]:
    """The one row that says what is wrong with a query."""
    told = (error.number, error.severity, error.state, str(error))
    return [(False, 0, *(None,) * 8, *told)]


def relation(rows: Iterable[Row], columns: Sequence[OutputColumn]) -> str:
    """DuckDB SQL of constant rows."""
    lines = [
        ", ".join(
            null(c.type).sql if value is None else constant(value, c.type).sql
            for value, c in zip(row, columns, strict=True)
        )
        for row in rows
    ]
    if lines:
        return "VALUES " + ", ".join(f"({line})" for line in lines)
    empty = ", ".join(null(c.type).sql for c in columns)
    return f"SELECT {empty} WHERE false"
