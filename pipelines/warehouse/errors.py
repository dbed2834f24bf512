"""What Vertica's errors mean to a load, told by SQLSTATE.

The table follows Vertica's documentation of its SQLSTATEs; the driver has no class for
most of them, so the state decides and never the exception's class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from vertica_python import errors

from pipelines.config import Warehouse
from pipelines.errors import PermanentError, ShardlineError, TransientError
from pipelines.runtime import why_unreachable

LATER = "it may pass: run it again"
PLACE = "in [warehouse], or where `shardline connections` finds them"

DUPLICATE_KEY = "23505"

TRANSIENT = {
    "40V01": "deadlock",
    "55V03": "a lock was not free in time",
    "53000": "not enough resources",
    "53200": "out of memory",
    "57014": "the statement was cancelled",
    "57V01": "the database is shutting down",
    "57V02": "the database is shutting down",
    "57V03": "the database is starting or shutting down",
    "57V04": "the node is shutting down",
    "08000": "connection failure",
    "08003": "connection failure",
    "08006": "connection failure",
    "V1001": "the nodes lost each other",
}

STEPS = {
    "28000": f"check user and password {PLACE}",
    "3D000": f"check the database {PLACE}",
    "3F000": "check the target's schema in the catalog",
    "42V01": "check that the target exists, or drop it to have it made again",
    "42703": "compare the target's columns with the catalog",
    "42804": "compare the target's column types with the catalog",
    "42501": "grant the user of the warehouse the missing privilege",
    "22V04": "compare the target's columns and their widths with the catalog",
}

_STATE_IN_TEXT = re.compile(r"\bSqlstate: (\w{5})\b")
_MESSAGE_IN_TEXT = re.compile(r"\bMessage: (.*?)(?:, Sqlstate:|$)")


MISSING_RELATION = frozenset({"42V01", "3F000"})


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


def login_error(error: Exception, options: Warehouse) -> ShardlineError:
    """The meaning of a failed connect.

    The driver gives only text then; the server's state is read from its field in it.
    """
    address = f"Vertica {options.address}"
    if unreachable := why_unreachable(options.host, options.port):
        return TransientError(
            f"{address} cannot be reached: {unreachable}",
            step=f"check that Vertica is up, and host and port {PLACE}",
        )
    text = str(error)
    state = _STATE_IN_TEXT.search(text)
    message = _MESSAGE_IN_TEXT.search(text)
    cause = f"{address} refused the login of {options.user}:"
    cause = f"{cause} {message[1] if message else text}"
    if state and state[1] in {"28000", "3D000", "42501"}:
        return PermanentError(
            f"{cause} ({state[1]})", step=STEPS[state[1]], code=state[1]
        )
    return TransientError(cause, step="check the server's log and its session limit")


def _of_query(error: errors.QueryError) -> ShardlineError:
    state = str(error.sqlstate)
    cause = f"Vertica: {error.message} (SQLSTATE {state}, error {error.error_code})"
    if state == DUPLICATE_KEY:
        return DuplicateKeyError(cause, code=state)
    if state in MISSING_RELATION:
        return MissingRelationError(cause, step=STEPS[state], code=state)
    if state in TRANSIENT:
        return TransientError(f"{TRANSIENT[state]}: {cause}", step=LATER, code=state)
    step = STEPS.get(state, "see Vertica's documentation")
    return PermanentError(cause, step=step, code=state)
