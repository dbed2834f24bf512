"""TYPE_INFO and COLMETADATA: how each T-SQL type is announced ([MS-TDS] 2.2.5.4)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.tds.collations import find_collation
from sandbox.tds.tokens import Token, short_text
from sandbox.tds.types import Family, SqlType, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.tds.login import TdsVersion

_NULLABLE = 0x01
_UPDATABLE = 0x08
_IDENTITY = 0x10
_INTEGER_WIDTHS = {"bigint": 8, "int": 4, "smallint": 2, "tinyint": 1}
_LONG = 0xFFFF


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of a result.

    Attributes:
        name: '' for an unnamed expression.
        origin: Schema, table and column that it is read from; None for an expression.
    """

    name: str
    type: SqlType
    nullable: bool = True
    identity: bool = False
    origin: tuple[str, str, str] | None = None


def decimal_size(precision: int) -> int:
    """Bytes of a decimal's magnitude; the sign is one more."""
    digits = ((9, 4), (19, 8), (28, 12), (38, 16))
    return next(size for limit, size in digits if precision <= limit)


def time_size(scale: int) -> int:
    """Bytes of a time of day with `scale` digits after the second."""
    return 3 if scale <= 2 else 4 if scale <= 4 else 5  # noqa: PLR2004 - the format's table


def as_sent(kind: SqlType, version: TdsVersion) -> SqlType:
    """The type a value travels as: before TDS 7.3 dates and times are text."""
    if not version.has_date_types and (
        kind.family in (Family.DATE, Family.TIME, Family.OFFSET)
        or kind.name == "datetime2"
    ):
        return text(34, unicode=True)
    return kind


def type_info(kind: SqlType, version: TdsVersion) -> bytes:  # noqa: C901, PLR0911, PLR0912 - a line a type
    """TYPE_INFO of a nullable column."""
    match kind.family:
        case Family.INTEGER:
            return bytes([0x26, _INTEGER_WIDTHS[kind.name]])
        case Family.BIT:
            return b"\x68\x01"
        case Family.FLOAT:
            return bytes([0x6D, 4 if kind.name == "real" else 8])
        case Family.DECIMAL if kind.name in ("money", "smallmoney"):
            return bytes([0x6E, 8 if kind.name == "money" else 4])
        case Family.DECIMAL:
            token = 0x6C if kind.name == "numeric" else 0x6A
            size = decimal_size(kind.precision) + 1
            return bytes([token, size, kind.precision, kind.scale])
        case Family.DATE:
            return b"\x28"
        case Family.TIME:
            return bytes([0x29, kind.scale])
        case Family.MOMENT if kind.name == "datetime2":
            return bytes([0x2A, kind.scale])
        case Family.MOMENT:
            return bytes([0x6F, 8 if kind.name == "datetime" else 4])
        case Family.OFFSET:
            return bytes([0x2B, kind.scale])
        case Family.GUID:
            return b"\x24\x10"
        case Family.TEXT:
            return _text_info(kind, version)
        case _:
            token = 0xAD if kind.name in ("binary", "timestamp") else 0xA5
            return struct.pack("<BH", token, _LONG if kind.is_max else kind.length)


def _text_info(kind: SqlType, version: TdsVersion) -> bytes:
    tokens = {"char": 0xAF, "nchar": 0xEF}
    token = tokens.get(kind.name, 0xE7 if kind.is_unicode else 0xA7)
    size = _LONG if kind.is_max else kind.length * (2 if kind.is_unicode else 1)
    collation = find_collation(kind.collation).wire if version.has_collations else b""
    return struct.pack("<BH", token, size) + collation


def column_metadata(columns: Sequence[OutputColumn], version: TdsVersion) -> bytes:
    """COLMETADATA."""
    user_type = "<BIH" if version.has_headers else "<BHH"
    out = bytearray(struct.pack("<BH", Token.COLUMN_METADATA, len(columns)))
    for column in columns:
        flags = _NULLABLE * column.nullable | _UPDATABLE | _IDENTITY * column.identity
        out += struct.pack(user_type, 0, 0, flags)[1:]
        out += type_info(as_sent(column.type, version), version) + short_text(
            column.name
        )
    return bytes(out)
