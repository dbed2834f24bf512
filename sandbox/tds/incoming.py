"""Types and values that a client sends: of parameters, and of rows in bulk.

Layouts: [MS-TDS] 2.2.5.4 (TYPE_INFO) and 2.2.5.5 (values).
"""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.tds import moments
from sandbox.tds import types as t
from sandbox.tds.collations import collation_of
from sandbox.tds.failures import unsupported
from sandbox.tds.packets import ProtocolError
from sandbox.tds.ticks import DAYS_1900, TICKS_PER_DAY, TICKS_PER_MINUTE
from sandbox.tds.types import Family, SqlType

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.tds.values import Constant

_LONG = 0xFFFF
_NULL_LONG = 2**64 - 1
_UNKNOWN_LENGTH = 2**64 - 2
_NULL_LARGE = 2**32 - 1
_COLLATION = 5

_FIXED = {
    0x1F: t.INT,  # NULL without a type
    0x30: t.TINYINT,
    0x32: t.BIT,
    0x34: t.SMALLINT,
    0x38: t.INT,
    0x3A: t.SMALLDATETIME,
    0x3B: t.REAL,
    0x3C: t.MONEY,
    0x3D: t.DATETIME,
    0x3E: t.FLOAT,
    0x7A: t.SMALLMONEY,
    0x7F: t.BIGINT,
}
_FIXED_WIDTHS = {
    0x1F: 0,
    0x30: 1,
    0x32: 1,
    0x34: 2,
    0x38: 4,
    0x3A: 4,
    0x3B: 4,
    0x3C: 8,
    0x3D: 8,
    0x3E: 8,
    0x7A: 4,
    0x7F: 8,
}
_BY_WIDTH = {
    0x26: {1: t.TINYINT, 2: t.SMALLINT, 4: t.INT, 8: t.BIGINT},
    0x68: {1: t.BIT},
    0x6D: {4: t.REAL, 8: t.FLOAT},
    0x6E: {4: t.SMALLMONEY, 8: t.MONEY},
    0x6F: {4: t.SMALLDATETIME, 8: t.DATETIME},
}
_DECIMALS = {0x37: "decimal", 0x3F: "numeric", 0x6A: "decimal", 0x6C: "numeric"}
_SCALED = {0x29: "time", 0x2A: "datetime2", 0x2B: "datetimeoffset"}
_BYTE_LENGTH = {0x25: "varbinary", 0x27: "varchar", 0x2D: "binary", 0x2F: "char"}
_SHORT_LENGTH = {
    0xA5: "varbinary",
    0xA7: "varchar",
    0xAD: "binary",
    0xAF: "char",
    0xE7: "nvarchar",
    0xEF: "nchar",
}
_LARGE = {0x22: "image", 0x23: "text", 0x63: "ntext"}
_XML = 0xF1


