"""Text as values, for COPY: what Vertica reads as an integer, a date, a boolean."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from sandbox.vertica import types
from sandbox.vertica.interval_values import read_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.vertica.types import SqlType

_INTEGER = re.compile(rb"\s*[+-]?\d+\s*")
_TRUE = frozenset({b"t", b"true", b"y", b"yes", b"1", b"on"})
_FALSE = frozenset({b"f", b"false", b"n", b"no", b"0", b"off"})
_LARGEST = 2**63 - 1  # -2^63 is how Vertica stores NULL, so it is no value
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})|\\\\")
_FRACTION = re.compile(r"\.(\d+)")
_SHORT_DATE = re.compile(r"(\d{1,4})-(\d{1,2})-(\d{1,2})(?!\d)")
_NAMED_ZONE = re.compile(r" ([A-Za-z_]+(?:/[A-Za-z_]+)*)$")
_ANY_DAY = "2000-01-01"
_DATE_START = 5  # a date's first hyphen comes within these
_SHORT_ZONE = re.compile(r"([+-]\d{2})$")


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
        except (ValueError, OverflowError, InvalidOperation, KeyError):
            found.append(None)
            bad[row] = value
    return found, bad


def read_column(
    values: Sequence[bytes | None], kind: SqlType, target: pa.DataType
) -> tuple[pa.Array, dict[int, bytes]]:
    """Read a column: as a whole if Arrow can, which knows only the usual forms.

    Args:
        values: The texts.
        kind: What they are read as.
        target: How they travel on.

    Returns:
        As `convert`.
    """
    is_rounded = kind.oid == types.TIMESTAMP and kind.precision not in {None, 6}
    if kind.oid in {types.DATE, types.TIMESTAMP, types.NUMERIC} and not is_rounded:
        with suppress(pa.ArrowException):
            return pc.cast(pa.array(values, pa.string()), target), {}
    found, bad = convert(values, kind)
    return pa.array(found, target), bad


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
    if found := _SHORT_DATE.match(text):
        year, month, day = found.groups()
        text = f"{year:>04}-{month:>02}-{day:>02}{text[found.end() :]}"
    return datetime.fromisoformat(
        _SHORT_ZONE.sub(r"\1:00", text) if ":" in text else text
    )


def _rounded(moment: datetime, kind: SqlType) -> datetime:
    """To the declared digits of the seconds' fraction."""
    digits = 6 if kind.precision is None else kind.precision
    unit = 10 ** (6 - digits)
    over = (moment.microsecond + unit // 2) // unit * unit - moment.microsecond
    return moment + timedelta(microseconds=over)


def _timestamp(value: bytes, kind: SqlType) -> datetime:
    return _rounded(_moment(value), kind).replace(tzinfo=None)


def _timestamptz(value: bytes, kind: SqlType) -> datetime:
    moment = _rounded(_moment(value), kind)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(value: bytes, _: SqlType) -> date:
    return _moment(value).date()


def _clock(value: bytes, kind: SqlType) -> datetime:
    """A time, as of some day: its own, if it tells one, as its zone may need it."""
    text = value.decode().strip()
    zone = None
    if found := _NAMED_ZONE.search(text):
        zone = ZoneInfo(found[1])
        text = text[: found.start()]
    if "-" not in text[:_DATE_START]:
        text = f"{_ANY_DAY} {text}"
    moment = _rounded(_moment(text.encode()), kind)
    return moment.replace(tzinfo=zone) if zone else moment


def _time(value: bytes, kind: SqlType) -> time:
    return _clock(value, kind).time()


def _timetz(value: bytes, kind: SqlType) -> str:
    clock = _clock(value, kind)
    return (clock if clock.tzinfo else clock.replace(tzinfo=UTC)).isoformat()[11:]


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
    types.INTERVAL: lambda v, k: read_interval(v.decode(), k),
    types.INTERVAL_YM: lambda v, k: read_interval(v.decode(), k),
    types.UUID: lambda v, _: UUID(v.decode().strip()).bytes,
} | dict.fromkeys(types.BYTES, lambda v, _: read_octets(v))
