"""Days of one table from one shard, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import pymssql

from lowlevel.rows import SenselessAnswerError, SourceRows, check_count
from pipelines.catalog import BatchSize, Span, Table, half_open, in_batches
from pipelines.config import LoadOptions
from pipelines.errors import PermanentError
from pipelines.source.connection import SourceConnection, fetch_one
from pipelines.source.driver_rows import find_library, rows_beneath, senseless_answers
from pipelines.source.errors import LostLinkError
from pipelines.source.utf16_text import decode_text
from pipelines.sql import Dialect, Sql, render

SourceRow = Sequence[object]

Octets = bytes | memoryview
"""Encoded rows; a view's are others after the next step."""


class RowEncoder(Protocol):
    """What makes octets of rows, however they come."""

    def encode_tuples(self, batches: Iterator[Sequence[SourceRow]]) -> Iterator[Octets]:
        """Encode batches of rows, none of them empty."""

    def encode_rows(self, rows: SourceRows) -> Iterator[Octets]:
        """Encode rows as they come from the driver's library."""


def extract_encoded(
    connection: SourceConnection, span: Span, options: LoadOptions, encoder: RowEncoder
) -> Iterator[Octets]:
    """Read rows as they stream in, and encode them; nothing holds a whole day.

    Args:
        connection: A connection that uses the shard's database.
        span: What to read; several days come one after the other.
        options: How rows are read, and most of a batch.
        encoder: What becomes of them.

    Yields:
        What the encoder makes of each batch.

    Raises:
        LostLinkError: The connection was lost at some row.
        TransientError: The read broke off and may be tried again from its start.
        PermanentError: The server refuses the statement, or the encoder a row.
    """
    library = find_library(options.rows)
    rows: SourceRows | None = None
    with (
        _extracting(
            *(connection, span),
            came=lambda tuples: rows.came if rows else tuples,
            text_as_octets=library is not None,
        ) as cursor,
        senseless_answers(),
    ):
        if library is None:
            yield from encoder.encode_tuples(_tuples(cursor, options.batch))
            return
        rows = rows_beneath(cursor, library, span.table, options.rows)
        if rows is None:
            batches = decode_text(_tuples(cursor, options.batch), span.table)
            yield from encoder.encode_tuples(batches)
        else:
            yield from encoder.encode_rows(rows)


def extract_rows(
    connection: SourceConnection,
    span: Span,
    batch: BatchSize,
    *,
    by_key: bool = False,
) -> Iterator[Sequence[SourceRow]]:
    """Read rows as they stream in, as Python's values.

    Args:
        connection: A connection that uses the shard's database.
        span: What to read; several days come one after the other.
        batch: Most of a batch.
        by_key: Whether the rows come in the order of their keys instead.

    Yields:
        Batches of rows, none of them empty, with values in the catalog's order.

    Raises:
        LostLinkError: The connection was lost at some row.
        TransientError: The read broke off and may be tried again from its start.
        PermanentError: The server refuses the statement.
    """
    with _extracting(connection, span, by_key=by_key) as cursor, senseless_answers():
        yield from _tuples(cursor, batch)


@contextmanager
def _extracting(
    connection: SourceConnection,
    span: Span,
    *,
    by_key: bool = False,
    text_as_octets: bool = False,
    came: Callable[[int], int] = int,
) -> Iterator[pymssql.Cursor]:
    """A cursor that has executed a span's SELECT.

    Raises:
        LostLinkError: It tells how many rows `came`, as which so many tuples did.
    """
    sql = extract_statement(span, by_key=by_key, text_as_octets=text_as_octets)
    answered = False
    try:
        with connection.answering(connection.server.transfer_timeout) as cursor:
            cursor.execute(sql)
            answered, before = True, cursor.rownumber
            _check_width(cursor, span.table)
            yield cursor
    except LostLinkError as error:
        if answered:
            error.first, error.rows = span.first, came(cursor.rownumber - before)
        raise


def _check_width(cursor: pymssql.Cursor, table: Table) -> None:
    """Refuse an answer to another question, which might else pass for no rows."""
    given = len(cursor.description or ())
    if given != len(table.columns):
        raise PermanentError(
            f"SQL Server answers {given} columns, not {len(table.columns)}"
        )


def _tuples(cursor: pymssql.Cursor, batch: BatchSize) -> Iterator[Sequence[SourceRow]]:
    # The driver counts what is iterated over, not what is fetched at once, and from -1,
    # or from the end's count if no rows come before that.
    before = cursor.rownumber
    yield from in_batches(cursor, batch, _wide(cursor))
    said = cursor.connection._conn.rows_affected  # noqa: SLF001 - told nowhere else
    check_count(cursor.rownumber - before, said)
    if cursor.nextset():  # which raises what comes after the end
        raise SenselessAnswerError("more came than was asked for")


def _wide(cursor: pymssql.Cursor) -> list[int]:
    """The places of text and bytes, as the server says what it sends."""
    large = {pymssql.STRING.value, pymssql.BINARY.value}
    described = enumerate(cursor.description or ())
    return [at for at, (_, kind, *_) in described if kind in large]


def count_undated(connection: SourceConnection, table: Table) -> int:
    """How many rows of a table have no date, and so are in no day's extract.

    Raises:
        TransientError: The connection was lost.
        PermanentError: The server refuses the statement.
    """
    sql = render(
        "count_undated",
        Dialect.SQL_SERVER,
        query=Sql(table.query),
        date_column=table.date_column,
    )
    return fetch_one(connection, sql, int)


def extract_statement(
    span: Span, *, by_key: bool = False, text_as_octets: bool = False
) -> str:
    """The SELECT of some days: half-open, and able to use an index on the date.

    The bounds are written as datetime2 literals because the driver cuts parameters to
    milliseconds.

    Args:
        span: What to read.
        by_key: Whether the rows come in the order of their keys, not of their days.
        text_as_octets: Whether text is asked for as octets of UTF-16.
    """
    table = span.table
    several = span.first != span.last
    order_by = table.key if by_key else table.date_column if several else None
    start, stop = half_open(span.first, span.last)
    return render(
        "extract",
        Dialect.SQL_SERVER,
        columns=table.columns,
        query=Sql(table.query),
        date_column=table.date_column,
        start=start,
        stop=stop,
        order_by=order_by,
        text_as_octets=text_as_octets,
    )
