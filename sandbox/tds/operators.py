"""Arithmetic and comparison of T-SQL, with its result types."""

from __future__ import annotations

from sandbox.errors import SqlError
from sandbox.tds.convert import convert
from sandbox.tds.failures import clash, raised, unsupported
from sandbox.tds.ticks import TICKS_PER_DAY
from sandbox.tds.types import (
    FLOAT,
    INT,
    REAL,
    Family,
    SqlType,
    as_decimal,
    binary,
    common,
    decimal,
    text,
)
from sandbox.tds.values import Typed, cast, condition, null, text_literal

_NUMBERS = (Family.INTEGER, Family.BIT, Family.DECIMAL, Family.FLOAT)
_DIVIDE_BY_ZERO = 8134
_MAXIMUM_SCALE = 38


def arithmetic(operator: str, left: Typed, right: Typed) -> Typed:
    """Left operator right, for `+ - * / % & | ^`.

    Raises:
        SqlError: 402 or 8117, the types have no such operator.
    """
    left, right = _null_like(left, right), _null_like(right, left)
    first, second = left.kind.family, right.kind.family
    if operator == "+" and first is second and first in (Family.TEXT, Family.BINARY):
        return _concatenated(left, right)
    if first is Family.TEXT and second in (*_NUMBERS, Family.MOMENT):
        left = convert(left, right.kind)
    elif second is Family.TEXT and first in (*_NUMBERS, Family.MOMENT):
        right = convert(right, left.kind)
    first, second = left.kind.family, right.kind.family
    if Family.MOMENT in (first, second) and operator in "+-":
        return _moved(operator, left, right)
    if first not in _NUMBERS or second not in _NUMBERS:
        raise SqlError(
            f"The data types {left.kind.name} and {right.kind.name} are incompatible "
            f"in the {_name(operator)} operator.",
            number=402,
        )
    if Family.FLOAT in (first, second):
        return _float(operator, left, right)
    if Family.DECIMAL in (first, second):
        return _decimal(operator, left, right)
    return _integer(operator, left, right)


def _name(operator: str) -> str:
    words = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
    return words.get(operator, operator)


def _null_like(value: Typed, other: Typed) -> Typed:
    if not value.is_null:
        return value
    return null(INT if other.is_null else other.kind)


def _result(sql: str, kind: SqlType, *operands: Typed) -> Typed:
    return Typed(sql, kind, nullable=any(one.nullable for one in operands))


def _concatenated(left: Typed, right: Typed) -> Typed:
    winner = common(left.kind, right.kind)
    total = -1
    if not (left.kind.is_max or right.kind.is_max):
        total = left.kind.length + right.kind.length
    if winner.family is Family.BINARY:
        kind = binary(min(total, 8000))
    else:
        limit = 4000 if winner.is_unicode else 8000
        kind = text(
            min(total, limit),
            unicode=winner.is_unicode,
            collation=winner.collation,
        )
    return _result(f"({left.sql} || {right.sql})", kind, left, right)


def _moved(operator: str, left: Typed, right: Typed) -> Typed:
    """Datetime plus or minus days."""
    moment, days = (left, right) if left.kind.rank <= right.kind.rank else (right, left)
    if days.kind.family not in _NUMBERS or moment.kind.name == "datetime2":
        raise clash(moment.kind, days.kind)
    if operator == "-" and moment is right:
        raise clash(days.kind, moment.kind)
    ticks = f"CAST(round(CAST({days.sql} AS DOUBLE) * {TICKS_PER_DAY}) AS BIGINT)"
    moved = Typed(f"({moment.sql} {operator} {ticks})", SqlType("datetime2", scale=7))
    return convert(moved, moment.kind)


def nonzero(value: Typed) -> str:
    """A divisor; zero fails with 8134."""
    if value.constant:
        return value.sql
    failure = raised(_DIVIDE_BY_ZERO, "Divide by zero error encountered.")
    return f"CASE WHEN {value.sql} = 0 THEN {failure} ELSE {value.sql} END"


def _integer(operator: str, left: Typed, right: Typed) -> Typed:
    kind = common(left.kind, right.kind)
    if kind.family is Family.BIT:
        if operator not in "&|^":
            raise SqlError(
                "The data types bit and bit are incompatible in the "
                f"{_name(operator)} operator.",
                number=402,
            )
        bits = _bitwise(operator, cast(left, INT), cast(right, INT))
        return _result(f"({bits} <> 0)", kind, left, right)
    a, b = cast(left, kind), cast(right, kind)
    if operator in "&|^":
        return _result(_bitwise(operator, a, b), kind, left, right)
    if operator in "/%":
        divisor = nonzero(Typed(b, kind, right.constant))
        sign = "//" if operator == "/" else "%"
        return _result(f"({a} {sign} {divisor})", kind, left, right)
    return _result(f"({a} {operator} {b})", kind, left, right)


def _bitwise(operator: str, left: str, right: str) -> str:
    return (
        f"xor({left}, {right})" if operator == "^" else f"({left} {operator} {right})"
    )


def _float(operator: str, left: Typed, right: Typed) -> Typed:
    if operator in "&|^%":
        raise SqlError(
            f"The data types {left.kind.name} and {right.kind.name} are incompatible "
            f"in the {_name(operator)} operator.",
            number=402,
        )
    both_real = left.kind == REAL == right.kind
    kind = REAL if both_real else FLOAT
    a, b = cast(left, kind), cast(right, kind)
    if operator == "/":
        b = nonzero(Typed(b, kind, right.constant))
    return _result(f"({a} {operator} {b})", kind, left, right)


