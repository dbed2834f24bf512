"""VALUES of nothing but literals, read without asking DuckDB."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 18  # digits that surely fit 64 bits, and half of a decimal's
_GREATEST = 2**63 - 1
_OTHER = object()


_PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def literal_rows(values: exp.Values) -> pa.Table | None:
    """The rows, None if a cell is anything else or a column mixes types."""
    rows = [
        [_value(cell) for cell in row.expressions]
        for row in values.expressions
        if isinstance(row, exp.Tuple)
    ]
    if len(rows) != len(values.expressions) or len({len(row) for row in rows}) != 1:
        return None
    columns = [_column(column) for column in zip(*rows, strict=True)]
    if any(column is None for column in columns):
        return None
    return pa.Table.from_arrays(columns, [f"c{place}" for place in range(len(columns))])


def _column(values: Sequence[object]) -> pa.Array | None:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 or _OTHER in values:
        return None
    if kinds == {Decimal}:
        scale = max(_scale(value) for value in values)
        return pa.array(values, pa.decimal128(_LONGEST + scale, scale))
    return pa.array(values, pa.string() if kinds == {str} else None)


def _scale(value: object) -> int:
    return -int(value.as_tuple().exponent) if isinstance(value, Decimal) else 0


def _value(cell: exp.Expr) -> object:
    if isinstance(cell, exp.Neg) and isinstance(cell.this, exp.Literal):
        number = _value(cell.this)
        return -number if isinstance(number, (int, Decimal)) else _OTHER
    if isinstance(cell, exp.Null):
        return None
    if isinstance(cell, exp.Boolean):
        return bool(cell.this)
    if isinstance(cell, exp.Cast):
        return _date(cell)
    if not isinstance(cell, exp.Literal):
        return _OTHER
    return cell.name if cell.is_string else _number(cell.name)


def _number(text: str) -> object:
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST + 1:
        number = int(text)
        return number if number <= _GREATEST else _OTHER
    whole, point, fraction = text.partition(".")
    is_short = max(len(whole), len(fraction)) <= _LONGEST
    if point and (whole + fraction).isdigit() and is_short:
        return Decimal(text)
    return _OTHER


def _date(cell: exp.Cast) -> object:
    """DATE '2019-03-14'."""
    text = cell.this
    is_literal = isinstance(text, exp.Literal) and text.is_string
    if not (is_literal and cell.is_type(exp.DType.DATE)):
        return _OTHER
    try:
        return (
            date.fromisoformat(text.name)
            if _PLAIN_DATE.fullmatch(text.name)
            else _OTHER
        )
    except ValueError:
        return _OTHER
