"""Rows from under the driver, which makes an object of every value.

What it holds is read directly where it is known well enough; see `lowlevel.rows`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pymssql

from lowlevel.rows import (
    DriverLibrary,
    SenselessAnswerError,
    SourceRows,
    UnknownDriverError,
)
from pipelines.catalog import Table
from pipelines.config import RowsMode
from pipelines.errors import PermanentError, TransientError
from pipelines.runtime import LATER

logger = logging.getLogger(__name__)


def why_tuples() -> str:
    """Why rows can only be read as the driver's tuples; "" if they can be otherwise."""
    found = _driver_library()
    return found if isinstance(found, str) else ""


def granted_packet_octets(cursor: pymssql.Cursor) -> int | None:
    """How large the packets are that a server has granted at the login.

    Args:
        cursor: Of a connection that is open.

    Returns:
        Their octets; None if this driver does not tell.
    """
    found = _driver_library()
    if isinstance(found, str):
        return None
    try:
        return found.packet_octets(cursor)
    except UnknownDriverError:
        return None


def find_library(mode: RowsMode) -> DriverLibrary | None:
    """The driver's library; None if rows are to be read as tuples.

    Args:
        mode: Whether it is wanted.

    Raises:
        PermanentError: It cannot be used, and has to be.
    """
    if mode == "tuples":
        return None
    found = _driver_library()
    if isinstance(found, str):
        _read_tuples(found, mode)
        return None
    return found


def rows_beneath(
    cursor: pymssql.Cursor, library: DriverLibrary, table: Table, mode: RowsMode
) -> SourceRows | None:
    """The rows of the statement that a cursor has executed, from under the driver.

    Args:
        cursor: Of whose rows none has been fetched.
        library: The driver's.
        table: Whose rows they are, with text as octets of UTF-16.
        mode: Whether they have to be read so.

    Returns:
        The rows; None if they are to be read as tuples, of which none has been.

    Raises:
        PermanentError: They cannot be read so, and have to be.
    """
    columns = [column.encoded for column in table.columns]
    try:
        return SourceRows(
            *(library, cursor, columns),
            day_column=table.date_column,
            text_as_utf16=True,
        )
    except UnknownDriverError as error:
        _read_tuples(f"{table.name}: {error}", mode)
        return None


def _read_tuples(why: str, mode: RowsMode) -> None:
    if mode == "fast":
        raise PermanentError(
            f"rows can only be read as tuples: {why}",
            step='install another version of pymssql, or set rows = "auto" in [load]',
        )
    logger.info("rows are read as tuples: %s", why)


@contextmanager
def senseless_answers() -> Iterator[None]:
    """Raise one that no SQL Server gives as one of our errors.

    Raises:
        TransientError: The answer makes no sense.
    """
    try:
        yield
    except SenselessAnswerError as error:
        raise TransientError(
            f"SQL Server does not answer as it should ({error})", step=LATER
        ) from error


@cache
def _driver_library() -> DriverLibrary | str:
    """The driver's db-lib, or why that cannot be used."""
    try:
        return DriverLibrary()
    except UnknownDriverError as error:
        return str(error)
