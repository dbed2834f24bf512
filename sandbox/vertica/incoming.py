"""Rows on their way into a table: fields, batches, and the checks COPY makes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.engine import quoted
from sandbox.vertica import types
from sandbox.vertica.catalog import MACROS
from sandbox.vertica.types import SqlType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ARROW = {
    types.BOOL: pa.bool_(),
    types.INT: pa.int64(),
    types.FLOAT: pa.float64(),
    types.DATE: pa.date32(),
    types.TIME: pa.time64("us"),
    types.TIMETZ: pa.string(),
    types.TIMESTAMP: pa.timestamp("us"),
    types.TIMESTAMPTZ: pa.timestamp("us", "UTC"),
    types.INTERVAL: pa.int64(),
    types.INTERVAL_YM: pa.int64(),
    types.UUID: pa.uuid(),
    **dict.fromkeys(types.CHARACTER, pa.string()),
    **dict.fromkeys(types.BYTES, pa.binary()),
}
_CONTINUATION = 0x80  # the top bits of an octet inside a UTF-8 character
_TOP_BITS = 0xC0


class Field(NamedTuple):
    """One field of COPY's input.

    Args:
        name: The column's name, or the filler's.
        type: What it is read as.
        nullable: Whether NULL may be loaded.
    """

    name: str
    type: SqlType
    nullable: bool = True


class Reject(NamedTuple):
    """One refused row.

    Args:
        row: Its number in the input, from 1.
        reason: Why, as Vertica says it.
        data: The row as it came, if it is text.
    """

    row: int
    reason: str
    data: bytes = b""


@dataclass
class Batch:
    """Some rows, decoded.

    Args:
        arrays: One a field, all of one length.
        numbers: Each row's number in the input.
        rejects: Rows that could not be decoded.
        raw: Each row as it came, if it is text.
    """

    arrays: list[pa.Array]
    numbers: np.ndarray
    rejects: list[Reject]
    raw: Sequence[bytes] = ()


class Parser(Protocol):
    """Turns a stream of bytes into batches, holding little of it at a time."""

    def feed(self, data: bytes) -> Iterator[Batch]:
        """Take more input; give what is complete."""

    def finish(self) -> Iterator[Batch]:
        """The input ended; give the rest."""


def arrow_type(kind: SqlType) -> pa.DataType:
    """How values of a type travel to DuckDB."""
    if kind.oid == types.NUMERIC:
        return pa.decimal128(types.STORED_PRECISION, kind.scale or 0)
    return ARROW[kind.oid]


def expression(name: str, kind: SqlType) -> str:
    """The SQL that makes a travelling value the stored one."""
    column = quoted(name)
    if kind.oid == types.INTERVAL:
        return f"{MACROS}.span({column})"
    if kind.oid == types.INTERVAL_YM:
        return f"to_months(CAST({column} AS INTEGER))"
    return f"CAST({column} AS {kind.stored})"


def check(batch: Batch, fields: Sequence[Field], *, enforce_length: bool) -> Batch:
    """Refuse NULLs where none may be, too long values and too large numbers.

    Args:
        batch: Decoded rows.
        fields: What they are.
        enforce_length: Refuse too long values; else they are cut.
    """
    reasons: dict[int, str] = {}
    arrays = []
    for place, (array, field) in enumerate(zip(batch.arrays, fields, strict=True), 1):
        fitted, faults = _check_field(array, field, place, enforce=enforce_length)
        arrays.append(fitted)
        for row, reason in faults:
            reasons.setdefault(row, reason)
    if not reasons:
        return Batch(arrays, batch.numbers, batch.rejects, batch.raw)
    keep = np.ones(len(batch.numbers), dtype=bool)
    keep[list(reasons)] = False
    refused = [
        Reject(int(batch.numbers[row]), reason, batch.raw[row] if batch.raw else b"")
        for row, reason in sorted(reasons.items())
    ]
    kept = [array.filter(pa.array(keep)) for array in arrays]
    rejects = sorted([*batch.rejects, *refused])
    return Batch(kept, batch.numbers[keep], rejects)


def _check_field(
    array: pa.Array, field: Field, place: int, *, enforce: bool
) -> tuple[pa.Array, list[tuple[int, str]]]:
    faults: list[tuple[int, str]] = []
    if not field.nullable and array.null_count:
        reason = f"Null value for NOT NULL column {place} ({field.name})"
        faults += [(int(row), reason) for row in _where(pc.is_null(array))]
    if field.type.length is not None:
        too_long = pc.greater(pc.binary_length(array), field.type.length)
        rows = _where(too_long)
        if len(rows) and enforce:
            faults += [
                (row, _too_long(array[row], field, place)) for row in rows.tolist()
            ]
        elif len(rows):
            array = _cut(array, field.type.length)
    if field.type.oid == types.NUMERIC:
        digits = min(field.type.precision or 0, types.STORED_PRECISION)
        faults += [
            (int(row), f"Numeric value out of range for column {place} ({field.name})")
            for row in _where(_too_large(array, digits))
        ]
    return array, faults


def _too_long(value: pa.Scalar, field: Field, place: int) -> str:
    title = f"{field.type.title}({field.type.length})"
    octets = len(value.as_buffer())
    return (
        f"The {octets}-byte value is too long for type {title}, "
        f"column {place} ({field.name})"
    )


def _where(mask: pa.Array) -> np.ndarray:
    found: np.ndarray = np.flatnonzero(
        pc.fill_null(mask, fill_value=False).to_numpy(zero_copy_only=False)
    )
    return found


def _too_large(array: pa.Array, digits: int) -> pa.Array:
    """Whether a decimal has more digits than its column; never at full width."""
    if digits >= types.STORED_PRECISION:
        return pa.array(np.zeros(len(array), dtype=bool))
    bound = pa.scalar(Decimal(1).scaleb(digits - array.type.scale), array.type)
    return pc.greater_equal(pc.abs(array), bound)


def _cut(array: pa.Array, length: int) -> pa.Array:
    is_text = pa.types.is_string(array.type)
    return pa.array(
        [_cut_value(value, length, is_text=is_text) for value in array.to_pylist()],
        array.type,
    )


def _cut_value(
    value: str | bytes | None, length: int, *, is_text: bool
) -> str | bytes | None:
    """The longest start of a value that fits, whole characters only."""
    if value is None:
        return None
    data = value.encode() if isinstance(value, str) else value
    if len(data) <= length:
        return value
    end = length
    while is_text and end and data[end] & _TOP_BITS == _CONTINUATION:
        end -= 1
    return data[:end].decode() if is_text else data[:end]
