"""DuckDB's errors as Vertica's: SQLSTATE and error code.

DuckDB tells kinds apart by exception class; within a class only its text does.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from sandbox.errors import SqlError
from sandbox.holds import ConnectionKilled
from sandbox.vertica.wire import Disconnected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.vertica.words import Name

_LOG = logging.getLogger(__name__)

_OURS = re.compile(r"SQLSTATE (\w{5}) (\d+) (.*)", re.DOTALL)
_CONFLICT = ("40001", 5156)

# (exception class, what its text holds, SQLSTATE, code); the first that fits counts.
_KINDS: tuple[tuple[type[Exception], str, str, int], ...] = (
    (duckdb.InterruptException, "", "57014", 3322),
    (duckdb.ParserException, "", "42601", 4856),
    (duckdb.BinderException, "Referenced column", "42703", 2624),
    (duckdb.BinderException, "does not have a column", "42703", 2624),
    (duckdb.BinderException, "Ambiguous reference", "42702", 2671),
    (duckdb.BinderException, "must appear in the GROUP BY", "42803", 2640),
    (duckdb.BinderException, "Referenced table", "42V01", 4566),
    (duckdb.BinderException, "No function matches", "42883", 3457),
    (duckdb.BinderException, "", "42804", 2624),
    (duckdb.CatalogException, "Function with name", "42883", 3457),
    (duckdb.CatalogException, "already exists", "42710", 4213),
    (duckdb.CatalogException, "Schema with name", "3F000", 4650),
    (duckdb.CatalogException, "", "42V01", 4566),
    (duckdb.ConversionException, "out of range", "22003", 5411),
    (duckdb.ConversionException, "", "22V02", 3681),
    (duckdb.OutOfRangeException, "", "22003", 5411),
    (duckdb.ConstraintException, "", "22004", 2501),
    (duckdb.TransactionException, "", *_CONFLICT),
    (duckdb.OutOfMemoryException, "", "53200", 3811),
    (duckdb.NotImplementedException, "", "0A000", 5366),
)


def as_sql_error(failure: duckdb.Error) -> SqlError:
    """The error to send for one of DuckDB's."""
    text = str(failure)
    if ours := _OURS.search(text):
        state, code, said = ours.groups()
        return SqlError(said, number=int(code), sqlstate=state)
    said = text.partition("\n")[0].partition(": ")[2] or text
    for kind, holds, state, code in _KINDS:
        if isinstance(failure, kind) and holds in text:
            lost = (state, code) == _CONFLICT
            return SqlError(said, number=code, sqlstate=state, rollback=lost)
    return SqlError(said, number=2000, sqlstate="XX000")


def missing_relation(name: Name) -> SqlError:
    """The error for a table or view that does not exist."""
    full = f"{name.schema}.{name.name}" if name.schema else name.name
    return SqlError(f'Relation "{full}" does not exist', number=4566, sqlstate="42V01")


def missing_schema(name: str) -> SqlError:
    """The error for a schema that does not exist."""
    return SqlError(f'Schema "{name}" does not exist', number=4650, sqlstate="3F000")


def duplicate(name: str) -> SqlError:
    """The error for creating what exists."""
    return SqlError(f'Object "{name}" already exists', number=4213, sqlstate="42710")


def invalid_interval(text: str) -> SqlError:
    """The error for a text that is no interval."""
    return SqlError(
        f'Invalid input syntax for interval: "{text}"', number=3679, sqlstate="22007"
    )


def cancelled() -> SqlError:
    """The error for a statement that a cancel request ended."""
    return SqlError("Execution canceled by operator", number=3322, sqlstate="57014")


@contextmanager
def reported(text: str) -> Iterator[None]:
    """Answer a fault of the sandbox itself as an error; the log has its place.

    Raises:
        SqlError: XX000, naming the statement.
    """
    try:
        yield
    except (SqlError, Disconnected, ConnectionKilled):
        raise
    except Exception as failure:
        _LOG.exception("The sandbox failed at: %s", text)
        raise SqlError(
            f"The sandbox failed at: {text}",
            number=2000,
            sqlstate="XX000",
            rollback=True,
        ) from failure
