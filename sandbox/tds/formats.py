"""Dates and times as text, for clients too old to have types for them."""

from __future__ import annotations

import datetime as dt
from typing import cast

from sandbox.tds.moments import days_of
from sandbox.tds.ticks import TICKS_PER_DAY, TICKS_PER_MINUTE, TICKS_PER_SECOND
from sandbox.tds.types import Family, SqlType


def format_time(ticks: int, scale: int) -> str:
    """`hh:mm:ss[.fffffff]` of ticks since midnight."""
    seconds, rest = divmod(ticks, TICKS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    fraction = f".{rest:07d}"[: scale + 1] if scale else ""
    return f"{hour:02d}:{minute:02d}:{second:02d}{fraction}"


def format_ticks(ticks: int, scale: int) -> str:
    """`yyyy-mm-dd hh:mm:ss[.fffffff]` of ticks since 0001-01-01."""
    return f"{days_of(ticks)} {format_time(ticks % TICKS_PER_DAY, scale)}"


def format_moment(value: object, kind: SqlType) -> str | None:
    """A stored value of a date or time type as SQL Server writes it in text."""
    if value is None:
        return None
    if kind.family is Family.DATE:
        return cast("dt.date", value).isoformat()
    if kind.family is Family.TIME:
        return format_time(cast("int", value), kind.scale)
    if kind.family is Family.MOMENT:
        return format_ticks(cast("int", value), kind.scale)
    parts = cast("dict[str, int]", value)
    local = parts["utc"] + parts["minutes"] * TICKS_PER_MINUTE
    hours, minutes = divmod(abs(parts["minutes"]), 60)
    sign = "-" if parts["minutes"] < 0 else "+"
    return f"{format_ticks(local, kind.scale)} {sign}{hours:02d}:{minutes:02d}"
