"""Result values on the wire, as text or binary.

Text forms are what vsql shows: `t`/`f`, `2019-03-14 10:00:00.5`, octal escapes for
bytes. Binary forms: the protocol's, big-endian, times from 2000-01-01.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.vertica import types

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from sandbox.vertica.types import SqlType

EPOCH_DAYS = 10_957  # from 1970-01-01 to 2000-01-01
EPOCH_MICROSECONDS = EPOCH_DAYS * 86_400_000_000
_JULIAN_1970 = 2_440_588
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_UNITS = {
    "day": _DAY,
    "hour": 3600 * _SECOND,
    "minute": 60 * _SECOND,
    "second": _SECOND,
}
_TIMETZ_OFFSET = 57_599  # DuckDB stores a zone as this minus its offset in seconds
_TIMETZ_WORD = 86_400  # Vertica as this minus its offset
_MONTH_DAYS = 30
_NUMERIC_WORD = 19  # digits one more 64-bit word takes

Cell = bytes | None


def encode(array: pa.Array, kind: SqlType, *, binary: bool) -> list[Cell]:
    """One column of a result.

    Args:
        array: DuckDB's values.
        kind: What the column was announced as.
        binary: Whether the session asked for binary transfer.
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    convert = (_BINARY if binary else _TEXT).get(kind.oid)
    if convert is None:
        return [_octets(value, kind) for value in array.to_pylist()]
    values = _plain(array, kind)
    return [None if value is None else convert(value, kind) for value in values]


def encode_text_bytes(value: bytes) -> bytes:
    """Bytes as text: printable ASCII as it is, the rest as octal escapes."""
    return b"".join(
        b"\\\\" if b == 0x5C else bytes([b]) if 0x20 <= b < 0x7F else b"\\%03o" % b  # noqa: PLR2004 - backslash, space, delete
        for b in value
    )


def _plain(array: pa.Array, kind: SqlType) -> list[object]:
    """Numbers for times, Python values for the rest."""
    values: list[object]
    if kind.oid == types.DATE:
        values = pc.cast(array, pa.int32()).to_pylist()
    elif kind.oid in {types.TIMESTAMP, types.TIMESTAMPTZ}:
        zone = pa.timestamp("us", array.type.tz)
        values = pc.cast(pc.cast(array, zone), pa.int64()).to_pylist()
    elif kind.oid == types.TIME:
        values = pc.cast(array, pa.int64()).to_pylist()
    elif kind.oid == types.INT and pa.types.is_fixed_size_binary(array.type):
        values = [
            None if v is None else int.from_bytes(v, "little", signed=True)
            for v in array.to_pylist()
        ]
    else:
        values = array.to_pylist()
    return values


def _octets(value: object, kind: SqlType) -> Cell:
    """CHAR and VARCHAR, in both forms."""
    if value is None:
        return None
    data = str(value).encode("utf-8", "surrogatepass")
    return data.ljust(kind.length or 0) if kind.oid == types.CHAR else data


def _date_text(days: int) -> str:
    text = str(np.datetime64(days, "D"))
    if not text.startswith("-") and text[:4] != "0000":
        return text
    year, month, day = text.lstrip("-").split("-")
    return f"{int(year) + 1:04}-{month}-{day} BC"  # the year 0 is 1 BC


