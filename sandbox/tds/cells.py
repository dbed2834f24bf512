"""One Arrow array into the TDS values of one column ([MS-TDS] 2.2.5.5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.tds.formats import format_moment
from sandbox.tds.ticks import DAYS_1900, TICKS_PER_DAY, TICKS_PER_MINUTE
from sandbox.tds.types import Family, SqlType
from sandbox.tds.wire_types import as_sent, decimal_size, time_size

if TYPE_CHECKING:
    import numpy.typing as npt

    from sandbox.tds.login import TdsVersion

    Bytes = npt.NDArray[np.uint8]
    Longs = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

_DAYS_1970 = 719_162
_GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, *range(8, 16)]
_INTEGERS = {"bigint": "<i8", "int": "<i4", "smallint": "<i2", "tinyint": "u1"}
_NULL_SHORT = b"\xff\xff"
_NULL_LONG = b"\xff" * 8
_LONG_END = b"\0\0\0\0"


@dataclass(frozen=True, slots=True)
class FixedCells:
    """Values of one width: (rows, 1 + width) bytes, the first their length."""

    matrix: Bytes
    nulls: Mask | None

    def listed(self) -> list[bytes]:
        """Each row's bytes."""
        width = self.matrix.shape[1]
        data = self.matrix.tobytes()
        cells = [data[at : at + width] for at in range(0, len(data), width)]
        if self.nulls is not None:
            for row in np.flatnonzero(self.nulls):
                cells[row] = b"\0"
        return cells


@dataclass(frozen=True, slots=True)
class VaryingCells:
    """Values of varying width, each with its length before it."""

    values: list[bytes]

    def listed(self) -> list[bytes]:
        """Each row's bytes."""
        return self.values


Cells = FixedCells | VaryingCells


def cells_of(array: pa.Array, kind: SqlType, version: TdsVersion) -> Cells:
    """The values of a column, as they travel.

    Args:
        array: As DuckDB stores the type (see `types`).
        kind: The column's type.
        version: Before 7.3, dates and times travel as text.
    """
    if as_sent(kind, version) is not kind:
        texts = [format_moment(value, kind) for value in array.to_pylist()]
        return VaryingCells(_short(texts, "utf-16-le"))
    if kind.family is Family.TEXT:
        codec = "utf-16-le" if kind.is_unicode else kind.code_page
        pack = _long if kind.is_max else _short
        return VaryingCells(pack(array.to_pylist(), codec))
    if kind.family is Family.BINARY:
        return VaryingCells(_binary(array.to_pylist(), kind))
    nulls = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    return FixedCells(_with_length(_body(array, kind)), nulls)


def _with_length(body: Bytes) -> Bytes:
    count, width = body.shape
    matrix = np.empty((count, width + 1), dtype=np.uint8)
    matrix[:, 0] = width
    matrix[:, 1:] = body
    return matrix


def _body(array: pa.Array, kind: SqlType) -> Bytes:  # noqa: PLR0911 - one line a family
    match kind.family:
        case Family.INTEGER:
            return _bytes_of(_numbers(array).astype(_INTEGERS[kind.name]))
        case Family.BIT:
            return _bytes_of(_numbers(array).astype("u1"))
        case Family.FLOAT:
            kind_code = "<f4" if kind.name == "real" else "<f8"
            return _bytes_of(_numbers(array).astype(kind_code))
        case Family.DECIMAL:
            return _decimals(array, kind)
        case Family.DATE:
            return _bytes_of(_longs(array.cast(pa.int32())) + _DAYS_1970)[:, :3]
        case Family.TIME:
            return _time_of_day(_longs(array), kind.scale)
        case Family.MOMENT:
            return _moments(_longs(array), kind)
        case Family.OFFSET:
            return _offsets(array, kind)
        case Family.GUID:
            return _guids(array)
        case family:
            raise TypeError(f"no fixed width for {family}")


def _bytes_of(values: npt.NDArray[np.generic]) -> Bytes:
    count, width = len(values), values.dtype.itemsize
    return np.ascontiguousarray(values).view(np.uint8).reshape(count, width)