def _decimal(operator: str, left: Typed, right: Typed) -> Typed:
    if operator in "&|^":
        raise unsupported(f"{operator} of decimals")
    a, b = _exact(left), _exact(right)
    kind = _decimal_result(operator, a, b)
    money = common(left.kind, right.kind)
    if money.name in ("money", "smallmoney"):
        kind = money
    x, y = cast(left, a), cast(right, b)
    if operator == "/":
        divisor = nonzero(Typed(y, b, right.constant))
        return _result(_quotient(x, divisor, kind), kind, left, right)
    if operator == "%":
        y = nonzero(Typed(y, b, right.constant))
    elif operator == "*" and a.scale + b.scale > _MAXIMUM_SCALE:
        raise unsupported(f"{left.kind} * {right.kind}")
    return _result(f"CAST({x} {operator} {y} AS {kind.storage})", kind, left, right)


def _exact(value: Typed) -> SqlType:
    """The decimal type of a number; a constant is as wide as it is written."""
    if isinstance(value.constant, int) and value.kind.family is Family.INTEGER:
        return decimal(len(str(abs(value.constant))), 0)
    return as_decimal(value.kind)


def _decimal_result(operator: str, a: SqlType, b: SqlType) -> SqlType:
    """SQL Server's table of precision and scale."""
    if operator in "+-":
        scale = max(a.scale, b.scale)
        whole = max(a.precision - a.scale, b.precision - b.scale)
        return decimal(whole + scale + 1, scale)
    if operator == "*":
        return decimal(a.precision + b.precision + 1, a.scale + b.scale)
    if operator == "/":
        scale = max(6, a.scale + b.precision + 1)
        return decimal(a.precision - a.scale + b.scale + scale, scale)
    scale = max(a.scale, b.scale)
    whole = min(a.precision - a.scale, b.precision - b.scale)
    return decimal(whole + scale, scale)


def _quotient(left: str, right: str, kind: SqlType) -> str:
    """A quotient cut to its scale, exact to the 15 digits of a DOUBLE.

    DuckDB divides no DECIMALs. The rounding before the cut keeps 0.3 / 0.1, in
    floats a little less than 3, from losing its last digit.
    """
    scale = min(kind.scale, 15)
    raw = f"(CAST({left} AS DOUBLE) / CAST({right} AS DOUBLE))"
    cut = f"trunc(round({raw} * 1e{scale}, 1)) / 1e{scale}"
    return f"CAST({cut} AS {kind.storage})"


def negative(value: Typed) -> Typed:
    """-x.

    Raises:
        SqlError: 8117, the type has no sign.
    """
    if value.is_null:
        return null(INT)
    if value.kind.family not in (Family.INTEGER, Family.DECIMAL, Family.FLOAT):
        raise SqlError(
            f"Operand data type {value.kind.name} is invalid for minus operator.",
            number=8117,
        )
    if value.kind.name == "tinyint":
        value = convert(value, SqlType("smallint"))
    return _result(f"(-({value.sql}))", value.kind, value)


def compare(operator: str, left: Typed, right: Typed) -> Typed:
    """A comparison, both sides brought to one type."""
    a, b = comparable(left, right)
    return condition(f"({a} {operator} {b})")


def comparable(left: Typed, right: Typed) -> tuple[str, str]:
    """DuckDB SQL of two values, so that they compare as in T-SQL."""
    left, right = _null_like(left, right), _null_like(right, left)
    first, second = left.kind.family, right.kind.family
    if first in _NUMBERS and second in _NUMBERS:
        return _comparable_number(left, right), _comparable_number(right, left)
    if {first, second} == {Family.TEXT, Family.BINARY}:
        # SQL Server would turn the bytes into text, which compares the same
        return convert(left, binary(-1)).sql, convert(right, binary(-1)).sql
    kind = common(left.kind, right.kind)
    if kind.family is Family.TEXT:
        return comparable_text(left, kind), comparable_text(right, kind)
    if first is Family.TIME and second is Family.TIME:
        return left.sql, right.sql
    a, b = (convert(one, _comparison_type(kind)).sql for one in (left, right))
    if kind.family is Family.OFFSET:
        return f"({a}).utc", f"({b}).utc"
    return a, b


def _comparison_type(kind: SqlType) -> SqlType:
    """The type two unlike values are compared as; binaries are not cut."""
    return binary(-1) if kind.family is Family.BINARY else kind


def _comparable_number(value: Typed, other: Typed) -> str:
    bit, other_bit = value.kind.family is Family.BIT, other.kind.family is Family.BIT
    if bit and not other_bit:
        return f"CAST({value.sql} AS INTEGER)"
    return value.sql


def comparable_text(value: Typed, kind: SqlType) -> str:
    """Text without its trailing blanks, which `=` does not see, under a collation."""
    if value.kind.family is not Family.TEXT:
        value = convert(value, text(-1, unicode=kind.is_unicode))
    if isinstance(value.constant, str):
        sql = text_literal(value.constant.rstrip(" "))
    else:
        sql = f"rtrim({value.sql}, ' ')"
    return f"{sql} COLLATE NOCASE" if kind.ignores_case else f"{sql} COLLATE C"


def both(operator: str, left: Typed, right: Typed) -> Typed:
    """AND and OR of conditions."""
    return condition(f"({left.sql} {operator} {right.sql})")
