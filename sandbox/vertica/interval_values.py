"""Text as intervals: `1 02:03:04.5`, `1y 10m`, `3 days 2 hours ago`, `1-10`.

A number without a unit counts the declared fields in turn; what is finer than the last
of them is cut off. A day-second interval takes a month as 30 days and a year as 365.
Source: the Vertica documentation, "Interval literal", and vertica-python's own tests.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from sandbox.vertica import types

if TYPE_CHECKING:
    from sandbox.vertica.types import SqlType

_SECOND = 1_000_000
_UNITS = {
    "second": _SECOND,
    "minute": 60 * _SECOND,
    "hour": 3600 * _SECOND,
    "day": 86_400 * _SECOND,
    "month": 30 * 86_400 * _SECOND,
    "year": 365 * 86_400 * _SECOND,
    "week": 7 * 86_400 * _SECOND,
    "millisecond": 1000,
    "microsecond": 1,
}
_NAMES = {
    "y": "year", "yr": "year", "mon": "month", "w": "week", "d": "day", "h": "hour",
    "hr": "hour", "min": "minute", "m": "minute", "s": "second", "sec": "second",
    "ms": "millisecond", "msec": "millisecond", "us": "microsecond",
    "usec": "microsecond",
}  # fmt: skip
_PART = re.compile(
    r"\s*(?:(-?)(\d+):(\d+)(?::(\d+(?:\.\d*)?))?(?=\s|$)"  # a clock
    r"|(-?)(\d+):(\d+\.\d*)(?=\s|$)"  # minutes and seconds
    r"|(-?)(\d+)-(\d+)(?=\s|$)"  # years and months
    r"|(-?\d++(?:\.\d*+)?)\s*([A-Za-z]*+))"  # a number and its unit
)


def read_interval(text: str, kind: SqlType) -> int:
    """Microseconds of a day-second interval, months of a year-month one.

    Raises:
        ValueError: The text is no interval.
    """
    words = text.strip().lower().lstrip("@ ")
    ago = words.endswith(" ago")
    words = words.removesuffix(" ago")
    fields = list(kind.field_names)
    total = Fraction(0)
    at, sign = 0, 1
    while at < len(words):
        found = _PART.match(words, at)
        if found is None or found.end() == at:
            raise ValueError(text)
        at = found.end()
        amount = _amount(found, fields, kind)
        if found[0].strip().startswith("-") and not total:
            sign = -1
        total += abs(amount) if sign < 0 else amount
    whole = _cut(abs(total), kind) * (1 if total >= 0 else -1) * sign
    return -whole if ago else whole


def _amount(found: re.Match[str], fields: list[str], kind: SqlType) -> Fraction:
    first, second, third = found[2], found[3], found[4]
    if first is not None:
        wanted = [name for name in fields if name in {"hour", "minute", "second"}]
        if third is None and wanted[:1] == ["minute"]:
            return _of("minute", first) + _of("second", second)
        return _of("hour", first) + _of("minute", second) + _of("second", third or "0")
    if found[6] is not None:
        return _of("minute", found[6]) + _of("second", found[7])
    if found[9] is not None:
        return _of("year", found[9], kind) + _of("month", found[10], kind)
    number, unit = found[11], found[12]
    if not unit:
        unit = fields.pop(0) if fields else ""
    return _of(_named(unit, kind), number, kind)


def _named(unit: str, kind: SqlType) -> str:
    if kind.oid == types.INTERVAL_YM and unit == "m":
        return "month"
    for name in (unit, unit.removesuffix("s")):
        if name in _UNITS:
            return name
        if name in _NAMES:
            return _NAMES[name]
    raise ValueError(unit)


def _of(unit: str, number: str, kind: SqlType | None = None) -> Fraction:
    if kind is not None and kind.oid == types.INTERVAL_YM:
        months = {"year": 12, "month": 1}
        return Fraction(number) * months.get(unit, 0)
    return Fraction(number) * _UNITS[unit]


def _cut(total: Fraction, kind: SqlType) -> int:
    """To the last declared field; seconds are rounded to their digits."""
    last = kind.field_names[-1]
    if kind.oid == types.INTERVAL_YM:
        return int(total) // 12 * 12 if last == "year" else int(total)
    if last != "second":
        return int(total // _UNITS[last]) * _UNITS[last]
    digits = 6 if kind.precision is None else kind.precision
    unit = 10 ** (6 - digits)
    return int(total / unit + Fraction(1, 2)) * int(unit)
