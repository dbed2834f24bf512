"""VALUES of nothing but literals, read without asking DuckDB."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 18  # digits that surely fit an integer of 64 bits
_WIDEST = 38  # digits of a decimal
_OTHER = object()


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
    if kinds == {str}:
        return pa.array(values, pa.string())
    return pa.array(values)


def _value(cell: exp.Expr) -> object:
    if isinstance(cell, exp.Neg) and isinstance(cell.this, exp.Literal):
        number = _value(cell.this)
        return -number if isinstance(number, (int, Decimal)) else _OTHER
    if isinstance(cell, exp.Null):
        return None
    if isinstance(cell, exp.Boolean):
        return bool(cell.this)
    if not isinstance(cell, exp.Literal):
        return _OTHER
    text = cell.name
    if cell.is_string:
        return text
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST:
        return int(text)
    whole, point, fraction = text.partition(".")
    if point and (whole + fraction).isdigit() and len(text) <= _WIDEST:
        return Decimal(text)
    return _OTHER
