"""The NATIVE format of COPY: binary rows, little-endian.

Source: the Vertica documentation, "Creating native binary format files". A file is
a signature, a header with every column's width, and rows: length, NULL bitmap (most
significant bit first), values. All rows of a chunk are decoded together with numpy:
a pointer into each row moves from column to column.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sandbox.errors import SqlError
from sandbox.vertica import types
from sandbox.vertica.incoming import Batch, Reject, arrow_type
from sandbox.vertica.values import EPOCH_DAYS, EPOCH_MICROSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox.vertica.incoming import Field
    from sandbox.vertica.types import SqlType

SIGNATURE = b"NATIVE\n\xff\r\n\0"
_HEADER = struct.Struct("<IHBH")  # length, version, filler, columns
_VARIABLE = -1
_CHUNK = 4 << 20  # bytes decoded together
_MAX_ROW = 1 << 30
_NULL = -(2**63)  # how Vertica itself stores NULL in eight bytes
_DAY = 86_400_000_000
_INT_WIDTHS = (1, 2, 4, 8)
_WORD_DIGITS = 19


class NativeParser:
    """Decodes a stream of NATIVE bytes.

    Args:
        fields: The fields the COPY statement names, in the file's order.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        """Wait for the header."""
        self._fields = fields
        self._bitmap = (len(fields) + 7) // 8
        self._widths: tuple[int, ...] = ()
        self._pending = bytearray()
        self._rows = 0

    def feed(self, data: bytes) -> Iterator[Batch]:
        """Take more input; give the rows that are complete, some at a time."""
        self._pending += data
        if len(self._pending) >= _CHUNK:
            yield from self._decode()

    def finish(self) -> Iterator[Batch]:
        """Give the rest.

        Raises:
            SqlError: The input ends inside the header or a row.
        """
        yield from self._decode()
        if not self._widths:
            raise _malformed("the header is incomplete")
        if self._pending:
            raise _malformed(f"row {self._rows + 1} is incomplete")

    def _decode(self) -> Iterator[Batch]:
        if not self._widths and not self._read_header():
            return
        data = bytes(self._pending)
        starts, end = self._find_rows(data)
        if starts:
            del self._pending[:end]
            yield self._decode_rows(data[:end], np.array([*starts, end], np.int64))

    def _read_header(self) -> bool:
        head = self._pending
        if not SIGNATURE.startswith(head[: len(SIGNATURE)]):
            raise _malformed("the signature is wrong")
        first = len(SIGNATURE) + _HEADER.size
        if len(head) < first:
            return False
        length, version, _, count = _HEADER.unpack_from(head, len(SIGNATURE))
        if version != 1:
            raise _malformed(f"version {version} is not 1")
        if count != len(self._fields):
            raise _malformed(
                f"it has {count} columns, the statement {len(self._fields)}"
            )
        if length != 5 + 4 * count:
            raise _malformed(f"its header length {length} does not fit {count} columns")
        if len(head) < first + 4 * count:
            return False
        self._widths = struct.unpack_from(f"<{count}i", head, first)
        for width, field in zip(self._widths, self._fields, strict=True):
            _check_width(width, field)
        del head[: first + 4 * count]
        return True

    def _find_rows(self, data: bytes) -> tuple[list[int], int]:
        """Where complete rows start, and where the last of them ends."""
        starts: list[int] = []
        at, size = 0, len(data)
        overhead, unpack = 4 + self._bitmap, struct.Struct("<i").unpack_from
        while at + 4 <= size:
            (length,) = unpack(data, at)
            if not 0 <= length <= _MAX_ROW:
                raise _malformed(f"row {self._rows + len(starts) + 1} has no length")
            if at + overhead + length > size:
                break
            starts.append(at)
            at += overhead + length
        return starts, at

    def _decode_rows(self, data: bytes, bounds: np.ndarray) -> Batch:
        octets = np.frombuffer(data, np.uint8)
        starts, ends = bounds[:-1], bounds[1:]
        numbers = np.arange(self._rows + 1, self._rows + 1 + len(starts))
        self._rows += len(starts)
        at = starts + 4 + self._bitmap
        columns = []
        rejects: dict[int, str] = {}
        for i, (width, field) in enumerate(
            zip(self._widths, self._fields, strict=True)
        ):
            present = octets[starts + 4 + i // 8] & (0x80 >> i % 8) == 0
            where = at[present]
            if width == _VARIABLE:
                _check_bounds(where + 4, ends[present])
                sizes = _gather(data, where, "<i4").astype(np.int64)
                if (sizes < 0).any():
                    raise _malformed(f"a value of column {i + 1} has no length")
                _check_bounds(where + 4 + sizes, ends[present])
                values = _variable(octets, where + 4, sizes, present, field.type)
                at[present] += 4 + sizes
            else:
                _check_bounds(where + width, ends[present])
                values = _fixed(data, where, width, present, field.type)
                at[present] += width
            for row in np.flatnonzero(~values.valid).tolist():
                rejects.setdefault(
                    row, f"Invalid {field.type.name} value for column {i + 1} "
                    f"({field.name})",
                )  # fmt: skip
            columns.append(values.array)
        if (at != ends).any():
            row = int(numbers[np.flatnonzero(at != ends)[0]])
            raise _malformed(f"the values of row {row} do not fill its length")
        return _without(columns, numbers, rejects)


class _Values:
    """A decoded column, and which rows of it hold a value of the type."""

    def __init__(self, array: pa.Array, valid: np.ndarray | None = None) -> None:
        self.array = array
        self.valid = np.ones(len(array), bool) if valid is None else valid


def _without(
    columns: list[pa.Array], numbers: np.ndarray, rejects: dict[int, str]
) -> Batch:
    if not rejects:
        return Batch(columns, numbers, [])
    keep = np.ones(len(numbers), bool)
    keep[list(rejects)] = False
    return Batch(
        [column.filter(pa.array(keep)) for column in columns],
        numbers[keep],
        [Reject(int(numbers[row]), why) for row, why in sorted(rejects.items())],
    )


def _malformed(why: str) -> SqlError:
    return SqlError(
        f"COPY: the input is not in NATIVE format: {why}", number=2035, sqlstate="22V04"
    )


def _check_width(width: int, field: Field) -> None:
    kind = field.type
    if kind.oid == types.INT:
        right = width in _INT_WIDTHS
    elif kind.oid == types.NUMERIC:
        right = width == ((kind.precision or 0) // _WORD_DIGITS + 1) * 8
    elif kind.oid in {types.CHAR, types.BINARY}:
        right = width > 0
    elif kind.oid in types.CHARACTER | types.BYTES:
        right = width == _VARIABLE
    else:
        right = width == kind.size
    if not right:
        raise _malformed(
            f"width {width} of column {field.name} does not fit {kind.declaration}"
        )


def _check_bounds(until: np.ndarray, ends: np.ndarray) -> None:
    if (until > ends).any():
        raise _malformed("the values of a row exceed its length")


def _gather(data: bytes, where: np.ndarray, dtype: str) -> np.ndarray:
    """Values that start at any byte, not only at multiples of their width."""
    kind = np.dtype(dtype)
    count = max(len(data) - kind.itemsize + 1, 0)
    if not len(where):
        return np.empty(0, kind)
    everywhere: np.ndarray = np.ndarray((count,), kind, data, strides=(1,))
    found: np.ndarray = everywhere[where]
    return found


def _spread(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Give the rows that are NULL a zero."""
    if len(values) == len(present):
        return values
    whole = np.zeros(len(present), values.dtype)
    whole[present] = values
    return whole


def _variable(
    octets: np.ndarray,
    where: np.ndarray,
    sizes: np.ndarray,
    present: np.ndarray,
    kind: SqlType,
) -> _Values:
    ends = np.zeros(len(present) + 1, np.int64)
    np.cumsum(_spread(sizes, present), out=ends[1:])
    moves = where - ends[:-1][present]
    index = np.repeat(moves, sizes) + np.arange(ends[-1])
    return _octet_values(octets[index], ends, present, kind)


def _octet_values(
    content: np.ndarray, ends: np.ndarray, present: np.ndarray, kind: SqlType
) -> _Values:
    """A binary or text column; text that is not UTF-8 is no value."""
    offsets = pa.py_buffer(ends.astype(np.int32))
    buffers = [_mask(present), offsets, pa.py_buffer(np.ascontiguousarray(content))]
    raw = pa.Array.from_buffers(pa.binary(), len(present), buffers)
    if kind.oid in types.BYTES:
        return _Values(raw)
    text = pa.Array.from_buffers(pa.string(), len(present), buffers)
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return _valid_text(raw)
    return _Values(text)


def _valid_text(raw: pa.Array) -> _Values:
    values: list[str | None] = []
    valid = np.ones(len(raw), bool)
    for row, value in enumerate(raw.to_pylist()):
        try:
            values.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            values.append(None)
            valid[row] = False
    return _Values(pa.array(values, pa.string()), valid)


def _mask(present: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(present, bitorder="little"))


def _fixed(
    data: bytes, where: np.ndarray, width: int, present: np.ndarray, kind: SqlType
) -> _Values:
    if kind.oid in {types.CHAR, types.BINARY}:
        return _padded(_gather(data, where, f"V{width}"), present, kind)
    if kind.oid == types.UUID:
        raw = _spread(_gather(data, where, "V16"), present)
        stored = pa.Array.from_buffers(
            pa.binary(16), len(present), [_mask(present), pa.py_buffer(raw)]
        )
        return _Values(pa.ExtensionArray.from_storage(pa.uuid(), stored))
    if kind.oid == types.NUMERIC:
        return _numeric(_gather(data, where, f"V{width}"), width, present, kind)
    if kind.oid == types.FLOAT:
        floats = _spread(_gather(data, where, "<f8"), present)
        return _Values(pa.array(floats, mask=~present))
    if kind.oid == types.BOOL:
        bits = _spread(_gather(data, where, "u1"), present)
        return _Values(pa.array(bits != 0, mask=~present), bits <= 1)
    whole = _spread(_gather(data, where, f"<i{width}").astype(np.int64), present)
    return _integers(whole, present & (whole != _NULL), kind)


def _integers(values: np.ndarray, present: np.ndarray, kind: SqlType) -> _Values:
    """What travels as a whole number: integers, dates, times, intervals."""
    shift, low, high = _RANGES.get(kind.oid, (0, -(2**63), 2**63 - 1))
    valid = ~present | ((values >= low) & (values <= high))
    if kind.oid == types.TIMETZ:
        texts = [
            _timetz(int(v)) if ok else None
            for v, ok in zip(values, present & valid, strict=True)
        ]
        return _Values(pa.array(texts, pa.string()), valid)
    moved = np.where(valid & present, values, 0) + shift
    array = pa.array(moved, mask=~(present & valid))
    if kind.oid == types.DATE:
        array = array.cast(pa.int32())
    return _Values(array.cast(arrow_type(kind)), valid)


# What is added to reach 1970, and what may come: DuckDB's years end before Vertica's.
_RANGES = {
    types.DATE: (EPOCH_DAYS, -2_000_000_000, 2_000_000_000),
    types.TIME: (0, 0, _DAY),
    types.TIMESTAMP: (EPOCH_MICROSECONDS, -(2**63) + 1, 2**63 - 2 - EPOCH_MICROSECONDS),
    types.TIMESTAMPTZ: (
        EPOCH_MICROSECONDS,
        -(2**63) + 1,
        2**63 - 2 - EPOCH_MICROSECONDS,
    ),
    types.INTERVAL_YM: (0, -(2**31), 2**31 - 1),
}


def _timetz(word: int) -> str:
    """Upper 40 bits: microseconds in UTC; lower 24: 86,400 less the offset."""
    offset = 86_400 - (word & 0xFFFFFF)
    seconds, fraction = divmod((word >> 24) + offset * 1_000_000, 1_000_000)
    minutes, second = divmod(seconds % 86_400, 60)
    zone, rest = divmod(abs(offset), 60)
    return (
        f"{minutes // 60:02}:{minutes % 60:02}:{second:02}.{fraction:06}"
        f"{'-' if offset < 0 else '+'}{zone // 60:02}:{zone % 60:02}:{rest:02}"
    )


def _padded(raw: np.ndarray, present: np.ndarray, kind: SqlType) -> _Values:
    """CHAR loses its padding, BINARY keeps it."""
    cells = [cell.tobytes() for cell in raw]
    if kind.oid == types.CHAR:
        cells = [cell.rstrip(b" ") for cell in cells]
    sizes = _spread(np.array([len(c) for c in cells], np.int64), present)
    ends = np.zeros(len(present) + 1, np.int64)
    np.cumsum(sizes, out=ends[1:])
    content = np.frombuffer(b"".join(cells), np.uint8)
    return _octet_values(content, ends, present, kind)


def _numeric(
    raw: np.ndarray, width: int, present: np.ndarray, kind: SqlType
) -> _Values:
    """Words of 64 bits, the most significant first, each little-endian."""
    words = _spread(raw, present).view("<i8").reshape(-1, width // 8)
    low = words[:, -1]
    high = words[:, -2] if width > 8 else low >> 63  # noqa: PLR2004 - one word
    # What lies above 128 bits may only repeat the sign.
    valid = (words[:, :-2] == (high >> 63)[:, None]).all(axis=1)
    both = np.ascontiguousarray(np.stack([low, high], axis=1))
    buffers = [_mask(present & valid), pa.py_buffer(both)]
    array = pa.Array.from_buffers(arrow_type(kind), len(present), buffers)
    return _Values(array, valid | ~present)
