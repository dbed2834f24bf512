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


def driver_rows(
    cursor: pymssql.Cursor, table: Table, mode: RowsMode
) -> SourceRows | None:
    """The rows of the statement that a cursor has executed, from under the driver.

    Args:
        cursor: Of whose rows none has been fetched.
        table: Whose rows they are.
        mode: Whether that is wanted.

    Returns:
        The rows; None if they are to be read as tuples.

    Raises:
        PermanentError: They would have to be, and that is not wanted.
    """
    if mode == "tuples":
        return None
    library = _driver_library()
    why = library if isinstance(library, str) else ""
    if isinstance(library, DriverLibrary):
        columns = [column.encoded for column in table.columns]
        try:
            return SourceRows(library, cursor, columns, day_column=table.date_column)
        except UnknownDriverError as error:
            why = str(error)
    if mode == "fast":
        raise PermanentError(
            f"rows can only be read as tuples: {why}",
            step='install another version of pymssql, or set rows = "auto" in [load]',
        )
    logger.info("%s: rows are read as tuples: %s", table.name, why)
    return None


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
