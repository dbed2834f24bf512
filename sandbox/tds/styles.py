"""Dates and times as text, in the styles of CONVERT."""

from __future__ import annotations

from sandbox.tds.convert_moments import local_ticks, timestamp
from sandbox.tds.failures import unsupported
from sandbox.tds.ticks import TICKS_PER_SECOND
from sandbox.tds.types import Family, SqlType
from sandbox.tds.values import Typed

_MILLISECONDS = 3

# The date and the time of each style, in DuckDB's strftime; None leaves it out.
# `f` stands for the fraction of the type, with its point.
_STYLES: dict[int, tuple[str | None, str | None]] = {
    1: ("%m/%d/%y", None),
    3: ("%d/%m/%y", None),
    4: ("%d.%m.%y", None),
    8: (None, "%H:%M:%S"),
    12: ("%y%m%d", None),
    20: ("%Y-%m-%d", " %H:%M:%S"),
    21: ("%Y-%m-%d", " %H:%M:%Sf"),
    23: ("%Y-%m-%d", None),
    24: (None, "%H:%M:%S"),
    25: ("%Y-%m-%d", " %H:%M:%Sf"),
    100: ("%b %e %Y", " %l:%M%p"),
    101: ("%m/%d/%Y", None),
    102: ("%Y.%m.%d", None),
    103: ("%d/%m/%Y", None),
    104: ("%d.%m.%Y", None),
    105: ("%d-%m-%Y", None),
    106: ("%d %b %Y", None),
    107: ("%b %d, %Y", None),
    108: (None, "%H:%M:%S"),
    110: ("%m-%d-%Y", None),
    111: ("%Y/%m/%d", None),
    112: ("%Y%m%d", None),
    114: (None, "%H:%M:%Sf"),
    120: ("%Y-%m-%d", " %H:%M:%S"),
    121: ("%Y-%m-%d", " %H:%M:%Sf"),
    126: ("%Y-%m-%d", "T%H:%M:%Sf"),
    127: ("%Y-%m-%d", "T%H:%M:%Sf"),
}
_DEFAULT = {Family.MOMENT: 121, Family.DATE: 23, Family.TIME: 114, Family.OFFSET: 121}


def styled(value: Typed, style: int) -> str:
    """The text of a date, time or moment.

    Args:
        value: One of these.
        style: CONVERT's; 0 is the default of the type, as CAST has it.

    Raises:
        SqlError: 50100, a style the sandbox does not write.
    """
    kind = value.kind
    if not style:
        old = kind.name in ("datetime", "smalldatetime")
        style = 100 if old else _DEFAULT[kind.family]
    if style not in _STYLES:
        raise unsupported(f"CONVERT of {kind} to text with style {style}")
    date, time = _STYLES[style]
    if kind.family is Family.DATE:
        time = None
    if kind.family is Family.TIME:
        date, time = None, (time or "").strip(" T")
    ticks = local_ticks(value)
    parts = [_formatted(ticks, one, kind) for one in (date, time) if one]
    if kind.family is Family.OFFSET:
        parts.append(_offset(value.sql))
    return "(" + " || ".join(parts or ["''"]) + ")"


def _formatted(ticks: str, format_: str, kind: SqlType) -> str:
    moment = timestamp(ticks)
    whole = format_.removesuffix("f")
    if "%e" in whole or "%l" in whole:
        return _blank_padded(moment, whole)
    sql = f"strftime({moment}, '{whole}')"
    scale = _MILLISECONDS if kind.name in ("datetime", "smalldatetime") else kind.scale
    if whole == format_ or not scale:
        return sql
    rest = f"({ticks}) % {TICKS_PER_SECOND}"
    if kind.name == "datetime":  # its thirds of milliseconds are rounded
        rest = f"(({rest} + 5000) // 10000 * 10000)"
    fraction = f"lpad(CAST({rest} AS VARCHAR), 7, '0')[1:{scale}]"
    return f"{sql} || '.' || {fraction}"


def _blank_padded(moment: str, format_: str) -> str:
    """Styles 0 and 100: days and hours of two places, filled with blanks."""
    if "%e" in format_:
        return (
            f"strftime({moment}, '%b ') || lpad(strftime({moment}, '%-d'), 2, ' ') "
            f"|| strftime({moment}, ' %Y')"
        )
    return (
        f"' ' || lpad(strftime({moment}, '%-I'), 2, ' ') || strftime({moment}, ':%M%p')"
    )


def _offset(sql: str) -> str:
    minutes = f"abs(({sql}).minutes)"
    return (
        f"CASE WHEN ({sql}).minutes < 0 THEN ' -' ELSE ' +' END "
        f"|| lpad(CAST({minutes} // 60 AS VARCHAR), 2, '0') || ':' "
        f"|| lpad(CAST({minutes} % 60 AS VARCHAR), 2, '0')"
    )
