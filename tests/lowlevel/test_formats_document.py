"""The code that docs/formats.md shows computes what the encoder does."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pandas as pd
import pytest
import xxhash

from lowlevel import Column, hash_id, row_hash

DOCUMENT = Path(__file__).parents[2] / "docs" / "formats.md"
BY_PANDAS, BY_HAND, OF_A_ROW = re.findall(
    r"^```python\n(.*?)^```$",
    DOCUMENT.read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


def rotated(word: int, by: int) -> int:
    return (word << by | word >> 64 - by) % 2**64


def siphash_2_4(data: bytes, key: bytes) -> int:
    """SipHash-2-4, as its authors (Aumasson and Bernstein) define it."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]

    def rounds(count: int) -> None:
        for _ in range(count):
            for a, b, by in ((0, 1, 13), (2, 3, 16)):
                v[a] = (v[a] + v[b]) % 2**64
                v[b] = rotated(v[b], by) ^ v[a]
            v[0] = rotated(v[0], 32)
            for a, b, by in ((2, 1, 17), (0, 3, 21)):
                v[a] = (v[a] + v[b]) % 2**64
                v[b] = rotated(v[b], by) ^ v[a]
            v[2] = rotated(v[2], 32)

    last = bytes([len(data) % 256])
    padded = data + bytes(-(len(data) + 1) % 8) + last
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


@pytest.mark.parametrize("key", [0, 1, -1, 2**63 - 1, -(2**63) + 1])
@pytest.mark.parametrize("source", ["moscow", "", "O'Hare / Ж 🚕"])
def test_the_hash_id_shown_is_ours(source: str, key: int) -> None:
    shown = {"pandas": pd, "source": source, "key": key}
    exec(BY_PANDAS, shown)
    assert shown["hash_id"] == hash_id(source, key)
    shown = {"siphash_2_4": siphash_2_4, "source": source, "key": key}
    exec(BY_HAND, shown)
    assert shown["unsigned"] == hash_id(source, key) % 2**64


def test_the_row_hash_shown_is_ours() -> None:
    columns = [
        Column("id", "bigint", nullable=False),
        Column("gone", "int", nullable=True),
        Column("text", "varchar", nullable=False, width=20),
    ]
    values = [struct.pack("<q", 7), struct.pack("<i", 2) + b"ab"]
    shown: dict[str, object] = {"struct": struct, "xxhash": xxhash}
    exec(OF_A_ROW, shown)
    by_document = shown["row_hash"](bytes([0b0100_0000]), values)  # type: ignore[operator]
    assert by_document == row_hash(columns, (7, None, "ab"))
