"""A login to SQL Server: encrypted, to whom the certificate says, and with an end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pymssql

from pipelines.catalog import LONG_OCTETS
from pipelines.config import Server
from pipelines.errors import ShardlineError, TransientError, UnavailableHereError
from pipelines.network import Address, look_up
from pipelines.runtime import TimeLimit, cut_after, stopper
from pipelines.source.answers import awaited_answers, comes_encrypted
from pipelines.source.errors import login_error
from pipelines.source.freetds_conf import login_sections
from pipelines.source.links import Link, link_of, links_to
from pipelines.source.login_messages import Message, login_messages

TEXTSIZE = 2 * (LONG_OCTETS + 1)
"""Octets after which SQL Server cuts a value.

What it cuts is still longer than Vertica takes, so it is refused and never altered.
"""


def log_in(
    server: Server, at: Address, database: str = ""
) -> tuple[pymssql.Connection, Callable[[], None]]:
    """Log in at one address.

    Args:
        server: Who logs in, and how.
        at: Where.
        database: The one to use, where it cannot be chosen later; else the login's own.

    Returns:
        The connection, and what cuts it from another thread.

    Raises:
        TransientError: The server cannot be reached now, or is not done in time.
        PermanentError: It refuses the login.
    """
    ips = frozenset(one.ip for one in look_up(at.ip, at.port))
    found: list[Link] = []

    def see(descriptor: int) -> None:
        """Look at the connection when its first answer after the login is awaited."""
        found[:] = [link_of(descriptor)]
        if server.encryption == "require" and not comes_encrypted(descriptor):
            raise UnavailableHereError(
                f"SQL Server {at}: it encrypts the login, but nothing after it",
                step="have it encrypt all of it, or see who is between",
            )

    with login_sections().in_place(server, at, ips) as name:
        connect = partial(_connect, server, name, database)
        return _log_in(server, at, ips, see, connect), partial(_cut, found)


def _log_in(
    server: Server,
    at: Address,
    ips: Collection[str],
    see: Callable[[int], None],
    connect: Callable[[], pymssql.Connection],
) -> pymssql.Connection:
    said: Sequence[Message] = ()
    limit = TimeLimit()
    try:
        with (
            _watched(server, at, ips) as limit,
            login_messages().heard() as said,
            awaited_answers().seen(see),
        ):
            return connect()
    except ShardlineError:
        raise
    except Exception:  # noqa: BLE001 - whoever answers may be anything
        if limit.passed and not said:
            raise TransientError(
                f"SQL Server {at} did not let {server.user} in within"
                f" {server.login_timeout} s",
                step="check that the server is up and takes logins",
            ) from None
        raise login_error(said, server, at) from None


@contextmanager
def _watched(server: Server, at: Address, ips: Collection[str]) -> Iterator[TimeLimit]:
    """Cut what is connected meanwhile, when it is late or the process is to end."""
    before = links_to(at.port)

    def cut() -> None:
        new = links_to(at.port) - before
        # The driver looks the name up by itself, and may have found another address.
        _cut({link for link in new if link.ip in ips} or new)

    with stopper().cutting(cut), cut_after(server.login_timeout, cut) as limit:
        yield limit


def _cut(links: Collection[Link]) -> None:
    for link in links:
        link.cut()


def _connect(server: Server, name: str, database: str) -> pymssql.Connection:
    return pymssql.connect(
        # The driver tells the server by which name it was asked for, and tries all its
        # addresses at once.
        server=name,
        user=server.user,
        password=server.password.get_secret_value(),
        database=database,
        login_timeout=server.login_timeout,
        timeout=server.timeout,
        encryption=server.encryption,
        appname="shardline",
        tds_version="7.4",
        charset="UTF-8",
        autocommit=True,
        conn_properties=_session_options(server),
    )


def _session_options(server: Server) -> str:
    """Options of the session; they replace the driver's own.

    With NOCOUNT the end of an answer would not say how many rows there were.
    """
    lock_timeout_ms = round(server.lock_timeout * 1_000)
    return (
        "SET ARITHABORT ON; SET CONCAT_NULL_YIELDS_NULL ON; SET ANSI_NULLS ON;"
        " SET ANSI_NULL_DFLT_ON ON; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON;"
        f" SET QUOTED_IDENTIFIER ON; SET TEXTSIZE {TEXTSIZE}; SET NOCOUNT OFF;"
        f" SET DEADLOCK_PRIORITY LOW; SET LOCK_TIMEOUT {lock_timeout_ms};"
    )
