"""DATEADD, DATEDIFF, DATEPART and DATENAME, reckoned in ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds.convert import convert
from sandbox.tds.convert_moments import local_ticks, ticks, timestamp
from sandbox.tds.failures import raised
from sandbox.tds.ticks import (
    LAST_TICK,
    TICKS_PER_DAY,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
)
from sandbox.tds.types import (
    BIGINT,
    DATETIME,
    DATETIME2,
    INT,
    Family,
    SqlType,
    text,
)
from sandbox.tds.values import Typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PARTS = {
    "year": ("year", "yy", "yyyy"),
    "quarter": ("quarter", "qq", "q"),
    "month": ("month", "mm", "m"),
    "dayofyear": ("dayofyear", "dy", "y"),
    "day": ("day", "dd", "d"),
    "week": ("week", "wk", "ww"),
    "weekday": ("weekday", "dw", "w"),
    "hour": ("hour", "hh"),
    "minute": ("minute", "mi", "n"),
    "second": ("second", "ss", "s"),
    "millisecond": ("millisecond", "ms"),
    "microsecond": ("microsecond", "mcs"),
    "nanosecond": ("nanosecond", "ns"),
    "iso_week": ("iso_week", "isowk", "isoww"),
}
_PART_OF = {short: part for part, names in _PARTS.items() for short in names}
_TICKS = {
    "week": 7 * TICKS_PER_DAY,
    "weekday": TICKS_PER_DAY,
    "dayofyear": TICKS_PER_DAY,
    "day": TICKS_PER_DAY,
    "hour": 60 * TICKS_PER_MINUTE,
    "minute": TICKS_PER_MINUTE,
    "second": TICKS_PER_SECOND,
    "millisecond": 10_000,
    "microsecond": 10,
}
_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_ADDED_TO_DATE = frozenset({*_MONTHS, "week", "weekday", "dayofyear", "day"})


def _part(name: str, function: str) -> str:
    try:
        return _PART_OF[name]
    except KeyError:
        raise SqlError(
            f"'{name}' is not a recognized {function} option.", number=155, severity=15
        ) from None


def _moment(value: Typed, fallback: SqlType = DATETIME2) -> Typed:
    """A value with a date or time; text and numbers become one."""
    if value.is_null or value.kind.family not in (
        Family.DATE,
        Family.TIME,
        Family.MOMENT,
        Family.OFFSET,
    ):
        if value.kind.family is not Family.TEXT and not value.is_null:
            fallback = DATETIME
        return convert(value, fallback)
    return value


def _date_add(name: str, values: Sequence[Typed]) -> Typed:
    part = _part(name, "dateadd")
    count, moment = values
    count = convert(count, INT)
    moment = _moment(moment, DATETIME)
    if moment.kind.family is Family.DATE and part not in _ADDED_TO_DATE:
        raise SqlError(
            f"The datepart {part} is not supported by date function dateadd for data "
            "type date.",
            number=9810,
        )
    local = local_ticks(moment)
    if part in _MONTHS:
        months = f"({count.sql}) * {_MONTHS[part]}"
        moved = ticks(f"({timestamp(local)} + to_months({months}))")
        sql = f"({moved} + ({local}) % 10)"
    elif part == "nanosecond":
        sql = f"({local} + CAST(({count.sql}) AS BIGINT) // 100)"
    else:
        sql = f"({local} + CAST(({count.sql}) AS BIGINT) * {_TICKS[part]})"
    failure = raised(
        517, f"Adding a value to a '{moment.kind.name}' column caused an overflow."
    )
    checked = (
        f"CASE WHEN {sql} < 0 OR {sql} > {LAST_TICK} THEN {failure} ELSE {sql} END"
    )
    kind = moment.kind
    if kind.family is Family.OFFSET:
        minutes = f"({moment.sql}).minutes"
        utc = f"({checked} - {minutes} * {TICKS_PER_MINUTE})"
        shifted = f"CASE WHEN {sql} IS NOT NULL THEN CAST({{'utc': {utc}, 'minutes': "
        return Typed(f"{shifted}{minutes}}} AS {kind.storage}) END", kind)
    return convert(Typed(checked, DATETIME2), kind)


def _boundaries(part: str, value: Typed) -> str:
    """How many boundaries of a part lie before a moment."""
    local = local_ticks(value)
    if part in _MONTHS:
        moment = timestamp(local)
        months = f"(year({moment}) * 12 + month({moment}) - 1)"
        return f"({months} // {_MONTHS[part]})"
    if part == "week":  # weeks begin on Sunday; 0001-01-01 was a Monday
        return f"(({local} // {TICKS_PER_DAY} + 1) // 7)"
    if part == "nanosecond":
        return f"({local} * 100)"
    return f"({local} // {_TICKS[part]})"


def _date_diff(name: str, values: Sequence[Typed], kind: SqlType = INT) -> Typed:
    part = _part(name, "datediff")
    first, second = (_moment(value) for value in values)
    sql = f"({_boundaries(part, second)} - {_boundaries(part, first)})"
    failure = raised(
        535,
        "The datediff function resulted in an overflow. The number of dateparts "
        "separating two date/time instances is too large. Try to use datediff with a "
        "less precise datepart.",
    )
    if kind == BIGINT:
        return Typed(sql, kind)
    checked = (
        f"coalesce(TRY_CAST({sql} AS INTEGER), "
        f"CASE WHEN {sql} IS NOT NULL THEN {failure} END)"
    )
    return Typed(checked, kind)


def _date_diff_big(name: str, values: Sequence[Typed]) -> Typed:
    return _date_diff(name, values, BIGINT)


def _date_part(name: str, values: Sequence[Typed]) -> Typed:
    part = _part(name, "datepart")
    (value,) = values
    return Typed(part_of(part, _moment(value)), INT)


def part_of(part: str, value: Typed) -> str:
    """DuckDB SQL of a part of a moment, as INTEGER."""
    local = local_ticks(value)
    moment = timestamp(local)
    fractions = {"millisecond": 10_000, "microsecond": 10}
    if part in fractions:
        sql = f"({local} % 10000000 // {fractions[part]})"
    elif part == "nanosecond":
        sql = f"({local} % 10000000 * 100)"
    elif part == "weekday":
        sql = f"(({local} // {TICKS_PER_DAY} + 1) % 7 + 1)"
    elif part == "week":
        first = f"CAST(date_trunc('year', {moment}) AS DATE)"
        days = f"(dayofyear({moment}) - 1 + dayofweek({first}))"
        sql = f"({days} // 7 + 1)"
    elif part == "iso_week":
        sql = f"weekofyear({moment})"
    else:
        sql = f"{part}({moment})"
    return f"CAST({sql} AS INTEGER)"


def _date_name(name: str, values: Sequence[Typed]) -> Typed:
    part = _part(name, "datename")
    (value,) = values
    moment = _moment(value)
    words = {"month": "monthname", "weekday": "dayname"}
    if part in words:
        sql = f"{words[part]}({timestamp(local_ticks(moment))})"
    else:
        sql = f"CAST({part_of(part, moment)} AS VARCHAR)"
    return Typed(sql, text(30, unicode=True))


DATE_PART_FUNCTIONS: dict[str, Callable[[str, Sequence[Typed]], Typed]] = {
    "DATEADD": _date_add,
    "DATEDIFF": _date_diff,
    "DATEDIFF_BIG": _date_diff_big,
    "DATEPART": _date_part,
    "DATENAME": _date_name,
}
