"""Aggregates and window functions, with the types T-SQL gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sandbox.errors import SqlError
from sandbox.tds.convert import convert
from sandbox.tds.failures import unsupported
from sandbox.tds.types import (
    BIGINT,
    FLOAT,
    INT,
    Family,
    SqlType,
    decimal,
    text,
)
from sandbox.tds.values import Typed


@dataclass(frozen=True, slots=True)
class Modifiers:
    """What stands beside an aggregate's values.

    Attributes:
        distinct: Whether equal values count once.
        over: DuckDB SQL of OVER, or ''.
        order: DuckDB SQL of WITHIN GROUP's ORDER BY, or ''.
    """

    distinct: bool
    over: str
    order: str

    def applied(self, name: str, value: str) -> str:
        """DuckDB SQL of an aggregate of one value."""
        return f"{name}({'DISTINCT ' * self.distinct}{value}){self.over}"


Aggregate = Callable[[Sequence[Typed], Modifiers], Typed]
"""A function over the rows of a group or a window."""


def _count(values: Sequence[Typed], how: Modifiers, *, kind: SqlType) -> Typed:
    value = values[0].sql if values else "*"
    sql = how.applied("count", value)
    return Typed(f"CAST({sql} AS {kind.storage})", kind, nullable=False)


def _invalid(kind: SqlType, name: str) -> SqlError:
    return SqlError(
        f"Operand data type {kind.name} is invalid for {name} operator.", number=8117
    )


def _sum_type(kind: SqlType, name: str) -> SqlType:
    match kind.family:
        case Family.INTEGER:
            return BIGINT if kind.name == "bigint" else INT
        case Family.DECIMAL if kind.name in ("money", "smallmoney"):
            return SqlType("money", precision=19, scale=4)
        case Family.DECIMAL:
            return decimal(38, kind.scale)
        case Family.FLOAT:
            return FLOAT
        case _:
            raise _invalid(kind, name)


def _sum(values: Sequence[Typed], how: Modifiers) -> Typed:
    (value,) = values
    kind = _sum_type(value.kind, "sum")
    sql = how.applied("sum", value.sql)
    return Typed(f"CAST({sql} AS {kind.storage})", kind)


def _avg(values: Sequence[Typed], how: Modifiers) -> Typed:
    """Of integers an integer, cut; of decimals with at least six digits."""
    (value,) = values
    kind = _sum_type(value.kind, "avg")
    total = how.applied("sum", value.sql)
    count = how.applied("count", value.sql)
    if kind.family is Family.INTEGER:
        return Typed(f"CAST({total} // {count} AS {kind.storage})", kind)
    if kind.family is Family.DECIMAL and kind.name != "money":
        kind = decimal(38, max(6, value.kind.scale))
    mean = how.applied("avg", value.sql)
    return Typed(f"CAST({mean} AS {kind.storage})", kind)


def _extreme(values: Sequence[Typed], how: Modifiers, *, name: str) -> Typed:
    (value,) = values
    if value.kind.family is Family.BIT:
        raise _invalid(value.kind, name)
    return Typed(how.applied(name, value.sql), value.kind)


def _spread(values: Sequence[Typed], how: Modifiers, *, name: str) -> Typed:
    (value,) = values
    number = convert(value, FLOAT)
    return Typed(how.applied(name, number.sql), FLOAT)


def _string_agg(values: Sequence[Typed], how: Modifiers) -> Typed:
    value, separator = values
    if how.distinct or how.over:
        raise unsupported("STRING_AGG with DISTINCT or OVER")
    kind = value.kind
    if kind.family is not Family.TEXT:
        value = convert(value, text(-1, unicode=True))
        kind = value.kind
    limit = 4000 if kind.is_unicode else 8000
    result = text(-1 if kind.is_max else limit, unicode=kind.is_unicode)
    return Typed(f"string_agg({value.sql}, {separator.sql} {how.order})", result)


AGGREGATES: dict[str, Aggregate] = {
    "COUNT": partial(_count, kind=INT),
    "COUNT_BIG": partial(_count, kind=BIGINT),
    "SUM": _sum,
    "AVG": _avg,
    "MIN": partial(_extreme, name="min"),
    "MAX": partial(_extreme, name="max"),
    "STDEV": partial(_spread, name="stddev_samp"),
    "STDEVP": partial(_spread, name="stddev_pop"),
    "VAR": partial(_spread, name="var_samp"),
    "VARP": partial(_spread, name="var_pop"),
    "STRING_AGG": _string_agg,
}


def _ranking(values: Sequence[Typed], over: str, *, name: str) -> Typed:
    if values:
        raise ValueError(name)
    return Typed(f"{name}(){over}", BIGINT, nullable=False)


def _ntile(values: Sequence[Typed], over: str) -> Typed:
    (count,) = values
    return Typed(f"ntile({count.sql}){over}", BIGINT, nullable=False)


def _neighbour(values: Sequence[Typed], over: str, *, name: str) -> Typed:
    value, *rest = values
    arguments = [value.sql]
    if rest:
        arguments.append(rest[0].sql)
    if len(rest) > 1:
        arguments.append(convert(rest[1], value.kind).sql)
    return Typed(f"{name}({', '.join(arguments)}){over}", value.kind)


WINDOW_FUNCTIONS: dict[str, Callable[[Sequence[Typed], str], Typed]] = {
    "ROW_NUMBER": partial(_ranking, name="row_number"),
    "RANK": partial(_ranking, name="rank"),
    "DENSE_RANK": partial(_ranking, name="dense_rank"),
    "NTILE": _ntile,
    "LAG": partial(_neighbour, name="lag"),
    "LEAD": partial(_neighbour, name="lead"),
    "FIRST_VALUE": partial(_neighbour, name="first_value"),
    "LAST_VALUE": partial(_neighbour, name="last_value"),
}