def _clock(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, _SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    text = f"{hour:02}:{minute:02}:{second:02}"
    return f"{text}.{fraction:06}".rstrip("0") if fraction else text


def _timestamp_text(value: int, zone: str = "") -> bytes:
    days, rest = divmod(value, _DAY)
    date, _, era = _date_text(days).partition(" ")
    return f"{date} {_clock(rest)}{zone}{' ' + era if era else ''}".encode()


def _timetz(value: bytes) -> tuple[int, int]:
    """Microseconds of the local clock, and the zone's seconds east."""
    word = int.from_bytes(value, "little")
    return word >> 24, _TIMETZ_OFFSET - (word & 0xFFFFFF)


def _timetz_text(value: bytes) -> bytes:
    clock, offset = _timetz(value)
    minutes, seconds = divmod(abs(offset), 60)
    hour, minute = divmod(minutes, 60)
    zone = f"{'-' if offset < 0 else '+'}{hour:02}"
    if minute or seconds:
        zone += f":{minute:02}" + (f":{seconds:02}" if seconds else "")
    return f"{_clock(clock)}{zone}".encode()


def _timetz_binary(value: bytes) -> bytes:
    clock, offset = _timetz(value)
    utc = (clock - offset * _SECOND) % _DAY
    return struct.pack("!q", utc << 24 | (_TIMETZ_WORD - offset))


def _interval(value: tuple[int, int, int]) -> tuple[int, int]:
    """Months, and microseconds of the days and the rest."""
    months, days, nanoseconds = value
    return months, days * _DAY + nanoseconds // 1000


def _interval_text(value: tuple[int, int, int], kind: SqlType) -> bytes:
    """`1 02:03:04.5`; only the declared fields, the first of any size."""
    months, rest = _interval(value)
    rest += months * _MONTH_DAYS * _DAY
    sign = "-" if rest < 0 else ""
    names = kind.field_names
    numbers: list[str] = []
    left = abs(rest)
    for name in names:
        number, left = divmod(left, _UNITS[name])
        numbers.append(f"{number:02}" if numbers else str(number))
    if names[-1] == "second" and left:
        numbers[-1] += f".{left:06}".rstrip("0")
    if names[0] == "day" and len(names) > 1:
        days, clock = numbers[0], ":".join(numbers[1:])
        shown = clock if days == "0" and ":" in clock else f"{days} {clock}"
    else:
        shown = ":".join(numbers)
    return (sign + shown).encode()


def _interval_binary(value: tuple[int, int, int]) -> bytes:
    months, rest = _interval(value)
    return struct.pack("!q", rest + months * _MONTH_DAYS * _DAY)


def _year_month_text(value: tuple[int, int, int], kind: SqlType) -> bytes:
    months, _ = _interval(value)
    sign = "-" if months < 0 else ""
    years, rest = divmod(abs(months), 12)
    shown = {"year": f"{years}", "month": f"{abs(months)}"}
    names = kind.field_names
    text = shown[names[0]] if len(names) == 1 else f"{years}-{rest}"
    return (sign + text).encode()


def _float_text(value: float) -> bytes:
    if value != value:  # noqa: PLR0124 - only NaN is not itself
        return b"NaN"
    if value in {float("inf"), float("-inf")}:
        return b"Infinity" if value > 0 else b"-Infinity"
    return f"{value:.15g}".encode()


def _numeric_text(value: Decimal, kind: SqlType) -> bytes:
    return f"{value:.{kind.scale or 0}f}".encode()


def _numeric_binary(value: Decimal, kind: SqlType) -> bytes:
    width = ((kind.precision or 0) // _NUMERIC_WORD + 1) * 8
    unscaled = int(f"{value:.{kind.scale or 0}f}".replace(".", ""))
    return unscaled.to_bytes(width, "big", signed=True)


def _padded(value: bytes, kind: SqlType) -> bytes:
    return value.ljust(kind.length or 0, b"\0") if kind.oid == types.BINARY else value


def _hyphenated(value: bytes) -> bytes:
    text = value.hex()
    parts = text[:8], text[8:12], text[12:16], text[16:20], text[20:]
    return "-".join(parts).encode()


_TEXT: dict[int, Callable[..., bytes]] = {
    types.BOOL: lambda v, _: b"t" if v else b"f",
    types.INT: lambda v, _: str(v).encode(),
    types.FLOAT: lambda v, _: _float_text(v),
    types.DATE: lambda v, _: _date_text(v).encode(),
    types.TIME: lambda v, _: _clock(v).encode(),
    types.TIMETZ: lambda v, _: _timetz_text(v),
    types.TIMESTAMP: lambda v, _: _timestamp_text(v),
    types.TIMESTAMPTZ: lambda v, _: _timestamp_text(v, "+00"),
    types.INTERVAL: _interval_text,
    types.INTERVAL_YM: _year_month_text,
    types.NUMERIC: _numeric_text,
    types.UUID: lambda v, _: _hyphenated(v),
}
_TEXT |= dict.fromkeys(types.BYTES, lambda v, k: encode_text_bytes(_padded(v, k)))
_BINARY: dict[int, Callable[..., bytes]] = {
    types.BOOL: lambda v, _: b"\1" if v else b"\0",
    types.INT: lambda v, _: struct.pack("!q", v),
    types.FLOAT: lambda v, _: struct.pack("!d", v),
    types.DATE: lambda v, _: struct.pack("!q", v + _JULIAN_1970),
    types.TIME: lambda v, _: struct.pack("!q", v),
    types.TIMETZ: lambda v, _: _timetz_binary(v),
    types.TIMESTAMP: lambda v, _: struct.pack("!q", v - EPOCH_MICROSECONDS),
    types.TIMESTAMPTZ: lambda v, _: struct.pack("!q", v - EPOCH_MICROSECONDS),
    types.INTERVAL: lambda v, _: _interval_binary(v),
    types.INTERVAL_YM: lambda v, _: struct.pack("!q", _interval(v)[0]),
    types.NUMERIC: _numeric_binary,
    types.UUID: lambda v, _: v,
} | dict.fromkeys(types.BYTES, _padded)
