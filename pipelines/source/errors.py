"""What SQL Server's errors mean to a load, told by number.

Transient numbers are those of SQL Server's and Azure SQL's documentation, with the
numbers that FreeTDS gives to a lost connection (its sybdb.h).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pymssql
from pymssql import _mssql

from pipelines.config import Server
from pipelines.errors import PermanentError, ShardlineError, TransientError, one_line
from pipelines.runtime import why_unreachable

ERRORS = (pymssql.Error, _mssql.MSSQLException, OSError)
"""What the driver raises; some of it is not a `pymssql.Error`."""

LOST_CONNECTION = {20002, 20003, 20004, 20006, 20009, 20017, 20020, 20047}

TRANSIENT = LOST_CONNECTION | {
    *(1205, 1222, 3960, 601),  # deadlock, lock time-out, snapshot conflict, moved data
    *(701, 802, 8645, 8651),  # memory
    *(596, 976, 983, 5522, 6005),  # session killed, replica not ready, shutting down
    *(10928, 10929, 40197, 40501, 40613, 49918, 49919, 49920),  # Azure SQL
    *(41301, 41302, 41305, 41325, 41839),  # in-memory OLTP
    *(20, 64, 121, 233, 10053, 10054, 10060),  # network, as Windows numbers it
}

LATER = "it may pass: run it again"
PLACE = "in luigi.cfg, or where `shardline connections` finds them"

REFUSED = {18452, 18456, 18470, 18486, 18487, 18488}
"""Wrong user or password, or an account that is disabled, locked or expired."""

STEPS = {
    207: "compare the table's columns in the shard with the catalog",
    208: "check the table's query in the catalog, or create the table in the shard",
    229: "grant the user SELECT on the table",
    241: "check the type of the date column in the shard",
    911: "check the shard's database in the shards file",
    916: "give the user access to the database",
}


@contextmanager
def source_errors() -> Iterator[None]:
    """Raise what the driver raises inside as one of our errors.

    Raises:
        TransientError: The number is one of `TRANSIENT`.
        PermanentError: Any other number.
    """
    try:
        yield
    except ERRORS as error:
        raise _of_statement(error) from error


def login_error(error: Exception, server: Server) -> ShardlineError:
    """The meaning of a failed connect.

    The driver keeps the number of an earlier failure for later ones, but not its text;
    so a number without a text is no evidence, and whether the host can be reached is
    found out by trying.
    """
    address = server.address
    if unreachable := why_unreachable(server.host, server.port):
        return TransientError(
            f"SQL Server {address} cannot be reached: {unreachable}",
            step=f"check that it is up, and its host and port {PLACE}",
        )
    number, text = number_and_text(error)
    if number in REFUSED and text:
        return PermanentError(
            f"SQL Server {address} refused the login of {server.user}:"
            f" {text} ({number})",
            step=f"check its user and password {PLACE}",
            code=str(number),
        )
    return TransientError(
        f"SQL Server {address} broke off the login of {server.user}"
        f" ({text or 'without a word'})",
        step="check that the server is up and takes logins",
    )


def number_and_text(error: BaseException) -> tuple[int, str]:
    """The server's number and the first line of its text; 0 if it gave none."""
    args = error.args
    while len(args) == 1 and isinstance(args[0], tuple):
        args = args[0]
    number = args[0] if args and isinstance(args[0], int) else 0
    text = args[-1] if args else str(error)
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    # FreeTDS puts its own general message behind the server's.
    return number, one_line(str(text).partition("DB-Lib error message")[0])


def _of_statement(error: Exception) -> ShardlineError:
    number, text = number_and_text(error)
    if number in LOST_CONNECTION or isinstance(error, OSError):
        return TransientError(
            f"the connection to SQL Server was lost ({number})",
            step=LATER,
            code=str(number or ""),
        )
    cause = f"SQL Server: {text or type(error).__name__} (error {number})"
    if number in TRANSIENT:
        return TransientError(cause, step=LATER, code=str(number))
    step = STEPS.get(number, "see the server's error number")
    return PermanentError(cause, step=step, code=str(number or ""))
