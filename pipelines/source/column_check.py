"""The columns that a shard has, against those that the catalog says."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.catalog import Span, Table
from pipelines.errors import PermanentError
from pipelines.source.connection import SourceConnection, fetch_all
from pipelines.sql import Dialect, render

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Described:
    """One column of a query's result, as SQL Server describes it.

    Attributes:
        name: Its name in the result; None if it has none.
        type: Its type, such as ``nvarchar(400)``.
        hidden: Whether the server added it by itself.
        error: The number of the error that the query has, instead of columns.
        schema: The schema of the table it is read from; None for an expression.
        table: That table.
        column: Its name there.
        nullable: Whether it may be NULL, or the server cannot tell.
    """

    name: str | None
    type: str | None
    hidden: bool
    error: int | None
    schema: str | None
    table: str | None
    column: str | None
    nullable: bool


_TEXT = str | None
_NUMBER = int | None  # a bit is a bool, which is one
_DESCRIBED = (_TEXT, _TEXT, _NUMBER, _NUMBER, _TEXT, _TEXT, _TEXT, _NUMBER)


@dataclass(frozen=True)
class ColumnCheck:
    """What a shard's columns are to a load.

    Attributes:
        warnings: What someone should see to, although nothing failed.
        undated: Whether rows may have no date.
    """

    warnings: list[str]
    undated: bool


def compare_columns(connection: SourceConnection, span: Span) -> ColumnCheck:
    """Compare a table's columns in a shard with the catalog, before rows are read.

    Args:
        connection: A connection that uses the shard's database.
        span: Whose table and shard.

    Returns:
        A warning of all columns that the catalog does not know, and one of those whose
        NULLs it does not expect. None when the server cannot describe the query: then
        only the values themselves are checked, and rows may have no date.

    Raises:
        PermanentError: Columns are missing, or have another type.
        TransientError: The connection was lost.
    """
    try:
        described = _described(connection, span.table)
        faults = list(_faults(span.table, described))
        unknown = list(_unknown(connection, span.table, described))
    except PermanentError as error:
        logger.info("%s: columns are not compared: %s", span, error.cause)
        return ColumnCheck([], undated=True)
    if faults:
        raise PermanentError(
            f"the shard's columns are not the catalog's: {'; '.join(faults)}",
            step="correct the catalog and the target, or the table in the shard",
        )
    return ColumnCheck(
        [*_new(unknown), *_nulls(list(_unexpected_nulls(span.table, described)))],
        undated=_nullable(described).get(span.table.date_column.lower(), True),
    )


def _new(columns: Sequence[str]) -> Iterator[str]:
    are, them = ("is", "it") if len(columns) == 1 else ("are", "them")
    if columns:
        yield (
            f"{', '.join(columns)} {are} new and not loaded;"
            f" add {them} to the catalog, or to its `ignore`"
        )


def _nulls(columns: Sequence[str]) -> Iterator[str]:
    types = "its type" if len(columns) == 1 else "their types"
    if columns:
        yield (
            f"{', '.join(columns)} may be NULL in the shard, and the first NULL fails;"
            f' add " null" to {types}'
        )


def _described(connection: SourceConnection, table: Table) -> list[Described]:
    """The result's columns; none if the query is wrong, as it will say itself."""
    sql = render("describe_query", Dialect.SQL_SERVER, query=table.query)
    columns = [Described(*row) for row in fetch_all(connection, sql, _DESCRIBED)]
    return [] if any(c.error for c in columns) else [c for c in columns if not c.hidden]


def _faults(table: Table, described: Sequence[Described]) -> Iterator[str]:
    types = {c.name.lower(): c.type or "" for c in described if c.name}
    for column in table.columns if described else ():
        found = types.get(column.name.lower())
        if found is None:
            yield f"{column.name} is missing"
        elif not column.takes(found):
            yield f"{column.name} is {found}, not {column.declared}"


def _unexpected_nulls(table: Table, described: Sequence[Described]) -> Iterator[str]:
    """Columns of tables that may be NULL though the catalog says they are not.

    Of an expression the server often cannot tell, so its word is no reason to warn.
    """
    nullable = _nullable([one for one in described if one.column])
    for column in table.columns:
        expected = column.nullable or column.name == table.date_column
        if nullable.get(column.name.lower()) and not expected:
            yield column.name


def _nullable(described: Sequence[Described]) -> dict[str, bool]:
    return {c.name.lower(): c.nullable for c in described if c.name}


def _unknown(
    connection: SourceConnection, table: Table, described: Sequence[Described]
) -> Iterator[str]:
    """What is not loaded of the result, and of the tables it is made from."""
    known = {name.lower() for name in (*(c.name for c in table.columns), *table.ignore)}
    for column in described:
        if column.name and column.name.lower() not in known:
            yield f"{column.name} ({column.type})"
    read = {(c.schema, c.table, c.column) for c in described}
    for schema, table_name in sorted({(s, t) for s, t, _ in read if s and t}):
        sql = render(
            "describe_table", Dialect.SQL_SERVER, schema=schema, table=table_name
        )
        for name, kind in fetch_all(connection, sql, (str, str)):
            if (schema, table_name, name) not in read and name.lower() not in known:
                yield f"{schema}.{table_name}.{name} ({kind})"
