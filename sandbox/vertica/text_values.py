"""Text as values, for COPY: what Vertica reads as an integer, a date, a boolean."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from uuid import UUID

from sandbox.vertica import types

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.vertica.types import SqlType

_INTEGER = re.compile(rb"\s*[+-]?\d+\s*")
_TRUE = frozenset({b"t", b"true", b"y", b"yes", b"1", b"on"})
_FALSE = frozenset({b"f", b"false", b"n", b"no", b"0", b"off"})
_LARGEST = 2**63 - 1  # -2^63 is how Vertica stores NULL, so it is no value
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})|\\\\")
_FRACTION = re.compile(r"\.(\d+)")
_SHORT_ZONE = re.compile(r"([+-]\d{2})$")
_CLOCK = re.compile(r"(-)?(?:(\d+)\s+)?(\d+):(\d+)(?::(\d+)(?:\.(\d{1,6}))?)?")
_YEARS = re.compile(r"(-)?(\d+)-(\d+)")


def convert(
    values: Sequence[bytes | None], kind: SqlType
) -> tuple[list[object], dict[int, bytes]]:
    """Read a column.

    Returns:
        The values, with None also where one could not be read; and those, by row.
    """
    read = _READERS.get(kind.oid, _text)
    found: list[object] = []
    bad: dict[int, bytes] = {}
    for row, value in enumerate(values):
        if value is None:
            found.append(None)
            continue
        try:
            found.append(read(value, kind))
        except (ValueError, OverflowError, InvalidOperation):
            found.append(None)
            bad[row] = value
    return found, bad


def read_octets(value: bytes) -> bytes:
    r"""Bytes written as text: `\303` is one octet, a double backslash one too."""
    return _OCTAL.sub(lambda m: bytes([int(m[1], 8)]) if m[1] else b"\\", value)


def _text(value: bytes, kind: SqlType) -> str:
    text = value.decode()
    return text.rstrip(" ") if kind.oid == types.CHAR else text


def _integer(value: bytes, _: SqlType) -> int:
    if not _INTEGER.fullmatch(value):
        raise ValueError(value)
    number = int(value)
    if abs(number) > _LARGEST:
        raise ValueError(value)
    return number


def _boolean(value: bytes, _: SqlType) -> bool:
    word = value.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(value)
    return word in _TRUE


def _numeric(value: bytes, kind: SqlType) -> Decimal:
    """Rounded half away from zero to the column's scale."""
    number = Decimal(value.decode().strip())
    if not number.is_finite():
        raise ValueError(value)
    sign, digits, exponent = number.as_tuple()
    shift = int(exponent) + (kind.scale or 0)
    unscaled = int("".join(map(str, digits)) or "0")
    if shift >= 0:
        unscaled *= 10 ** min(shift, 2 * types.STORED_PRECISION)
    else:
        power = 10**-shift
        unscaled = (2 * unscaled + power) // (2 * power)
    if unscaled >= 10**types.STORED_PRECISION:
        raise ValueError(value)
    whole = tuple(int(d) for d in str(unscaled))
    return Decimal((sign, whole, -(kind.scale or 0)))


def _moment(value: bytes) -> datetime:
    text = value.decode().strip()
    text = _FRACTION.sub(lambda m: "." + m[1][:6].ljust(6, "0"), text)
    return datetime.fromisoformat(
        _SHORT_ZONE.sub(r"\1:00", text) if ":" in text else text
    )


def _timestamp(value: bytes, _: SqlType) -> datetime:
    return _moment(value).replace(tzinfo=None)


def _timestamptz(value: bytes, _: SqlType) -> datetime:
    moment = _moment(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(value: bytes, _: SqlType) -> date:
    return _moment(value).date()


def _clock(value: bytes) -> time:
    text = value.decode().strip()
    text = _FRACTION.sub(lambda m: "." + m[1][:6].ljust(6, "0"), text)
    return time.fromisoformat(_SHORT_ZONE.sub(r"\1:00", text))


def _time(value: bytes, _: SqlType) -> time:
    return _clock(value).replace(tzinfo=None)


def _timetz(value: bytes, _: SqlType) -> str:
    clock = _clock(value)
    return (clock if clock.tzinfo else clock.replace(tzinfo=UTC)).isoformat()


def _interval(value: bytes, _: SqlType) -> int:
    text = value.decode().strip()
    found = _CLOCK.fullmatch(text)
    if found is None:
        return int(Decimal(text)) * 86_400_000_000  # days
    sign, days, hours, minutes, seconds, fraction = found.groups(default="0")
    span = timedelta(
        days=int(days), hours=int(hours), minutes=int(minutes), seconds=int(seconds),
        microseconds=int(fraction.ljust(6, "0")),
    )  # fmt: skip
    return span // timedelta(microseconds=1) * (-1 if sign == "-" else 1)


def _year_month(value: bytes, _: SqlType) -> int:
    found = _YEARS.fullmatch(value.decode().strip())
    if found is None:
        raise ValueError(value)
    months = int(found[2]) * 12 + int(found[3])
    return -months if found[1] else months


_READERS: dict[int, Callable[[bytes, SqlType], object]] = {
    types.BOOL: _boolean,
    types.INT: _integer,
    types.FLOAT: lambda v, _: float(v),
    types.NUMERIC: _numeric,
    types.DATE: _date,
    types.TIME: _time,
    types.TIMETZ: _timetz,
    types.TIMESTAMP: _timestamp,
    types.TIMESTAMPTZ: _timestamptz,
    types.INTERVAL: _interval,
    types.INTERVAL_YM: _year_month,
    types.UUID: lambda v, _: UUID(v.decode().strip()).bytes,
} | dict.fromkeys(types.BYTES, lambda v, _: read_octets(v))
