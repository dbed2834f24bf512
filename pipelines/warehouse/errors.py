"""What Vertica's errors mean to a load, told by SQLSTATE.

See `known_errors`; the driver has no class for most of them, so the state decides and
never the exception's class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from vertica_python import errors

from pipelines.config import Warehouse
from pipelines.errors import (
    PermanentError,
    RefusedLoginError,
    ShardlineError,
    TransientError,
    UnavailableHereError,
)
from pipelines.runtime import (
    LATER,
    Address,
    Verdict,
    tls_fault,
    why_unreachable,
)
from pipelines.warehouse.known_errors import (
    DUPLICATE_KEY,
    MISSING_RELATION,
    PLACE,
    REFUSED_LOGIN,
    VERTICA_ERRORS,
)

_STATE_IN_TEXT = re.compile(r"\bSqlstate: (\w{5})\b")
_MESSAGE_IN_TEXT = re.compile(r"\bMessage: (.*?)(?:, Sqlstate:|$)")


class MissingRelationError(PermanentError):
    """A table, or its schema, is not there."""


class DuplicateKeyError(PermanentError):
    """A key that is enforced is already there; the transaction is still open."""


@contextmanager
def warehouse_errors() -> Iterator[None]:
    """Raise what the driver raises inside as one of our errors.

    Raises:
        DuplicateKeyError: SQLSTATE 23505.
        TransientError: The connection is lost, or the state is one that passes.
        PermanentError: Everything else that the server or the driver says.
    """
    try:
        yield
    except errors.QueryError as error:
        raise _of_query(error) from error
    except (errors.Error, OSError) as error:
        raise TransientError(
            f"the connection to Vertica failed: {error}", step=LATER
        ) from error


def login_error(error: Exception, options: Warehouse, at: Address) -> ShardlineError:
    """The meaning of a failed connect.

    The driver gives only text then; the server's state is read from its field in it.
    It believes that whoever answers is Vertica, and may raise anything if not.
    """
    text = str(error)
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
    if unreachable := why_unreachable(at.ip, at.port):
        return TransientError(
            f"Vertica {at} cannot be reached: {unreachable}",
            step=f"check that Vertica is up, and host and port {PLACE}",
        )
    if not isinstance(error, (errors.Error, OSError)):
        return TransientError(
            f"Vertica {at} does not answer as Vertica does ({type(error).__name__})",
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
