"""The clock, and functions of dates that take no date part."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sandbox.tds import moments
from sandbox.tds.convert import convert
from sandbox.tds.convert_moments import local_ticks, ticks, timestamp
from sandbox.tds.date_functions import part_of
from sandbox.tds.types import (
    DATE,
    DATETIME,
    DATETIME2,
    DATETIMEOFFSET,
    INT,
    Family,
    SqlType,
)
from sandbox.tds.values import Typed, constant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.environment import Environment


def _now(values: Sequence[Typed], environment: Environment, *, kind: SqlType) -> Typed:
    """The clock; it stands still during a statement, and is UTC."""
    if values:
        raise ValueError
    now = environment.facts.now
    if kind.family is Family.OFFSET:
        return constant((now, 0), kind)
    return constant(moments.fit(now, kind), kind)


def _as_moment(value: Typed) -> Typed:
    if value.is_null or value.kind.family is Family.TEXT:
        return convert(value, DATETIME2)
    if value.kind.family in (Family.INTEGER, Family.DECIMAL, Family.FLOAT):
        return convert(value, DATETIME)
    return value


def _part(values: Sequence[Typed], _: Environment, *, name: str) -> Typed:
    (value,) = values
    return Typed(part_of(name, _as_moment(value)), INT, nullable=value.nullable)


def _eomonth(values: Sequence[Typed], _: Environment) -> Typed:
    value, *months = values
    moment = timestamp(local_ticks(_as_moment(value)))
    if months:
        moment = f"({moment} + to_months({convert(months[0], INT).sql}))"
    return Typed(f"last_day({moment})", DATE)


def _date_from_parts(values: Sequence[Typed], _: Environment) -> Typed:
    year, month, day = (convert(value, INT).sql for value in values)
    return Typed(f"make_date({year}, {month}, {day})", DATE)


def _moment_from_parts(values: Sequence[Typed], _: Environment, *, name: str) -> Typed:
    """DATETIMEFROMPARTS with milliseconds, DATETIME2FROMPARTS with a precision."""
    parts = [convert(value, INT).sql for value in values]
    year, month, day, hour, minute, second, fraction, *precision = parts
    start = f"make_timestamp({year}, {month}, {day}, {hour}, {minute}, {second})"
    scale = 3
    if name == "datetime2":
        known = values[-1].constant
        if len(precision) != 1 or not isinstance(known, int):
            raise ValueError(name)
        scale = known
    sql = f"({ticks(start)} + {fraction} * {10 ** (7 - scale)})"
    moment = Typed(sql, DATETIME2)
    return convert(
        moment, DATETIME if name == "datetime" else SqlType(name, scale=scale)
    )


def _isdate(values: Sequence[Typed], _: Environment) -> Typed:
    (value,) = values
    found = convert(value, DATETIME, lenient=True)
    return Typed(f"CAST({found.sql} IS NOT NULL AS INTEGER)", INT, nullable=False)


MOMENT_FUNCTIONS: dict[str, Callable[[Sequence[Typed], Environment], Typed]] = {
    "GETDATE": partial(_now, kind=DATETIME),
    "GETUTCDATE": partial(_now, kind=DATETIME),
    "CURRENT_TIMESTAMP": partial(_now, kind=DATETIME),
    "SYSDATETIME": partial(_now, kind=DATETIME2),
    "SYSUTCDATETIME": partial(_now, kind=DATETIME2),
    "SYSDATETIMEOFFSET": partial(_now, kind=DATETIMEOFFSET),
    "YEAR": partial(_part, name="year"),
    "MONTH": partial(_part, name="month"),
    "DAY": partial(_part, name="day"),
    "EOMONTH": _eomonth,
    "DATEFROMPARTS": _date_from_parts,
    "DATETIMEFROMPARTS": partial(_moment_from_parts, name="datetime"),
    "DATETIME2FROMPARTS": partial(_moment_from_parts, name="datetime2"),
    "ISDATE": _isdate,
}
