"""Dates and times as T-SQL writes them, read into ticks and days."""

from __future__ import annotations

import datetime as dt
import re

from sandbox.tds.ticks import (
    DAYS_1900,
    LAST_TICK,
    TICKS_PER_DAY,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
)
from sandbox.tds.types import SqlType

_MONTHS = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
]
_DATETIME_FIRST = (dt.date(1753, 1, 1).toordinal() - 1) * TICKS_PER_DAY
_SMALLDATETIME_FIRST = DAYS_1900 * TICKS_PER_DAY
_SMALLDATETIME_LAST = dt.date(2079, 6, 7).toordinal() * TICKS_PER_DAY

_TIME = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})"
    r"(?:[.:](?P<fraction>\d{1,9}))?)?)?\s*(?P<half>[AaPp][Mm])?"
)
_ZONE = r"(?:\s*(?P<zone>Z|[+-]\d{2}:\d{2}))?"
_DATES = (
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
    r"(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})",
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<month>\d{1,2})[/.-](?P<day>\d{1,2})[/.-](?P<year>\d{4})",
    r"(?P<name>[A-Za-z]{3,9})\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4})",
    r"(?P<day>\d{1,2})\s+(?P<name>[A-Za-z]{3,9}),?\s+(?P<year>\d{4})",
)
_PATTERNS = [
    re.compile(rf"\s*{date}(?:(?:T|\s+){_TIME}{_ZONE})?\s*") for date in _DATES
] + [re.compile(rf"\s*{_TIME}{_ZONE}\s*")]


class MomentError(ValueError):
    """The text is no date or time."""


class MomentRangeError(MomentError):
    """The text is a date that its type cannot hold."""


def parse(text: str) -> tuple[int, int]:
    """Read a date, a time, or both.

    Args:
        text: In one of the unambiguous formats, or month first (us_english). A
            time alone is on 1900-01-01, a date alone at midnight.

    Returns:
        Ticks of the local time since 0001-01-01, and the offset in minutes.

    Raises:
        MomentError: It is none of them.
    """
    if not text.strip():
        return DAYS_1900 * TICKS_PER_DAY, 0
    for pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            parts = match.groupdict()
            return _day(parts) * TICKS_PER_DAY + _time(parts), _zone(parts)
    raise MomentError(text)


def _day(parts: dict[str, str | None]) -> int:
    """Days since 0001-01-01."""
    if parts.get("year") is None:
        return DAYS_1900
    name = parts.get("name")
    try:
        month = (
            _MONTHS.index(name[:3].lower()) + 1 if name else int(parts["month"] or 0)
        )
        date = dt.date(int(parts["year"] or 0), month, int(parts["day"] or 0))
    except ValueError as error:
        raise MomentError from error
    return date.toordinal() - 1


def _time(parts: dict[str, str | None]) -> int:
    """Ticks since midnight; what is finer than a tick is rounded."""
    if parts.get("hour") is None:
        return 0
    hour = int(parts["hour"] or 0)
    minute, second = (int(parts[name] or 0) for name in ("minute", "second"))
    half = parts["half"]
    if not half and parts["minute"] is None:
        raise MomentError("an hour alone needs AM or PM")
    if half and not 1 <= hour <= 12:  # noqa: PLR2004 - hours of a half day
        raise MomentError("no such hour")
    if half:
        hour = hour % 12 + 12 * (half.lower() == "pm")
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - the clock
        raise MomentError("no such time")
    fraction = round(int((parts["fraction"] or "0").ljust(9, "0")) / 100)
    return (hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND + fraction


def _zone(parts: dict[str, str | None]) -> int:
    zone = parts.get("zone")
    if not zone or zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    if minutes > 14 * 60:
        raise MomentError("no such offset")
    return -minutes if zone[0] == "-" else minutes


def fit(ticks: int, kind: SqlType) -> int:
    """Round ticks to what a type of moments can hold.

    datetime2(n) to n digits; datetime to 1/300 s; smalldatetime to minutes.

    Raises:
        MomentRangeError: Beyond the type's first or last moment.
    """
    if kind.name == "datetime":
        ticks = datetime_ticks(ticks)
        first, last = _DATETIME_FIRST, LAST_TICK
    elif kind.name == "smalldatetime":
        # by way of datetime: 29.998 s are less than half a minute, 29.999 s are not
        ticks = round_ticks(datetime_ticks(ticks), TICKS_PER_MINUTE)
        first, last = _SMALLDATETIME_FIRST, _SMALLDATETIME_LAST - 1
    else:
        # the very last moments are cut, as there is nothing above to round to
        ticks = round_ticks(ticks, 10 ** (7 - kind.scale))
        if ticks > LAST_TICK:
            ticks -= 10 ** (7 - kind.scale)
        first, last = 0, LAST_TICK
    if not first <= ticks <= last:
        raise MomentRangeError(str(ticks))
    return ticks


def round_ticks(ticks: int, unit: int) -> int:
    """The nearest multiple of a unit, the upper one from the middle on."""
    return (ticks + unit // 2) // unit * unit


def datetime_ticks(ticks: int) -> int:
    """The nearest 1/300 s, in ticks."""
    day, rest = divmod(ticks, TICKS_PER_DAY)
    units = (rest * 3 + 50_000) // 100_000
    return day * TICKS_PER_DAY + (units * 100_000 + 1) // 3


def days_of(ticks: int) -> dt.date:
    """The calendar day of a moment."""
    return dt.date.fromordinal(ticks // TICKS_PER_DAY + 1)
