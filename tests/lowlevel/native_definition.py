"""docs/formats.md, written again as slowly and plainly as it reads."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from typing import TYPE_CHECKING

import pandas as pd
import xxhash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lowlevel import Column

EPOCH = dt.datetime(2000, 1, 1)  # datetime2 has no zone
MICROSECOND = dt.timedelta(microseconds=1)
INTEGERS = {"bigint": "<q", "int": "<i", "smallint": "<h", "tinyint": "<h"}
WIDTHS = {"bit": 1, "datetime2": 8, "uniqueidentifier": 16, "varchar": -1}


def header(columns: Sequence[Column]) -> bytes:
    widths = [
        struct.calcsize(INTEGERS[c.kind]) if c.kind in INTEGERS else WIDTHS[c.kind]
        for c in columns
    ]
    widths += [-1, 8, 8]
    return (
        bytes.fromhex("4E41544956450AFF0D0A00")
        + struct.pack("<IHBH", 5 + 4 * len(widths), 1, 0, len(widths))
        + b"".join(struct.pack("<i", width) for width in widths)
    )


def value_octets(kind: str, value: object) -> bytes:
    if value is None:
        return b""
    if kind in INTEGERS:
        return struct.pack(INTEGERS[kind], value)
    if isinstance(value, bool):
        return b"\1" if value else b"\0"
    if isinstance(value, dt.datetime):
        return struct.pack("<q", (value - EPOCH) // MICROSECOND)
    if isinstance(value, uuid.UUID):
        return value.bytes
    assert isinstance(value, str)
    return struct.pack("<I", len(value.encode())) + value.encode()


def bitmap(row: Sequence[object], columns: int) -> bytes:
    bits = bytearray(-(-columns // 8))
    for index, value in enumerate(row):
        if value is None:
            bits[index // 8] |= 0x80 >> index % 8
    return bytes(bits)


def row_hash(columns: Sequence[Column], row: Sequence[object]) -> int:
    values = [value_octets(c.kind, v) for c, v in zip(columns, row, strict=True)]
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
    return [int(number) for number in hashes.view("int64")]


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
    for row, number in zip(rows, hashes, strict=True):
        values = [value_octets(c.kind, v) for c, v in zip(columns, row, strict=True)]
        values += [
            value_octets("varchar", source),
            struct.pack("<q", etl_id),
            struct.pack("<q", number),
        ]
        octets = b"".join(values)
        encoded += struct.pack("<I", len(octets))
        encoded += bitmap(row, len(columns) + 3)
        encoded += octets
    return bytes(encoded)


def decode(kinds: Sequence[str], encoded: bytes) -> list[tuple[object, ...]]:
    """Read rows back; the kinds are those of all columns, the added ones included."""
    rows, at = [], 0
    while at < len(encoded):
        (length,) = struct.unpack_from("<I", encoded, at)
        nulls = encoded[at + 4 : at + 4 - (-len(kinds) // 8)]
        at += 4 + len(nulls)
        end = at + length
        row: list[object] = []
        for index, kind in enumerate(kinds):
            if nulls[index // 8] & 0x80 >> index % 8:
                row.append(None)
                continue
            value, at = _decode_value(kind, encoded, at)
            row.append(value)
        assert at == end
        rows.append(tuple(row))
    return rows


def _decode_value(kind: str, encoded: bytes, at: int) -> tuple[object, int]:
    if kind in INTEGERS:
        (number,) = struct.unpack_from(INTEGERS[kind], encoded, at)
        return number, at + struct.calcsize(INTEGERS[kind])
    if kind == "varchar":
        (length,) = struct.unpack_from("<I", encoded, at)
        return encoded[at + 4 : at + 4 + length].decode(), at + 4 + length
    octets = encoded[at : at + WIDTHS[kind]]
    at += WIDTHS[kind]
    if kind == "bit":
        return octets == b"\1", at
    if kind == "uniqueidentifier":
        return uuid.UUID(bytes=octets), at
    return EPOCH + MICROSECOND * int.from_bytes(octets, "little", signed=True), at
