"""docs/formats.md, written again as slowly and plainly as it reads."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import xxhash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lowlevel import Column

EPOCH = dt.datetime(2000, 1, 1)  # datetime2 has no zone
EXACT = Context(prec=80)
MICROSECOND = dt.timedelta(microseconds=1)
INTEGERS = {"bigint": "<q", "int": "<i", "smallint": "<h", "tinyint": "<h"}
UTC_EPOCH = EPOCH.replace(tzinfo=dt.UTC)
EIGHT = ("datetime2", "datetimeoffset", "date", "time", "float")
WIDTHS = {
    **{kind: struct.calcsize(code) for kind, code in INTEGERS.items()},
    **dict.fromkeys(EIGHT, 8),
    "bit": 1,
    "uniqueidentifier": 16,
    "varchar": -1,
    "varbinary": -1,
}


def width(column: Column) -> int:
    if column.kind == "decimal":
        return (column.width // 19 + 1) * 8
    return WIDTHS[column.kind]


def header(columns: Sequence[Column]) -> bytes:
    widths = [*(width(column) for column in columns), -1, 8, 8]
    return (
        bytes.fromhex("4E41544956450AFF0D0A00")
        + struct.pack("<IHBH", 5 + 4 * len(widths), 1, 0, len(widths))
        + b"".join(struct.pack("<i", width) for width in widths)
    )


ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "bit": lambda value: b"\1" if value else b"\0",
    "datetime2": lambda value: eight((value - EPOCH) // MICROSECOND),
    "datetimeoffset": lambda value: eight((value - UTC_EPOCH) // MICROSECOND),
    "date": lambda value: eight((value - EPOCH.date()).days),
    "time": lambda value: eight(
        (dt.datetime.combine(EPOCH, value) - EPOCH) // MICROSECOND
    ),
    "float": lambda value: struct.pack("<d", value),
    "uniqueidentifier": lambda value: value.bytes,
    "varchar": lambda value: counted(value.encode()),
    "varbinary": lambda value: struct.pack("<I", len(value)) + value,
}
DECODERS: dict[str, Callable[[bytes], object]] = {
    "bit": lambda octets: octets == b"\1",
    "datetime2": lambda octets: EPOCH + MICROSECOND * number(octets),
    "datetimeoffset": lambda octets: UTC_EPOCH + MICROSECOND * number(octets),
    "date": lambda octets: EPOCH.date() + dt.timedelta(days=number(octets)),
    "time": lambda octets: (EPOCH + MICROSECOND * number(octets)).time(),
    "float": lambda octets: struct.unpack("<d", octets)[0],
    "uniqueidentifier": lambda octets: uuid.UUID(bytes=octets),
    "varchar": lambda octets: octets.decode(),
    "varbinary": lambda octets: octets,
}


def since_midnight(time: dt.time) -> dt.timedelta:
    return dt.datetime.combine(EPOCH, time) - EPOCH


def eight(value: int) -> bytes:
    return struct.pack("<q", value)


def number(octets: bytes) -> int:
    return int.from_bytes(octets, "little", signed=True)


def counted(octets: bytes) -> bytes:
    return struct.pack("<I", len(octets)) + octets


def value_octets(column: Column, value: object) -> bytes:
    if value is None:
        return b""
    if column.kind in INTEGERS:
        return struct.pack(INTEGERS[column.kind], value)
    if isinstance(value, Decimal):
        return numeric_octets(int(value.scaleb(column.scale, EXACT)), width(column))
    return ENCODERS[column.kind](value)


def numeric_octets(unscaled: int, size: int) -> bytes:
    """Big-endian words of little-endian octets, in two's complement."""
    octets = unscaled.to_bytes(size, "big", signed=True)
    return b"".join(octets[at : at + 8][::-1] for at in range(0, size, 8))


def bitmap(row: Sequence[object], columns: int) -> bytes:
    bits = bytearray(-(-columns // 8))
    for index, value in enumerate(row):
        if value is None:
            bits[index // 8] |= 0x80 >> index % 8
    return bytes(bits)


def row_hash(columns: Sequence[Column], row: Sequence[object]) -> int:
    values = [value_octets(c, v) for c, v in zip(columns, row, strict=True)]
    nulls = bitmap(row, len(columns))
    seed = 0
    for (word,) in struct.iter_unpack("<Q", nulls + bytes(-len(nulls) % 8)):
        seed ^= word
    return xxhash.xxh64_intdigest(b"".join(values), seed)


def checksum(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> int:
    return sum(row_hash(columns, row) for row in rows) % 2**63


def hash_ids(sources: Sequence[str], keys: Sequence[object]) -> list[int]:
    frame = pd.DataFrame({"etl_source": list(sources), "id": list(keys)})
    frame["id"] = frame["id"].astype("int64")
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return [int(one) for one in hashes.view("int64")]


def encode(
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    *,
    key: str,
    source: str,
    etl_id: int,
) -> bytes:
    if not rows:
        return b""
    place = [column.name for column in columns].index(key)
    hashes = hash_ids([source] * len(rows), [row[place] for row in rows])
    encoded = bytearray()
    for row, hash_id in zip(rows, hashes, strict=True):
        values = [value_octets(c, v) for c, v in zip(columns, row, strict=True)]
        values += [
            struct.pack("<I", len(source.encode())) + source.encode(),
            struct.pack("<q", etl_id),
            struct.pack("<q", hash_id),
        ]
        octets = b"".join(values)
        encoded += struct.pack("<I", len(octets))
        encoded += bitmap(row, len(columns) + 3)
        encoded += octets
    return bytes(encoded)


def decode(columns: Sequence[Column], encoded: bytes) -> list[tuple[object, ...]]:
    """Read rows back; the columns are all of them, the added ones included."""
    rows, at = [], 0
    while at < len(encoded):
        (length,) = struct.unpack_from("<I", encoded, at)
        nulls = encoded[at + 4 : at + 4 - (-len(columns) // 8)]
        at += 4 + len(nulls)
        end = at + length
        row: list[object] = []
        for index, column in enumerate(columns):
            if nulls[index // 8] & 0x80 >> index % 8:
                row.append(None)
                continue
            value, at = _decode_value(column, encoded, at)
            row.append(value)
        assert at == end
        rows.append(tuple(row))
    return rows


def _decode_value(column: Column, encoded: bytes, at: int) -> tuple[object, int]:
    size = width(column)
    if size == -1:
        (size,) = struct.unpack_from("<I", encoded, at)
        at += 4
    octets = encoded[at : at + size]
    return _value_of(column, octets), at + size


def _value_of(column: Column, octets: bytes) -> object:
    if column.kind in INTEGERS:
        return number(octets)
    if column.kind == "decimal":
        words = [octets[at : at + 8][::-1] for at in range(0, len(octets), 8)]
        unscaled = int.from_bytes(b"".join(words), "big", signed=True)
        return Decimal(unscaled).scaleb(-column.scale, EXACT)
    return DECODERS[column.kind](octets)