def _numbers(array: pa.Array) -> npt.NDArray[np.generic]:
    """Values with zero for NULL."""
    if isinstance(array, pa.ExtensionArray):  # DuckDB's booleans of 8 bits
        array = array.storage
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    if array.null_count:
        array = pc.fill_null(array, pa.scalar(0, array.type))
    values: npt.NDArray[np.generic] = array.to_numpy(zero_copy_only=False)
    return values


def _longs(array: pa.Array) -> Longs:
    return _numbers(array).astype(np.int64)


def _raw16(array: pa.Array) -> npt.NDArray[np.uint8]:
    """The 16 bytes of each value, whatever stands where NULL is."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    data = np.frombuffer(array.buffers()[1], dtype=np.uint8)
    start = array.offset * 16
    return data[start : start + len(array) * 16].reshape(len(array), 16)


def _decimals(array: pa.Array, kind: SqlType) -> Bytes:
    halves = _raw16(array).view("<u8")
    if kind.name == "smallmoney":
        return _bytes_of(halves[:, 0].copy())[:, :4]
    if kind.name == "money":  # the upper half first
        return _bytes_of(halves[:, 0].copy())[:, [4, 5, 6, 7, 0, 1, 2, 3]]
    low, high = halves[:, 0].copy(), halves[:, 1].copy()
    negative = (high >> np.uint64(63)).astype(np.bool_)
    borrow = low[negative] == 0
    low[negative] = ~low[negative] + np.uint64(1)
    high[negative] = ~high[negative] + borrow.astype(np.uint64)
    size = decimal_size(kind.precision)
    magnitude = np.stack([low, high], axis=1).view(np.uint8).reshape(len(low), 16)
    sign = (~negative).astype(np.uint8)[:, None]
    return np.concatenate([sign, magnitude[:, :size]], axis=1)


def _time_of_day(ticks: Longs, scale: int) -> Bytes:
    return _bytes_of(ticks // 10 ** (7 - scale))[:, : time_size(scale)]


def _time_and_day(ticks: Longs, scale: int) -> Bytes:
    days, rest = np.divmod(ticks, TICKS_PER_DAY)
    size = time_size(scale)
    return _bytes_of(rest // 10 ** (7 - scale) | days << (8 * size))[:, : size + 3]


def _moments(ticks: Longs, kind: SqlType) -> Bytes:
    if kind.name == "datetime2":
        return _time_and_day(ticks, kind.scale)
    days, rest = np.divmod(ticks, TICKS_PER_DAY)
    days -= DAYS_1900
    if kind.name == "smalldatetime":
        small = np.stack([days, rest // TICKS_PER_MINUTE], axis=1).astype("<u2")
        return _bytes_of(small.view("<u4").reshape(-1))
    units = (rest * 3 + 50_000) // 100_000  # 1/300 s
    return _bytes_of(np.stack([days, units], axis=1).astype("<i4").view("<i8")[:, 0])


def _offsets(array: pa.Array, kind: SqlType) -> Bytes:
    moments = _time_and_day(_longs(array.field(0)), kind.scale)
    minutes = _bytes_of(_longs(array.field(1)).astype("<i2"))
    return np.concatenate([moments, minutes], axis=1)


def _guids(array: pa.Array) -> Bytes:
    return _raw16(array)[:, _GUID_ORDER]


def _short(values: list[str | None], codec: str) -> list[bytes]:
    cells = []
    pack = struct.Struct("<H").pack
    for value in values:
        if value is None:
            cells.append(_NULL_SHORT)
        else:
            data = value.encode(codec, "replace")
            cells.append(pack(len(data)) + data)
    return cells


def _long(values: list[str | None], codec: str) -> list[bytes]:
    return [
        _NULL_LONG if value is None else _chunked(value.encode(codec, "replace"))
        for value in values
    ]


def _binary(values: list[bytes | None], kind: SqlType) -> list[bytes]:
    if kind.is_max:
        return [_NULL_LONG if v is None else _chunked(v) for v in values]
    pack = struct.Struct("<H").pack
    return [_NULL_SHORT if v is None else pack(len(v)) + v for v in values]


def _chunked(data: bytes) -> bytes:
    """PLP: the total, one chunk unless empty, the end."""
    total = struct.pack("<Q", len(data))
    if not data:
        return total + _LONG_END
    return total + struct.pack("<I", len(data)) + data + _LONG_END
