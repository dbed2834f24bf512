"""One connection to one shard, for reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial

import pymssql

from pipelines.catalog import Shard
from pipelines.reach import first_to_answer
from pipelines.sections import Server
from pipelines.signals import stopper
from pipelines.source.cutting import cut
from pipelines.source.faults import ERRORS, of_login, translated
from pipelines.templates import Dialect, render


@contextmanager
def connect(server: Server, shard: Shard) -> Iterator[pymssql.Connection]:
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
            stack.enter_context(stopper().cutting(partial(cut, port)))
        yield stack.enter_context(
            _closing(
                first_to_answer(server.addresses, lambda address: _open(address, shard))
            )
        )


def logged_in(address: Server) -> AbstractContextManager[pymssql.Connection]:
    """A connection to this one address, in none of the shards' databases.

    Raises:
        TransientError: The host cannot be reached now.
        PermanentError: It refuses the login.
    """
    return _closing(_log_in(address))


def _log_in(server: Server) -> pymssql.Connection:
    try:
        return pymssql.connect(
            server=server.host,
            port=str(server.port),
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
    except ERRORS as error:
        raise of_login(error, server) from None


def _open(address: Server, shard: Shard) -> pymssql.Connection:
    connection = _log_in(address)
    try:
        # Chosen by a statement of ours: the driver would report a missing database as
        # a failed login, and does not escape the name.
        with translated():
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
