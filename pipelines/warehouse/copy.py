"""A stream of encoded batches into one table, counted on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache

from pipelines.catalog import Table
from pipelines.errors import PermanentError
from pipelines.sql import Dialect, render
from pipelines.warehouse.connection import Connection, Octets

ADDED_COLUMNS = ("etl_source", "etl_id", "hash_id")
"""What a load adds to the source's columns, in the order it is encoded."""


class BatchStream:
    """Encoded batches as the file that the driver's COPY reads, sent as they are.

    Attributes:
        failure: What the batches' source raised, if it did: the driver would hide it
            behind an error of its own.
    """

    def __init__(
        self, batches: Iterator[Octets], send: Callable[[Octets], None]
    ) -> None:
        """Send these batches, none of them empty."""
        self._batches = batches
        self._send = send
        self.failure: Exception | None = None

    def read(self, _size: int, /) -> bytes:
        """Send all batches; then there is nothing left to read."""
        while batch := self._next():
            self._send(batch)
        return b""

    def _next(self) -> Octets:
        try:
            return next(self._batches, b"")
        except Exception as error:
            self.failure = error
            raise


def copy_rows(connection: Connection, statement: str, batches: Iterator[Octets]) -> int:
    """Load NATIVE batches into a table, without committing.

    Args:
        connection: In whose transaction the rows land.
        statement: The COPY.
        batches: The NATIVE header, then encoded rows.

    Returns:
        How many rows Vertica took.

    Raises:
        PermanentError: Vertica rejected rows.
        ShardlineError: The source or the warehouse failed, as each says.
    """
    stream = BatchStream(batches, connection.send_rows)
    try:
        connection.copy(statement, stream)
    except Exception:
        if stream.failure is not None:
            raise stream.failure from None
        raise
    sql = _copied_rows()
    accepted, rejected = connection.one_row(sql, int, int)
    if rejected:
        raise PermanentError(
            f"Vertica rejected {rejected} rows", step="compare target and catalog"
        )
    return int(accepted)


@cache
def _copied_rows() -> str:
    return render("copied_rows", Dialect.VERTICA)


@lru_cache(maxsize=64)
def copy_statement(table: Table, staging: str = "") -> str:
    """The COPY of one table: it aborts on the first bad row and commits nothing.

    Args:
        table: Whose rows they are, and where they land.
        staging: A temporary table where they land instead.
    """
    schema, name = ("", staging) if staging else table.schema_and_table
    return render(
        "copy",
        Dialect.VERTICA,
        schema=schema,
        table=name,
        columns=loaded_columns(table),
    )


def loaded_columns(table: Table) -> list[str]:
    """The columns of a table's target, in the order in which they are encoded."""
    return [*(column.name for column in table.columns), *ADDED_COLUMNS]
