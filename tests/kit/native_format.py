"""NATIVE bytes as the Vertica documentation describes them, written apart from the
sandbox's decoder."""

from __future__ import annotations

import struct
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from decimal import Decimal

SIGNATURE = bytes.fromhex("4E41544956450AFF0D0A00")
VARIABLE = -1
_MICROSECOND = timedelta(microseconds=1)


def header(widths: Sequence[int]) -> bytes:
    area = struct.pack("<HBH", 1, 0, len(widths))
    area += b"".join(struct.pack("<i", width) for width in widths)
    return SIGNATURE + struct.pack("<I", len(area)) + area


def row(values: Sequence[bytes | None]) -> bytes:
    bitmap = bytearray((len(values) + 7) // 8)
    for i, value in enumerate(values):
        if value is None:
            bitmap[i // 8] |= 0x80 >> (i % 8)
    data = b"".join(value for value in values if value is not None)
    return struct.pack("<I", len(data)) + bytes(bitmap) + data


def file(
    rows: Iterable[Sequence[Any]],
    widths: Sequence[int],
    encoders: Sequence[Callable[[Any], bytes]],
) -> bytes:
    encoded = (
        [
            None if value is None else encode(value)
            for value, encode in zip(values, encoders, strict=True)
        ]
        for values in rows
    )
    return header(widths) + b"".join(row(values) for values in encoded)


def integer(width: int) -> Callable[[int], bytes]:
    return lambda value: value.to_bytes(width, "little", signed=True)


def boolean(value: bool) -> bytes:
    return b"\1" if value else b"\0"


def double(value: float) -> bytes:
    return struct.pack("<d", value)


def char(width: int) -> Callable[[str], bytes]:
    return lambda value: value.encode().ljust(width, b" ")


def varchar(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<i", len(data)) + data


def varbinary(value: bytes) -> bytes:
    return struct.pack("<i", len(value)) + value


def binary(width: int) -> Callable[[bytes], bytes]:
    return lambda value: value.ljust(width, b"\0")


def days(value: date) -> bytes:
    return struct.pack("<q", (value - date(2000, 1, 1)).days)


def timestamp(value: datetime) -> bytes:
    since = value - datetime(2000, 1, 1, tzinfo=value.tzinfo)
    return struct.pack("<q", since // _MICROSECOND)


def clock(value: time) -> bytes:
    moment = datetime.combine(date(2000, 1, 1), value)
    return timestamp(moment)


def interval(value: timedelta) -> bytes:
    return struct.pack("<q", value // _MICROSECOND)


def numeric(precision: int, scale: int) -> Callable[[Decimal], bytes]:
    words = precision // 19 + 1

    def encode(value: Decimal) -> bytes:
        sign, digits, exponent = value.as_tuple()
        magnitude = int("".join(map(str, digits))) * 10 ** (int(exponent) + scale)
        unscaled = -magnitude if sign else magnitude
        whole = unscaled.to_bytes(8 * words, "big", signed=True)
        parts = [whole[i : i + 8] for i in range(0, len(whole), 8)]
        return b"".join(part[::-1] for part in parts)

    return encode
