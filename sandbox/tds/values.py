"""Values and expressions in DuckDB's SQL, each with its T-SQL type."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

from sandbox.tds.types import INT, OFFSET_STORAGE, Family, SqlType, common

if TYPE_CHECKING:
    from collections.abc import Iterable

Constant = (
    str | int | float | Decimal | bytes | bool | dt.date | uuid.UUID | tuple[int, int]
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A compiled expression.

    Attributes:
        sql: In DuckDB's SQL.
        type: Its T-SQL type; None for a condition, which is no value.
        constant: The value where it is known when the statement is compiled: ticks
            for moments and times, (UTC ticks, minutes) for datetimeoffset.
        is_null: Whether it is the word NULL, which fits any type.
        nullable: Whether it can be NULL.
        identity: Whether it is an identity column.
        origin: Schema, table and column that it is; None for an expression.
    """

    sql: str
    type: SqlType | None
    constant: Constant | None = None
    is_null: bool = False
    nullable: bool = True
    identity: bool = False
    origin: tuple[str, str, str] | None = None

    @property
    def kind(self) -> SqlType:
        """The type of what is known to be a value."""
        if self.type is None:
            raise TypeError(f"a condition has no type: {self.sql}")
        return self.type


def text_literal(text: str) -> str:
    """A string in DuckDB's SQL, NUL characters included."""
    pieces = ["'" + piece.replace("'", "''") + "'" for piece in text.split("\0")]
    if len(pieces) == 1:
        return pieces[0]
    return "(" + " || chr(0) || ".join(pieces) + ")"


def constant(value: Constant, kind: SqlType) -> Typed:
    """An expression for a known value, which must fit its type."""
    return Typed(_literal(value, kind), kind, value, nullable=False)


def null(kind: SqlType) -> Typed:
    """NULL of a type."""
    return Typed(f"CAST(NULL AS {kind.storage})", kind, is_null=True)


def _literal(value: Constant, kind: SqlType) -> str:
    if isinstance(value, bytes):
        return f"from_hex('{value.hex()}')"
    if isinstance(value, tuple):
        utc, minutes = value
        return f"CAST({{'utc': {utc}, 'minutes': {minutes}}} AS {OFFSET_STORAGE})"
    if kind.family is Family.TEXT:
        return text_literal(str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int):
        return f"CAST({value} AS {kind.storage})"
    if isinstance(value, Decimal):
        return f"CAST('{value:f}' AS {kind.storage})"
    return f"CAST('{value}' AS {kind.storage})"


def condition(sql: str) -> Typed:
    """A condition."""
    return Typed(sql, None)


def cast(value: Typed, kind: SqlType) -> str:
    """A plain cast to the storage of a type, where nothing can go wrong."""
    if value.kind.storage == kind.storage:
        return value.sql
    return f"CAST({value.sql} AS {kind.storage})"


def unified(values: Iterable[Typed]) -> SqlType:
    """The type of several values that stand for one another."""
    kinds = [one.kind for one in values if not one.is_null]
    if not kinds:
        return INT
    return reduce(common, kinds)
