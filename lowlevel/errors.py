"""The error of a value that cannot be stored, and how it is told."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lowlevel.columns import RANGES

if TYPE_CHECKING:
    from lowlevel.columns import Column, Kind

PYTHON_TYPES: Final[dict[Kind, type]] = {
    "bigint": int,
    "int": int,
    "smallint": int,
    "tinyint": int,
    "bit": bool,
    "datetime2": dt.datetime,
    "uniqueidentifier": uuid.UUID,
    "varchar": str,
    "varbinary": bytes,
    "decimal": Decimal,
    "float": float,
    "date": dt.date,
    "time": dt.time,
    "datetimeoffset": dt.datetime,
}
"""What pymssql gives for each kind; subclasses are refused."""


class EncodeError(ValueError):
    """A row cannot be stored as its columns say; nothing of its call was encoded.

    The text is one line and holds no value of the row but its key.

    Attributes:
        row: Index of the row among all that the encoder was given, from 0.
        column: Name of the column; empty if the row as a whole is at fault.
        reason: What is wrong, in a few words.
        key: The row's key, by which the source finds it, where it has a valid one.
    """

    def __init__(
        self, row: int, column: str, reason: str, key: int | None = None
    ) -> None:
        """Keep what is known of the fault; see the attributes."""
        super().__init__(row, column, reason, key)
        self.row = row
        self.column = column
        self.reason = reason
        self.key = key

    def __str__(self) -> str:
        """Tell where and why in one line."""
        where = f"row {self.row}"
        if self.key is not None:
            where += f" (key {self.key})"
        if self.column:
            where += f", column {self.column!r}"
        return f"{where}: {self.reason}"


def refusal(column: Column, value: object) -> str:
    """Return why a column cannot store a value that the encoder has refused."""
    expected = PYTHON_TYPES[column.kind]
    if value is None:
        return "NULL where a value is required"
    if type(value) is not expected:
        return f"{column.kind} takes {expected.__name__}, not {type(value).__name__}"
    if column.kind in RANGES:
        lowest, highest = RANGES[column.kind]
        return f"the integer is outside {lowest} to {highest}, what {column.kind} holds"
    if isinstance(value, str):
        return _text_refusal(column, value)
    if isinstance(value, bytes):
        return f"there are {len(value)} octets, the column holds {column.width}"
    return _REFUSALS.get(column.kind, f"no valid {column.kind}").format(column)


_REFUSALS: Final[dict[Kind, str]] = {
    "datetime2": "datetime2 has no time zone, the value has one",
    "time": "time has no time zone, the value has one",
    "datetimeoffset": "datetimeoffset has a time zone, the value has none",
    "decimal": "the number does not fit decimal({0.width},{0.scale})",
    "float": "the number is infinite or none at all",
}


def _text_refusal(column: Column, value: str) -> str:
    try:
        octets = len(value.encode())
    except UnicodeEncodeError as error:
        unit = ord(value[error.start])
        return f"U+{unit:04X} at character {error.start} is half a surrogate pair"
    return f"the text has {octets} octets of UTF-8, the column holds {column.width}"
