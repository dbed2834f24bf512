"""Conversions between dates, times, moments and moments with an offset."""

from __future__ import annotations

from sandbox.tds.failures import clash, raised
from sandbox.tds.ticks import DAYS_1900, LAST_TICK, TICKS_PER_DAY, TICKS_PER_MINUTE
from sandbox.tds.types import OFFSET_STORAGE, Family, SqlType
from sandbox.tds.values import Typed

_MICROSECONDS_1970 = 62_135_596_800_000_000
_FIRST_DATETIME = 639_905 * TICKS_PER_DAY
_LAST_SMALLDATETIME = 759_129 * TICKS_PER_DAY
_OUT_OF_RANGE = 242


def timestamp(sql: str) -> str:
    """DuckDB's TIMESTAMP of ticks; the seventh digit is lost."""
    return f"make_timestamp(({sql}) // 10 - {_MICROSECONDS_1970})"


def ticks(sql: str) -> str:
    """Ticks of a DuckDB TIMESTAMP."""
    return f"((epoch_us({sql}) + {_MICROSECONDS_1970}) * 10)"


def local_ticks(value: Typed) -> str:
    """Ticks since 0001-01-01 of a date, time (on 1900-01-01) or moment."""
    match value.kind.family:
        case Family.DATE:
            return (
                f"(CAST({value.sql} - DATE '0001-01-01' AS BIGINT) * {TICKS_PER_DAY})"
            )
        case Family.TIME:
            return f"({value.sql} + {DAYS_1900 * TICKS_PER_DAY})"
        case Family.OFFSET:
            return f"(({value.sql}).utc + ({value.sql}).minutes * {TICKS_PER_MINUTE})"
        case _:
            return value.sql


def between(value: Typed, target: SqlType) -> str:
    """Convert one into another, rounding to the scale of the target.

    Raises:
        SqlError: 206, between date and time.
    """
    source = value.kind
    if source == target:
        return value.sql
    local = local_ticks(value)
    if {source.family, target.family} == {Family.DATE, Family.TIME}:
        raise clash(source, target)
    match target.family:
        case Family.DATE:
            return f"(DATE '0001-01-01' + CAST({local} // {TICKS_PER_DAY} AS INTEGER))"
        case Family.TIME:
            unit = 10 ** (7 - target.scale)
            return (
                f"({_rounded(f'({local} % {TICKS_PER_DAY})', unit)} % {TICKS_PER_DAY})"
            )
        case Family.OFFSET:
            minutes = (
                f"({value.sql}).minutes" if source.family is Family.OFFSET else "0"
            )
            utc = f"({value.sql}).utc" if source.family is Family.OFFSET else local
            utc = _rounded(utc, 10 ** (7 - target.scale))
            return (
                f"CASE WHEN {local} IS NOT NULL THEN CAST({{'utc': {utc}, "
                f"'minutes': {minutes}}} AS {OFFSET_STORAGE}) END"
            )
        case _:
            return fitted(local, source, target)


def fitted(sql: str, source: SqlType, target: SqlType) -> str:
    """Ticks rounded to what a type of moments holds, refused beyond its range."""
    if target.name == "datetime2":
        coarser = source.name != "datetime2" or source.scale > target.scale
        if target.scale == 7 or not coarser:  # noqa: PLR2004 - ticks have seven digits
            return sql
        unit = 10 ** (7 - target.scale)
        return f"least({_rounded(sql, unit)}, {LAST_TICK // unit * unit})"
    day = f"(({sql}) // {TICKS_PER_DAY} * {TICKS_PER_DAY})"
    units = f"((({sql}) % {TICKS_PER_DAY} * 3 + 50000) // 100000)"
    rounded = f"({day} + ({units} * 100000 + 1) // 3)"
    low, high = _FIRST_DATETIME, LAST_TICK
    if target.name == "smalldatetime":
        rounded = _rounded(rounded, TICKS_PER_MINUTE)
        low, high = DAYS_1900 * TICKS_PER_DAY, _LAST_SMALLDATETIME
    words = (
        f"The conversion of a {source.name} data type to a {target.name} data type "
        "resulted in an out-of-range value."
    )
    return (
        f"CASE WHEN ({sql}) < {low} OR ({sql}) > {high} "
        f"THEN {raised(_OUT_OF_RANGE, words)} ELSE {rounded} END"
    )


def _rounded(sql: str, unit: int) -> str:
    if unit == 1:
        return sql
    return f"((({sql}) + {unit // 2}) // {unit} * {unit})"


def from_number(value: Typed, target: SqlType) -> str:
    """A number of days since 1900-01-01, as datetime takes it.

    Raises:
        SqlError: 206, datetime2 takes none.
    """
    if target.name == "datetime2":
        raise clash(value.kind, target)
    days = f"CAST({value.sql} AS DOUBLE)"
    whole = (
        f"(CAST(floor({days}) AS BIGINT) + {DAYS_1900}) * {TICKS_PER_DAY} "
        f"+ CAST(round(({days} - floor({days})) * {TICKS_PER_DAY}) AS BIGINT)"
    )
    return fitted(f"({whole})", SqlType("float"), target)


def to_days(value: Typed) -> str:
    """Days since 1900-01-01 with their fraction, as DOUBLE."""
    since_1900 = f"{value.sql} - {DAYS_1900 * TICKS_PER_DAY}"
    return f"(CAST({since_1900} AS DOUBLE) / {TICKS_PER_DAY})"
