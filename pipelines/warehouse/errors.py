"""What Vertica's errors mean to a load, told by SQLSTATE.

See `known_errors`; the driver has no class for most of them, so the state decides and
never the exception's class.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from vertica_python import errors

from pipelines.config import Warehouse
from pipelines.errors import (
    LONGEST,
    PermanentError,
    RefusedLoginError,
    ShardlineError,
    TransientError,
    UnavailableHereError,
)
from pipelines.network import Address, tls_fault, why_unreachable
from pipelines.runtime import LATER, Verdict
from pipelines.warehouse.bounded_driver import LateError, TooMuchError
from pipelines.warehouse.known_errors import (
    DUPLICATE_KEY,
    MISSING_RELATION,
    PLACE,
    REFUSED_LOGIN,
    VERTICA_ERRORS,
)

logger = logging.getLogger(__name__)

SHOWN = 200
"""Most characters of what the driver says of a wrong message."""

_STATE_IN_TEXT = re.compile(r"\bSqlstate: (\w{5})\b")
_MESSAGE_IN_TEXT = re.compile(r"\bMessage: (.*?)(?:, Sqlstate:|$)")


class MissingRelationError(PermanentError):
    """A table, or its schema, is not there."""


class DuplicateKeyError(PermanentError):
    """A key that is enforced is already there; the transaction is still open."""


@contextmanager
def warehouse_errors(server: str) -> Iterator[None]:
    """Raise what the driver raises inside as one of our errors.

    Nothing of ours may be called inside: the driver believes what a server says, and
    raises anything where that is wrong.

    Args:
        server: Who is spoken to.

    Raises:
        DuplicateKeyError: SQLSTATE 23505.
        TransientError: The connection is lost, late or out of order, or the state is
            one that passes.
        PermanentError: Everything else that the server says.
    """
    try:
        yield
    except errors.QueryError as error:
        raise _of_query(error) from error
    except MemoryError:
        raise
    except Exception as error:
        logger.debug("Vertica %s", server, exc_info=True)
        if interrupt := _interrupt_behind(error):
            raise interrupt from None
        raise _of_connection(error, server) from error


def _interrupt_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The signal that the driver was at work on when it failed: it would be lost."""
    behind: BaseException | None = error
    while behind:
        if isinstance(behind, KeyboardInterrupt):
            return behind
        behind = behind.__context__
    return None


def _of_connection(error: Exception, server: str) -> ShardlineError:
    if isinstance(error, LateError):
        return TransientError(f"Vertica {server} {error}", step=LATER)
    if isinstance(error, TooMuchError):
        return PermanentError(
            f"Vertica {server} {error}; the connection was closed",
            step=f"check that it is Vertica, and host and port {PLACE}",
        )
    if isinstance(error, errors.MessageError) or not isinstance(
        error, (errors.Error, OSError)
    ):
        return TransientError(
            f"Vertica {server} does not answer as Vertica does"
            f" ({describe_garbage(error)}); the connection was closed",
            step=LATER,
        )
    return TransientError(
        f"the connection to Vertica {server} failed: {error}", step=LATER
    )


def describe_garbage(error: Exception) -> str:
    """What the driver stumbled over, in few words."""
    kind = type(error)
    name = (
        kind.__name__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__name__}"
    )
    return str(error)[:SHOWN] if isinstance(error, errors.MessageError) else name


def login_error(error: Exception, options: Warehouse, at: Address) -> ShardlineError:
    """The meaning of a failed connect.

    The driver gives only text then; the server's state is read from its field in it.
    It believes that whoever answers is Vertica, and may raise anything if not.
    """
    logger.debug("Vertica %s", at, exc_info=error)
    text = str(error)[:LONGEST]
    state = _STATE_IN_TEXT.search(text)
    message = _MESSAGE_IN_TEXT.search(text)
    cause = f"Vertica {at} refused the login of {options.user}:"
    cause = f"{cause} {message[1] if message else text}"
    if state:
        return _of_login(cause, state[1])
    if isinstance(error, errors.SSLNotSupported):
        return UnavailableHereError(
            f"Vertica {at} does not speak TLS",
            step="have TLS configured there, or name a weaker tlsmode, which tells the"
            f" password to whoever listens, {PLACE}",
        )
    if fault := tls_fault(error):
        return UnavailableHereError(
            f"Vertica {at}: {fault}",
            step="name the authority of its certificate in tls_cafile, and the host as"
            f" the certificate does, {PLACE}",
        )
    if isinstance(error, (LateError, TooMuchError)):
        return TransientError(
            f"Vertica {at} {error}",
            step=f"check that it is up, and host and port {PLACE}",
        )
    if unreachable := why_unreachable(at.ip, at.port):
        return TransientError(
            f"Vertica {at} cannot be reached: {unreachable}",
            step=f"check that Vertica is up, and host and port {PLACE}",
        )
    if isinstance(error, errors.MessageError) or not isinstance(
        error, (errors.Error, OSError)
    ):
        return TransientError(
            f"Vertica {at} does not answer as Vertica does ({describe_garbage(error)})",
            step=f"check host and port {PLACE}",
        )
    return TransientError(cause, step="check the server's log and its session limit")


def _of_login(cause: str, state: str) -> ShardlineError:
    known = VERTICA_ERRORS.find(state)
    if known is REFUSED_LOGIN:
        return RefusedLoginError(f"{cause} ({state})", step=known.step, code=state)
    return known.error(f"{cause} ({state})", state)


def _of_query(error: errors.QueryError) -> ShardlineError:
    state = str(error.sqlstate)
    cause = f"Vertica: {error.message} (SQLSTATE {state}, error {error.error_code})"
    known = VERTICA_ERRORS.find(state)
    if state == DUPLICATE_KEY:
        return DuplicateKeyError(cause, code=state)
    if known in MISSING_RELATION:
        return MissingRelationError(cause, step=known.step, code=state)
    if known.verdict is Verdict.PASSES:
        cause = f"{known.meaning}: {cause}"
    return known.error(cause, state)