class Reader:
    """A place in a request."""

    def __init__(self, data: bytes) -> None:
        """Begin at its first byte."""
        self._data = data
        self.at = 0

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self._data)

    def take(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            ProtocolError: The request ends before.
        """
        end = self.at + count
        if end > len(self._data):
            raise ProtocolError("a request ends within a value")
        found = self._data[self.at : end]
        self.at = end
        return found

    def number(self, width: int) -> int:
        """An unsigned number of some bytes, the lowest first."""
        return int.from_bytes(self.take(width), "little")

    def text(self, units: int) -> str:
        """Text of some UTF-16 units.

        Raises:
            SqlError: 50100, it has half a surrogate pair.
        """
        return _decoded(self.take(2 * units), "utf-16-le")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A type as a client announced it, and how its values are read."""

    kind: SqlType
    read: Callable[[Reader], Constant | None]


def read_type(reader: Reader, *, has_collations: bool = True) -> Incoming:
    """Read a TYPE_INFO.

    Args:
        reader: Where it begins.
        has_collations: Whether text comes with its collation (TDS 7.1 on).

    Raises:
        ProtocolError: There is no such type.
    """
    token = reader.number(1)
    if token in _FIXED:
        kind, width = _FIXED[token], _FIXED_WIDTHS[token]
        return Incoming(kind, lambda r: _value(r.take(width), kind))
    if token in _BY_WIDTH:
        width = reader.number(1)
        if width not in _BY_WIDTH[token]:
            raise ProtocolError(f"type {token:#x} of {width} bytes")
        return _with_length(_BY_WIDTH[token][width], 1)
    if token in _DECIMALS:
        reader.take(1)
        facets = (reader.number(1), reader.number(1))
        return _with_length(_named(_DECIMALS[token], facets), 1)
    if token == 0x28:  # noqa: PLR2004 - DATENTYPE
        return _with_length(t.DATE, 1)
    if token in _SCALED:
        return _with_length(_named(_SCALED[token], (reader.number(1),)), 1)
    if token == 0x24:  # noqa: PLR2004 - GUIDTYPE
        reader.take(1)
        return _with_length(t.GUID, 1)
    return _long_type(token, reader, has_collations=has_collations)


def _long_type(token: int, reader: Reader, *, has_collations: bool) -> Incoming:
    if token in _BYTE_LENGTH:
        size = reader.number(1)
        return _with_length(_sized(_BYTE_LENGTH[token], size), 1)
    if token in _SHORT_LENGTH:
        name, size = _SHORT_LENGTH[token], reader.number(2)
        kind = _sized(name, t.MAX if size == _LONG else size)
        if kind.family is Family.TEXT and has_collations:
            kind = _collated(kind, reader)
        return _chunked(kind) if kind.is_max else _with_length(kind, 2)
    if token in _LARGE:
        reader.take(4)
        kind = _named(_LARGE[token], ())
        if kind.family is Family.TEXT and has_collations:
            kind = _collated(kind, reader)
        return Incoming(kind, lambda r: _large(r, kind))
    if token == _XML:
        if reader.number(1):
            raise ProtocolError("a typed XML value")
        return _chunked(_named("xml", ()))
    raise ProtocolError(f"a value of the unknown type {token:#x}")


def _named(name: str, facets: tuple[int, ...]) -> SqlType:
    try:
        return t.named(name, facets)
    except t.UnknownTypeError as error:
        raise ProtocolError(f"a value of type {error}") from error


def _sized(name: str, size: int) -> SqlType:
    """Text or binary of some bytes; parameters may be announced longer than columns."""
    if size != t.MAX and name.startswith("n"):
        size //= 2
    return SqlType(name, size if size == t.MAX else max(1, size))


def _collated(kind: SqlType, reader: Reader) -> SqlType:
    collation = collation_of(reader.take(_COLLATION))
    return SqlType(kind.name, kind.length, collation=collation)


def _with_length(kind: SqlType, width: int) -> Incoming:
    """Values with their length before them; the type decides what NULL is."""
    null = _LONG if width == 2 else 0  # noqa: PLR2004 - a length of two bytes

    def read(reader: Reader) -> Constant | None:
        length = reader.number(width)
        if length == null:
            return None
        return _value(reader.take(length), kind)

    return Incoming(kind, read)


def _chunked(kind: SqlType) -> Incoming:
    """Values in chunks (PLP)."""

    def read(reader: Reader) -> Constant | None:
        total = reader.number(8)
        if total == _NULL_LONG:
            return None
        chunks = []
        while size := reader.number(4):
            chunks.append(reader.take(size))
        data = b"".join(chunks)
        if total not in (_UNKNOWN_LENGTH, len(data)):
            raise ProtocolError("a value in chunks of another length than announced")
        return _value(data, kind)

    return Incoming(kind, read)


def _large(reader: Reader, kind: SqlType) -> Constant | None:
    """A parameter of type text, ntext or image."""
    length = reader.number(4)
    return None if length == _NULL_LARGE else _value(reader.take(length), kind)


def _value(data: bytes, kind: SqlType) -> Constant | None:  # noqa: PLR0911 - a line a family
    """A value of its bytes.

    Raises:
        ProtocolError: They are none of the type.
    """
    if not data and kind.family not in (Family.TEXT, Family.BINARY):
        return None
    try:
        match kind.family:
            case Family.INTEGER:
                signed = kind.name != "tinyint"
                return int.from_bytes(data, "little", signed=signed)
            case Family.BIT:
                return bool(data[0])
            case Family.FLOAT:
                found: float = struct.unpack("<f" if len(data) == 4 else "<d", data)[0]  # noqa: PLR2004 - bytes of a real
                return found
            case Family.DECIMAL:
                return _decimal(data, kind)
            case Family.TEXT:
                codec = "utf-16-le" if kind.is_unicode else kind.code_page
                return _decoded(data, codec)
            case Family.BINARY:
                return data
            case Family.GUID:
                return uuid.UUID(bytes_le=data)
            case _:
                return _moment(data, kind)
    except (ValueError, OverflowError, struct.error) as error:
        raise ProtocolError(f"{len(data)} bytes are no {kind}") from error


def _decoded(data: bytes, codec: str) -> str:
    if codec != "utf-16-le":
        return data.decode(codec, "replace")
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        raise unsupported("text with half a surrogate pair") from None


def _decimal(data: bytes, kind: SqlType) -> Decimal:
    if kind.name == "money":  # the upper half first
        high, low = struct.unpack("<iI", data)
        return Decimal((high << 32) + low).scaleb(-4)
    if kind.name == "smallmoney":
        return Decimal(int.from_bytes(data, "little", signed=True)).scaleb(-4)
    magnitude = int.from_bytes(data[1:], "little")
    digits = tuple(map(int, str(magnitude)))
    return Decimal((int(not data[0]), digits, -kind.scale))


def _moment(data: bytes, kind: SqlType) -> Constant:
    if kind.family is Family.DATE:
        return dt.date.fromordinal(int.from_bytes(data, "little") + 1)
    if kind.family is Family.TIME:
        return _ticks_of_time(data, kind.scale)
    if kind.name == "smalldatetime":
        days, minutes = struct.unpack("<HH", data)
        ticks: int = (days + DAYS_1900) * TICKS_PER_DAY
        return ticks + int(minutes) * TICKS_PER_MINUTE
    if kind.name == "datetime":
        days, units = struct.unpack("<iI", data)
        ticks = (days + DAYS_1900) * TICKS_PER_DAY
        return moments.datetime_ticks(ticks + int(units) * 100_000 // 3)
    if kind.family is Family.OFFSET:
        (minutes,) = struct.unpack("<h", data[-2:])
        return _ticks(data[:-2], kind.scale), int(minutes)
    return _ticks(data, kind.scale)


def _ticks(data: bytes, scale: int) -> int:
    days = int.from_bytes(data[-3:], "little")
    return days * TICKS_PER_DAY + _ticks_of_time(data[:-3], scale)


def _ticks_of_time(data: bytes, scale: int) -> int:
    units = int.from_bytes(data, "little")
    return int(units * 10 ** (7 - scale))
