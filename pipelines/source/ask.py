"""A short question to a SQL Server."""

from __future__ import annotations

from typing import Any

import pymssql

from pipelines.errors import PermanentError
from pipelines.source.faults import translated


def ask(connection: pymssql.Connection, sql: str, columns: int) -> list[Any]:
    """Run a query whose few rows are wanted at once.

    Args:
        connection: A connection that uses the shard's database.
        sql: The query.
        columns: How many columns it has.

    Returns:
        The rows, as tuples.

    Raises:
        TransientError: The connection was lost.
        PermanentError: The server refuses the query, or answers something else, as
            what only speaks its protocol may.
    """
    with translated():
        cursor = connection.cursor()
        cursor.execute(sql)
        found = len(cursor.description or ())
        if found != columns:
            raise PermanentError(f"SQL Server answers {found} columns, not {columns}")
        return list(cursor.fetchall())
