"""One connection to one shard, for reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import cache, partial
from types import UnionType
from typing import Any, TypeVar, cast

import pymssql

from pipelines.catalog import Shard
from pipelines.config import Server
from pipelines.errors import PermanentError, TransientError
from pipelines.network import Address, KeptConnections, first_to_answer
from pipelines.runtime import LATER, cut_after, stopper
from pipelines.source.errors import ERRORS, LostLinkError, source_errors
from pipelines.source.login import log_in
from pipelines.sql import Dialect, render

Kind = type | UnionType
"""What a value has to be; `int | None` where it may be NULL."""

T = TypeVar("T")

NO_USE = "40508"
"""Azure SQL Database's number for USE of another database than the login's."""

_MOST = 10_000
"""Most rows of an answer that is read as a whole."""


class SourceConnection:
    """A session of SQL Server's, each of whose answers has an end.

    Attributes:
        at_rest: Whether every question so far was answered to its end.
    """

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
        self.at_rest = True
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
        at_rest, self.at_rest = self.at_rest, False
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
        self.at_rest = at_rest

    def use(self, shard: Shard) -> None:
        """Read this shard's database from now on.

        Chosen by a statement of ours: the driver would report a missing database as a
        failed login, and does not escape the name.

        Raises:
            TransientError: The connection was lost, or it may pass.
            PermanentError: There is no such database, or no right to use it; or the
                server takes it at a login only, which is `NO_USE`.
        """
        with (
            stopper().cutting(self.cut),
            self.answering(self.server.login_timeout) as cursor,
        ):
            cursor.execute(
                render("use_database", Dialect.SQL_SERVER, database=shard.database)
            )

    def close(self) -> None:
        """Hang up. Never raises."""
        with suppress(*ERRORS):
            self._raw.close()


@cache
def kept_sources() -> KeptConnections[SourceConnection]:
    """Those that this process keeps; of each server, or of a database of its own."""
    return KeptConnections()


@contextmanager
def connect_source(server: Server, shard: Shard) -> Iterator[SourceConnection]:
    """A connection that reads one shard's database and holds no transaction open.

    It is kept for the next shard of the same server, unless an error came over it or an
    answer was not read to its end.

    Args:
        server: How its host is reached.
        shard: Whose database to use.

    Raises:
        TransientError: The host cannot be reached now.
        PermanentError: It refuses the login, or has no such database.
    """
    key, connection = _kept(server, shard) or _connect(server, shard)
    try:
        with stopper().cutting(connection.cut):
            yield connection
    except BaseException:
        connection.close()
        raise
    if connection.at_rest:
        kept_sources().keep(key, connection)
    else:
        connection.close()


_Key = tuple[Server, str]
"""A server, and the database where it has a login for each; otherwise ""."""


def _kept(server: Server, shard: Shard) -> tuple[_Key, SourceConnection] | None:
    """One that was kept, and is alive: it uses the shard's database now."""
    for key in ((server, ""), (server, shard.database)):
        while connection := kept_sources().take(key):
            try:
                connection.use(shard)
            except BaseException as error:
                connection.close()
                if not _is_worth_a_login(error):
                    raise
            else:
                return key, connection
    return None


def _is_worth_a_login(error: BaseException) -> bool:
    no_use = isinstance(error, PermanentError) and error.code == NO_USE
    return no_use or isinstance(error, TransientError)


def _connect(server: Server, shard: Shard) -> tuple[_Key, SourceConnection]:
    addresses = server.addresses
    if server not in _by_login():
        try:
            opened = first_to_answer(addresses, partial(_open, shard), by_name=True)
        except PermanentError as error:
            if error.code != NO_USE:
                raise
            _by_login().add(server)
        else:
            return (server, ""), opened
    log_in_there = partial(_log_in, database=shard.database)
    opened = first_to_answer(addresses, log_in_there, by_name=True)
    return (server, shard.database), opened


@cache
def _by_login() -> set[Server]:
    """Where this process has seen that a database is chosen by a login only."""
    return set()


def log_in_source(server: Server) -> AbstractContextManager[SourceConnection]:
    """A connection to this server, in none of the shards' databases.

    Raises:
        TransientError: The host cannot be reached now.
        PermanentError: It refuses the login.
    """
    return closing(first_to_answer([server], _log_in, by_name=True))


def _log_in(server: Server, at: Address, *, database: str = "") -> SourceConnection:
    raw, cut = log_in(server, at, database)
    return SourceConnection(raw, server, cut)


def _open(shard: Shard, server: Server, at: Address) -> SourceConnection:
    connection = _log_in(server, at)
    try:
        connection.use(shard)
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
