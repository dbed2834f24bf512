"""ISNULL, COALESCE, NULLIF, IIF, CHOOSE and what makes identifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.tds.convert import as_condition, convert
from sandbox.tds.operators import compare
from sandbox.tds.types import GUID, INT, Family
from sandbox.tds.values import Typed, unified

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.environment import Environment


def _isnull(values: Sequence[Typed], _: Environment) -> Typed:
    """The second value takes the type of the first."""
    first, second = values
    if first.is_null:
        return second
    second = convert(second, first.kind)
    nullable = first.nullable and second.nullable
    return Typed(f"coalesce({first.sql}, {second.sql})", first.kind, nullable=nullable)


def _coalesce(values: Sequence[Typed], _: Environment) -> Typed:
    kind = unified(values)
    parts = ", ".join(convert(one, kind).sql for one in values)
    nullable = all(one.nullable for one in values)
    return Typed(f"coalesce({parts})", kind, nullable=nullable)


def _nullif(values: Sequence[Typed], _: Environment) -> Typed:
    first, second = values
    test = compare("=", first, second).sql
    return Typed(f"CASE WHEN {test} THEN NULL ELSE {first.sql} END", first.kind)


def _iif(values: Sequence[Typed], _: Environment) -> Typed:
    test, yes, no = values
    kind = unified((yes, no))
    sql = (
        f"CASE WHEN {as_condition(test).sql} THEN {convert(yes, kind).sql} "
        f"ELSE {convert(no, kind).sql} END"
    )
    return Typed(f"({sql})", kind, nullable=yes.nullable or no.nullable)


def _choose(values: Sequence[Typed], _: Environment) -> Typed:
    index, *choices = values
    kind = unified(choices)
    whens = " ".join(
        f"WHEN {at} THEN {convert(one, kind).sql}"
        for at, one in enumerate(choices, start=1)
    )
    return Typed(f"(CASE {convert(index, INT).sql} {whens} END)", kind)


def _extreme(name: str) -> Callable[[Sequence[Typed], Environment], Typed]:
    def function(values: Sequence[Typed], _: Environment) -> Typed:
        kind = unified(values)
        parts = ", ".join(convert(one, kind).sql for one in values)
        return Typed(f"{name}({parts})", kind)

    return function


def _newid(values: Sequence[Typed], environment: Environment) -> Typed:
    if values:
        raise ValueError
    environment.constant = False
    return Typed("uuid()", GUID, nullable=False)


def _isnumeric(values: Sequence[Typed], _: Environment) -> Typed:
    (value,) = values
    if value.kind.family is not Family.TEXT:
        numeric = value.kind.family in (Family.INTEGER, Family.DECIMAL, Family.FLOAT)
        return Typed("1" if numeric else "0", INT, nullable=False)
    sql = f"(TRY_CAST(replace({value.sql}, ',', '') AS DOUBLE) IS NOT NULL)"
    return Typed(f"CAST({sql} AS INTEGER)", INT, nullable=False)


CONDITIONAL_FUNCTIONS: dict[str, Callable[[Sequence[Typed], Environment], Typed]] = {
    "ISNULL": _isnull,
    "COALESCE": _coalesce,
    "NULLIF": _nullif,
    "IIF": _iif,
    "CHOOSE": _choose,
    "GREATEST": _extreme("greatest"),
    "LEAST": _extreme("least"),
    "NEWID": _newid,
    "NEWSEQUENTIALID": _newid,
    "ISNUMERIC": _isnumeric,
}
