"""How many bytes and digits the values of a type have, as sys.columns tells."""

from __future__ import annotations

from sandbox.tds.types import Family, SqlType
from sandbox.tds.wire_types import decimal_size, time_size

PLAIN_SIZES = {
    "bigint": (8, 19, 0),
    "int": (4, 10, 0),
    "smallint": (2, 5, 0),
    "tinyint": (1, 3, 0),
    "bit": (1, 1, 0),
    "float": (8, 53, 0),
    "real": (4, 24, 0),
    "money": (8, 19, 4),
    "smallmoney": (4, 10, 4),
    "date": (3, 10, 0),
    "datetime": (8, 23, 3),
    "smalldatetime": (4, 16, 0),
    "uniqueidentifier": (16, 0, 0),
}
"""Bytes, digits and scale of the types that have no facets."""


def sizes(kind: SqlType) -> tuple[int, int, int]:
    """max_length, precision and scale as sys.columns has them."""
    if kind.name in PLAIN_SIZES:
        return PLAIN_SIZES[kind.name]
    if kind.family is Family.DECIMAL:
        return decimal_size(kind.precision) + 1, kind.precision, kind.scale
    if kind.family in (Family.TIME, Family.MOMENT, Family.OFFSET):
        extra = {"time": 0, "datetime2": 3, "datetimeoffset": 5}[kind.name]
        digits = {"time": 8, "datetime2": 19, "datetimeoffset": 26}[kind.name]
        return (
            time_size(kind.scale) + extra,
            digits + bool(kind.scale) + kind.scale,
            kind.scale,
        )
    if kind.is_max:
        return -1, 0, 0
    return kind.length * (2 if kind.is_unicode else 1), 0, 0
