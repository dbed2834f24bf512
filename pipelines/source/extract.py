"""Days of one table from one shard, in batches."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence

import pymssql

from pipelines.catalog import BatchSize, Span, Table, half_open, in_batches
from pipelines.errors import PermanentError
from pipelines.source.connection import SourceConnection, fetch_one
from pipelines.source.errors import LostLinkError
from pipelines.sql import Dialect, Sql, render

SourceRow = Sequence[object]


def extract_rows(
    connection: SourceConnection,
    span: Span,
    batch: BatchSize,
    *,
    by_key: bool = False,
) -> Iterator[Sequence[SourceRow]]:
    """Read rows as they stream in; nothing holds a whole day.

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
    as_octets = _has_guids(span) and come_as_octets(connection)
    statement = extract_statement(span, guids_as_octets=as_octets, by_key=by_key)
    answered = False
    try:
        with connection.answering(connection.server.transfer_timeout) as cursor:
            cursor.execute(statement)
            answered = True
            # The driver counts what is iterated over, not what is fetched at once.
            yield from in_batches(cursor, batch, _wide(cursor))
    except LostLinkError as error:
        if answered:
            error.first, error.rows = span.first, cursor.rownumber + 1  # from -1 on
        raise


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
    span: Span, *, guids_as_octets: bool = False, by_key: bool = False
) -> str:
    """The SELECT of some days: half-open, and able to use an index on the date.

    The bounds are written as datetime2 literals because the driver cuts parameters to
    milliseconds.

    Args:
        span: What to read.
        guids_as_octets: Whether uniqueidentifiers are asked for as binary(16).
        by_key: Whether the rows come in the order of their keys, not of their days.
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
        guids_as_octets=guids_as_octets,
    )


def _has_guids(span: Span) -> bool:
    return any(one.kind == "uniqueidentifier" for one in span.table.columns)


logger = logging.getLogger(__name__)

_KNOWN = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


def come_as_octets(connection: SourceConnection) -> bool:
    """Ask for a known uniqueidentifier as binary(16), and look at the octets' order.

    SQL Server stores the first three parts with the least significant octet first
    (its documentation of uniqueidentifier), as `uuid.UUID.bytes_le`. What speaks its
    protocol may do otherwise, or not know the conversion: then the driver reads them.

    Raises:
        TransientError: The connection was lost.
    """
    try:
        sql = render("known_guid", Dialect.SQL_SERVER, guid=str(_KNOWN))
        octets = fetch_one(connection, sql, bytes)
    except PermanentError as error:
        logger.info("uniqueidentifiers are read by the driver: %s", error.cause)
        return False
    return octets == _KNOWN.bytes_le
