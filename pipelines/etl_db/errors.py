"""What the ETL database's errors mean, told by SQLSTATE or by SQLite's result code.

PostgreSQL's classes are those of its documentation, appendix A; SQLite's codes are of
https://sqlite.org/rescode.html. libpq has no SQLSTATE for a login that was refused or
a link that broke, so both are taken for what may pass.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from pipelines.errors import ConfigurationError, TransientError

PASSING_CLASSES = {
    "08": "connection exception",
    "40": "transaction rollback, such as a deadlock",
    "53": "insufficient resources",
    "57": "operator intervention, such as a shutdown",
    "58": "system error",
}

PASSING_STATES = {
    "25006": "read-only, as a server is that has just become a standby",
    "55P03": "a lock was not free in time",
}

PASSING_CODES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
}

PRIMARY_CODE = 0xFF
"""The bits of an SQLite result code that say which primary code it extends."""

STEPS = {
    "42501": "grant the user of [sessions] database the missing privilege",
    "42P01": "let shardline make its tables in a database of its own",
    "42P07": "let shardline make its tables in a database of its own",
    "42703": "let shardline make its tables in a database of its own",
}


@contextmanager
def etl_db_errors(what: str) -> Iterator[None]:
    """Raise what SQLAlchemy raises inside as one of our errors.

    Args:
        what: What could not be done.

    Raises:
        TransientError: It may pass; the next attempt needs a new connection.
        ConfigurationError: It stays until someone corrects the database or its address.
    """
    try:
        yield
    except SQLAlchemyError as error:
        state = getattr(_orig(error), "sqlstate", None)
        kind = TransientError if passes(error) else ConfigurationError
        raise kind(
            f"{what}: {_message(error)}" + (f" (SQLSTATE {state})" if state else ""),
            step=STEPS.get(state or "", "check [sessions] database in luigi.cfg"),
            code=state or "",
        ) from error


def passes(error: SQLAlchemyError) -> bool:
    """Whether another attempt, on a new connection, may succeed."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if (code := getattr(error.orig, "sqlite_errorcode", None)) is not None:
        return code & PRIMARY_CODE in PASSING_CODES
    if state := getattr(error.orig, "sqlstate", None):
        return state[:2] in PASSING_CLASSES or state in PASSING_STATES
    return isinstance(error, (OperationalError, InterfaceError))


def _message(error: SQLAlchemyError) -> str:
    """What the server said, without the statement and its values."""
    orig = _orig(error)
    primary = getattr(getattr(orig, "diag", None), "message_primary", None)
    return primary or str(orig)


def _orig(error: SQLAlchemyError) -> BaseException:
    """The driver's own error."""
    driver = error.orig if isinstance(error, DBAPIError) else None
    return driver or error
