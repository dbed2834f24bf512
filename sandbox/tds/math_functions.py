"""Functions of numbers."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from sandbox.tds.convert import convert
from sandbox.tds.types import FLOAT, INT, Family, SqlType
from sandbox.tds.values import Typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.environment import Environment


def _number(value: Typed) -> Typed:
    if value.kind.family in (Family.TEXT, Family.BIT):
        return convert(value, FLOAT)
    return value


def _alike(values: Sequence[Typed], _: Environment, *, name: str) -> Typed:
    """A function whose result has its argument's type."""
    (value,) = values
    value = _number(value)
    kind = value.kind
    if (
        kind.family is Family.DECIMAL
        and name in ("ceil", "floor")
        and kind.name
        in (
            "decimal",
            "numeric",
        )
    ):
        kind = SqlType(kind.name, precision=kind.precision, scale=0)
    return Typed(
        f"CAST({name}({value.sql}) AS {kind.storage})", kind, nullable=value.nullable
    )


def _float(values: Sequence[Typed], _: Environment, *, name: str) -> Typed:
    (value,) = values
    return Typed(f"{name}({convert(value, FLOAT).sql})", FLOAT)


def _round(values: Sequence[Typed], _: Environment) -> Typed:
    value, digits, *rest = values
    value, digits = _number(value), convert(digits, INT)
    cut = rest and rest[0].constant not in (None, 0)
    places = digits.constant
    kind = value.kind
    if kind.family is Family.FLOAT or not isinstance(places, int):
        sql = f"round(CAST({value.sql} AS DOUBLE), {digits.sql})"
    elif places >= 0:
        scaled = f"CAST({value.sql} AS DECIMAL(38,{min(places, kind.scale)}))"
        sql = scaled if kind.family is Family.DECIMAL else value.sql
    else:
        unit = 10**-places
        sql = f"(round({value.sql} / {unit}) * {unit})"
    if cut:
        shift = f"pow(10, {digits.sql})"
        sql = f"trunc(CAST({value.sql} AS DOUBLE) * {shift}) / {shift}"
    return Typed(f"CAST({sql} AS {kind.storage})", kind, nullable=value.nullable)


def _power(values: Sequence[Typed], _: Environment) -> Typed:
    base, exponent = values
    base = _number(base)
    sql = f"pow(CAST({base.sql} AS DOUBLE), CAST({exponent.sql} AS DOUBLE))"
    return Typed(f"CAST({sql} AS {base.kind.storage})", base.kind)


def _square(values: Sequence[Typed], _: Environment) -> Typed:
    (value,) = values
    sql = convert(value, FLOAT).sql
    return Typed(f"({sql} * {sql})", FLOAT)


def _log(values: Sequence[Typed], _: Environment) -> Typed:
    value, *base = values
    sql = f"ln({convert(value, FLOAT).sql})"
    if base:
        sql = f"({sql} / ln({convert(base[0], FLOAT).sql}))"
    return Typed(sql, FLOAT)


def _pi(values: Sequence[Typed], _: Environment) -> Typed:
    if values:
        raise ValueError
    return Typed(f"CAST({math.pi!r} AS DOUBLE)", FLOAT, math.pi, nullable=False)


def _rand(values: Sequence[Typed], environment: Environment) -> Typed:
    if values:
        raise ValueError
    environment.constant = False
    return Typed("random()", FLOAT, nullable=False)


MATH_FUNCTIONS: dict[str, Callable[[Sequence[Typed], Environment], Typed]] = {
    "ABS": partial(_alike, name="abs"),
    "CEILING": partial(_alike, name="ceil"),
    "FLOOR": partial(_alike, name="floor"),
    "SIGN": partial(_alike, name="sign"),
    "ROUND": _round,
    "POWER": _power,
    "SQUARE": _square,
    "SQRT": partial(_float, name="sqrt"),
    "EXP": partial(_float, name="exp"),
    "LOG": _log,
    "LOG10": partial(_float, name="log10"),
    "SIN": partial(_float, name="sin"),
    "COS": partial(_float, name="cos"),
    "TAN": partial(_float, name="tan"),
    "RADIANS": partial(_float, name="radians"),
    "DEGREES": partial(_float, name="degrees"),
    "PI": _pi,
    "RAND": _rand,
}
