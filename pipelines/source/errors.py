"""What SQL Server's errors mean to a load, told by number: see `known_errors`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from traceback import walk_tb

import pymssql
from pymssql import _mssql

from pipelines.config import Server
from pipelines.errors import (
    RefusedLoginError,
    ShardlineError,
    TransientError,
    UnavailableHereError,
    one_line,
)
from pipelines.network import Address, why_unreachable
from pipelines.runtime import LATER
from pipelines.source.known_errors import (
    LOST_LINK,
    PLACE,
    REFUSED_LOGIN,
    SQL_SERVER_ERRORS,
)
from pipelines.source.login_messages import Message
from pipelines.source.tls_check import why_no_tls

ERRORS = (pymssql.Error, _mssql.MSSQLException, OSError)
"""What the driver raises; some of it is not a `pymssql.Error`."""


class LostLinkError(TransientError):
    """The connection was lost.

    Attributes:
        rows: How many rows of an extract had come; None if none was read, or the server
            had not begun to answer.
        first: The first day of that extract.
    """

    rows: int | None = None
    first: date | None = None


@contextmanager
def source_errors() -> Iterator[None]:
    """Raise what the driver raises inside as one of our errors.

    Raises:
        LostLinkError: The connection is lost.
        UnavailableHereError: Another address of the server may have the database.
        TransientError: It may pass.
        PermanentError: It stays, or is not known.
    """
    try:
        yield
    except ERRORS as error:
        raise _of_statement(error) from error
    except Exception as error:
        # Whatever else the driver raises, it is of an answer that makes no sense.
        if not _is_of_driver(error):
            raise
        raise TransientError(
            f"SQL Server does not answer as it should ({type(error).__name__})",
            step=LATER,
        ) from error


def _is_of_driver(error: Exception) -> bool:
    """Whether it was raised inside the driver, and not by what uses it."""
    frames = walk_tb(error.__traceback__)
    names = (str(frame.f_globals.get("__name__", "")) for frame, _ in frames)
    return any(name.partition(".")[0] == pymssql.__name__ for name in names)


def login_error(said: Sequence[Message], server: Server, at: Address) -> ShardlineError:
    """The meaning of a failed connect.

    What the driver raises is no evidence: it may be of an earlier failure.

    Args:
        said: The server's own errors: the reason comes before "login failed".
        server: Whose login it was.
        at: Where.
    """
    if said:
        return _of_login(said[0], server, at)
    if unreachable := why_unreachable(at.ip, at.port):
        return TransientError(
            f"SQL Server {at} cannot be reached: {unreachable}",
            step=f"check that it is up, and its host and port {PLACE}",
        )
    if fault := why_no_tls(server, at):
        return UnavailableHereError(
            f"SQL Server {at}: {fault}",
            step="name the authority of its certificate in tls_cafile, and the host as"
            f" the certificate does, or a weaker encryption, {PLACE}",
        )
    return TransientError(
        f"SQL Server {at} broke off the login of {server.user} (without a word)",
        step="check that the server is up and takes logins",
    )


def _of_login(message: Message, server: Server, at: Address) -> ShardlineError:
    code = str(message.number)
    cause = f"SQL Server {at} refused the login of {server.user}: {message.text}"
    known = SQL_SERVER_ERRORS.find(code)
    if known is REFUSED_LOGIN:
        return RefusedLoginError(f"{cause} ({code})", step=known.step, code=code)
    return known.error(f"{cause} ({code})", code)


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
    code = str(number or "")
    known = SQL_SERVER_ERRORS.find(code)
    if known is LOST_LINK or isinstance(error, OSError):
        return LostLinkError(
            f"the connection to SQL Server was lost ({number})", step=LATER, code=code
        )
    cause = f"SQL Server: {text or type(error).__name__} (error {number})"
    return known.error(cause, code)
