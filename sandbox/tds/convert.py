"""Conversions between T-SQL types: CAST, CONVERT, and what happens by itself.

A constant is converted when the statement is compiled, with all the formats T-SQL
reads; other values are converted by DuckDB expressions that fail with SQL Server's
own numbers. DECIMALs are rounded, floats on their way to integers are cut, as there.
"""

from __future__ import annotations

from sandbox.errors import SqlError
from sandbox.tds import convert_constants, convert_moments, convert_text
from sandbox.tds.failures import VALUE, clash, raised, unsupported
from sandbox.tds.types import Family, SqlType
from sandbox.tds.values import Typed, cast, null

_NUMBERS = (Family.INTEGER, Family.BIT, Family.DECIMAL, Family.FLOAT)
_TIMES = (Family.DATE, Family.TIME, Family.MOMENT, Family.OFFSET)
_OVERFLOW = 8115
_OVERFLOW_SMALL = 220


def convert(
    value: Typed, target: SqlType, *, style: int = 0, lenient: bool = False
) -> Typed:
    """Convert as CAST and CONVERT do: text that is too long is cut.

    Args:
        value: What to convert.
        target: To what.
        style: CONVERT's style; it matters between text and dates or binaries.
        lenient: NULL instead of an error, as TRY_CAST.

    Raises:
        SqlError: A constant cannot be converted, or nothing of its type can.
    """
    if value.type is None:
        raise SqlError(
            "Incorrect syntax: a condition stands where a value is expected.",
            number=102,
            severity=15,
        )
    if value.is_null:
        return null(target)
    if value.constant is not None:
        try:
            found = convert_constants.convert(value, target, style)
        except SqlError:
            if lenient:
                return null(target)
            raise
        if found is not None:
            return found
    sql = _converted(value, target, style)
    if lenient:
        sql = f"TRY({sql})"
    return Typed(sql, target, nullable=value.nullable or lenient)


def assign(value: Typed, target: SqlType, column: str, table: str) -> Typed:
    """Convert for a column: text and binary that are too long are errors.

    Raises:
        SqlError: As `convert`, and 2628 for a constant that is too long.
    """
    if value.type is None or value.is_null:
        return convert(value, target)
    if target.family in (Family.TEXT, Family.BINARY) and not target.is_max:
        return convert_text.assign(
            convert(value, convert_text.unlimited(target)), target, column, table
        )
    return convert(value, target)


def as_condition(value: Typed) -> Typed:
    """A value where a condition is needed is an error, as in T-SQL.

    Raises:
        SqlError: 4145.
    """
    if value.type is None:
        return value
    raise SqlError(
        "An expression of non-boolean type specified in a context where a condition "
        "is expected.",
        number=4145,
        severity=15,
    )


def _converted(value: Typed, target: SqlType, style: int) -> str:
    source, wanted = value.kind.family, target.family
    if source in _NUMBERS and wanted in _NUMBERS:
        return _number(value, target)
    if source in _TIMES and wanted in _TIMES:
        return convert_moments.between(value, target)
    if wanted is Family.TEXT:
        return convert_text.to_text(value, target, style)
    if source is Family.TEXT:
        return convert_text.from_text(value, target, style)
    if source is wanted:
        is_binary = wanted is Family.BINARY
        return convert_text.binary_length(value.sql, target) if is_binary else value.sql
    if source in _NUMBERS and wanted is Family.MOMENT:
        return convert_moments.from_number(value, target)
    if value.kind.name in ("datetime", "smalldatetime") and wanted in _NUMBERS:
        days = Typed(convert_moments.to_days(value), SqlType("float"))
        return _number(days, target)
    if source is Family.GUID and wanted is Family.BINARY:
        return convert_text.guid_octets(value.sql, target)
    if Family.BINARY in (source, wanted):
        raise unsupported(f"CAST of a column from {value.kind} to {target}")
    raise clash(value.kind, target)


def _number(value: Typed, target: SqlType) -> str:
    source = value.kind
    if target.family is Family.BIT:
        return value.sql if source.family is Family.BIT else f"({value.sql} <> 0)"
    if target.family is Family.FLOAT:
        return cast(value, target)
    if target.family is Family.INTEGER:
        return _integer(value, target)
    if source == target:
        return value.sql
    words = (
        f"Arithmetic overflow error converting {source.name} to data type "
        f"{'numeric' if target.name == 'decimal' else target.name}."
    )
    plain = value.sql
    if source.family is Family.BIT:
        plain = f"CAST({plain} AS INTEGER)"
    return checked(plain, target.storage, raised(_OVERFLOW, words))


def _integer(value: Typed, target: SqlType) -> str:
    source = value.kind
    if source.family is Family.BIT or (
        source.family is Family.INTEGER and source.rank >= target.rank
    ):
        return cast(value, target)
    whole = value.sql
    if source.family in (Family.DECIMAL, Family.FLOAT):
        whole = f"trunc({value.sql})"
    if source.family is Family.INTEGER and target.name in ("smallint", "tinyint"):
        number = _OVERFLOW_SMALL
        words = (
            f"Arithmetic overflow error for data type {target.name}, value = {VALUE}."
        )
    else:
        number = _OVERFLOW
        words = (
            "Arithmetic overflow error converting expression to data type "
            f"{target.name}."
        )
    failure = raised(number, words, f"CAST({whole} AS VARCHAR)")
    return checked(whole, target.storage, failure)


def checked(sql: str, storage: str, failure: str) -> str:
    """A cast which fails in words of our own."""
    return (
        f"coalesce(TRY_CAST({sql} AS {storage}), "
        f"CASE WHEN ({sql}) IS NOT NULL THEN {failure} END)"
    )
