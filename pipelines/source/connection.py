"""One connection to one shard, for reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial
from types import UnionType
from typing import Any, TypeVar, cast

import pymssql

from pipelines.catalog import Shard
from pipelines.config import Server
from pipelines.errors import PermanentError
from pipelines.network import Address, first_to_answer
from pipelines.runtime import LATER, cut_after, stopper
from pipelines.source.errors import ERRORS, LostLinkError, source_errors
from pipelines.source.login import log_in
from pipelines.sql import Dialect, render

Kind = type | UnionType
"""What a value has to be; `int | None` where it may be NULL."""

T = TypeVar("T")

_MOST = 10_000
"""Most rows of an answer that is read as a whole."""


class SourceConnection:
    """A session of SQL Server's, each of whose answers has an end."""

    def __init__(
        self, raw: pymssql.Connection, server: Server, cut: Callable[[], None]
    ) -> None:
        """Wrap a connection of the driver's.

        Args:
            raw: That connection.
            server: How long its answers may take.
            cut: Ends it from another thread.
        """
        self.server = server
        self.cut = cut
        self._raw = raw

    @contextmanager
    def answering(self, seconds: float) -> Iterator[pymssql.Cursor]:
        """A cursor for one question, whose whole answer must come in time.

        The driver's own time-out starts anew with each octet.

        Args:
            seconds: How long it may take.

        Raises:
            LostLinkError: It took longer, and the connection was cut; or it was lost.
            TransientError: It may pass.
            PermanentError: It stays, or is not known.
        """
        with cut_after(seconds, self.cut) as limit:
            try:
                with source_errors():
                    yield self._raw.cursor()
            except LostLinkError as error:
                if not limit.passed:
                    raise
                raise LostLinkError(
                    f"SQL Server had not answered in full after {seconds:g} s",
                    step=LATER,
                ) from error

    def close(self) -> None:
        """Hang up. Never raises."""
        with suppress(*ERRORS):
            self._raw.close()


@contextmanager
def connect_source(server: Server, shard: Shard) -> Iterator[SourceConnection]:
    """A connection that reads one shard's database and holds no transaction open.

    Args:
        server: How its host is reached.
        shard: Whose database to use.

    Raises:
        TransientError: The host cannot be reached now.
        PermanentError: It refuses the login, or has no such database.
    """
    use_shard = partial(_open, shard)
    with (
        closing(
            first_to_answer(server.addresses, use_shard, by_name=True)
        ) as connection,
        stopper().cutting(connection.cut),
    ):
        yield connection


def log_in_source(server: Server) -> AbstractContextManager[SourceConnection]:
    """A connection to this server, in none of the shards' databases.

    Raises:
        TransientError: The host cannot be reached now.
        PermanentError: It refuses the login.
    """
    return closing(first_to_answer([server], _log_in, by_name=True))


def _log_in(server: Server, at: Address) -> SourceConnection:
    raw, cut = log_in(server, at)
    return SourceConnection(raw, server, cut)


def _open(shard: Shard, server: Server, at: Address) -> SourceConnection:
    connection = _log_in(server, at)
    try:
        # Chosen by a statement of ours: the driver would report a missing database as
        # a failed login, and does not escape the name.
        with connection.answering(server.login_timeout) as cursor:
            cursor.execute(
                render("use_database", Dialect.SQL_SERVER, database=shard.database)
            )
    except BaseException:
        connection.close()
        raise
    return connection


def fetch_all(
    connection: SourceConnection, sql: str, kinds: Sequence[Kind]
) -> list[Any]:
    """Run a query whose few rows are wanted at once.

    Args:
        connection: A connection that uses the shard's database.
        sql: The query.
        kinds: What the values of a row have to be.

    Returns:
        The rows, as tuples.

    Raises:
        TransientError: The connection was lost.
        PermanentError: The server refuses the query, or answers something else, as
            what only speaks its protocol may.
    """
    with connection.answering(connection.server.timeout) as cursor:
        cursor.execute(sql)
        rows = list(cursor.fetchmany(_MOST)) if cursor.description else []
    for row in rows:
        if len(row) != len(kinds) or not all(map(_is, row, kinds)):
            found = ", ".join(type(value).__name__ for value in row[: len(kinds) + 1])
            raise PermanentError(f"SQL Server answers another question: ({found})")
    return rows


def _is(value: object, kind: Kind) -> bool:
    # No name has a NUL, which could not be written in the next question.
    return isinstance(value, kind) and not (isinstance(value, str) and "\0" in value)


def fetch_one(connection: SourceConnection, sql: str, kind: type[T]) -> T:
    """Run a query for a single value.

    Raises:
        TransientError: The connection was lost.
        PermanentError: As `fetch_all` does.
    """
    rows = fetch_all(connection, sql, [kind])
    if len(rows) != 1:
        raise PermanentError(f"SQL Server answers {len(rows)} rows, not one")
    ((value,),) = rows
    return cast("T", value)
