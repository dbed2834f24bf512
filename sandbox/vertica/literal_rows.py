"""VALUES of nothing but literals, read without asking DuckDB."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 18  # digits that surely fit 64 bits, and half of a decimal's
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
    if not isinstance(cell, exp.Literal):
        return _OTHER
    text = cell.name
    if cell.is_string:
        return text
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST:
        return int(text)
    whole, point, fraction = text.partition(".")
    is_short = max(len(whole), len(fraction)) <= _LONGEST
    if point and (whole + fraction).isdigit() and is_short:
        return Decimal(text)
    return _OTHER
