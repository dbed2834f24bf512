"""One connection to one shard, for reading."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pymssql

from pipelines.catalog import Shard
from pipelines.config import Server
from pipelines.errors import PermanentError
from pipelines.runtime import Address, first_to_answer, stopper
from pipelines.source.errors import ERRORS, login_error, source_errors
from pipelines.source.login_messages import login_messages
from pipelines.sql import Dialect, render


@contextmanager
def connect_source(server: Server, shard: Shard) -> Iterator[pymssql.Connection]:
    """A connection that reads one shard's database and holds no transaction open.

    Args:
        server: How its host is reached.
        shard: Whose database to use.

    Raises:
        TransientError: The host cannot be reached now.
        PermanentError: It refuses the login, or has no such database.
    """
    with ExitStack() as stack:
        for port in {address.port for address in server.addresses}:
            stack.enter_context(stopper().cutting(partial(cut_connections, port)))
        open_shard = partial(_open, shard)
        connection = first_to_answer(server.addresses, open_shard, by_name=True)
        yield stack.enter_context(_closing(connection))


def log_in_source(server: Server) -> AbstractContextManager[pymssql.Connection]:
    """A connection to this server, in none of the shards' databases.

    Raises:
        TransientError: The host cannot be reached now.
        PermanentError: It refuses the login.
    """
    return _closing(first_to_answer([server], _log_in, by_name=True))


def _log_in(server: Server, at: Address) -> pymssql.Connection:
    try:
        with login_messages().heard() as said:
            return pymssql.connect(
                # By the name, the driver tries all addresses at once, checks the
                # certificate and finds its section of freetds.conf. An IPv6 address
                # it takes only in this form.
                server=at.location,
                user=server.user,
                password=server.password.get_secret_value(),
                login_timeout=server.login_timeout,
                timeout=server.timeout,
                encryption=server.encryption,
                appname="shardline",
                tds_version="7.4",
                charset="UTF-8",
                autocommit=True,
                conn_properties=_session_options(server),
            )
    except ERRORS:
        raise login_error(said, server, at) from None


def _open(shard: Shard, server: Server, at: Address) -> pymssql.Connection:
    connection = _log_in(server, at)
    try:
        # Chosen by a statement of ours: the driver would report a missing database as
        # a failed login, and does not escape the name.
        with source_errors():
            connection.cursor().execute(
                render("use_database", Dialect.SQL_SERVER, database=shard.database)
            )
    except BaseException:
        _hang_up(connection)
        raise
    return connection


@contextmanager
def _closing(connection: pymssql.Connection) -> Iterator[pymssql.Connection]:
    try:
        yield connection
    finally:
        _hang_up(connection)


def _hang_up(connection: pymssql.Connection) -> None:
    with suppress(*ERRORS):
        connection.close()


def _session_options(server: Server) -> str:
    """Options of the session; they replace the driver's own."""
    lock_timeout_ms = round(server.lock_timeout * 1_000)
    return (
        "SET ARITHABORT ON; SET CONCAT_NULL_YIELDS_NULL ON; SET ANSI_NULLS ON;"
        " SET ANSI_NULL_DFLT_ON ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON;"
        " SET QUOTED_IDENTIFIER ON; SET TEXTSIZE 2147483647; SET NOCOUNT ON;"
        f" SET DEADLOCK_PRIORITY LOW; SET LOCK_TIMEOUT {lock_timeout_ms};"
    )


def fetch_all(connection: pymssql.Connection, sql: str, columns: int) -> list[Any]:
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
    with source_errors():
        cursor = connection.cursor()
        cursor.execute(sql)
        found = len(cursor.description or ())
        if found != columns:
            raise PermanentError(f"SQL Server answers {found} columns, not {columns}")
        return list(cursor.fetchall())


DESCRIPTORS = Path("/dev/fd")


def cut_connections(port: int) -> None:
    """Shut this process's connections to a port, whichever thread waits for them.

    The driver waits in C, where a signal is heard only when the server has answered.
    The server sees the connection end, and with it the statement. Found by the port,
    since the driver tells its socket to nobody.

    Args:
        port: The port on the server's side.
    """
    for one in DESCRIPTORS.iterdir():
        with suppress(OSError), socket.socket(fileno=os.dup(int(one.name))) as link:
            if link.family in (socket.AF_INET, socket.AF_INET6):
                _shut(link, port)


def _shut(link: socket.socket, port: int) -> None:
    if link.type == socket.SOCK_STREAM and link.getpeername()[1] == port:
        link.shutdown(socket.SHUT_RDWR)
