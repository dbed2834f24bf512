"""Answers of a SQL Server, made octet by octet ([MS-TDS] 2.2.5 to 2.2.7)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

HEADER = 8
LAST_PACKET = 0x01
REPLY = 0x04
PACKET = 4_096
RUSSIAN = bytes.fromhex("1904d00000")
"""A collation of code page 1251."""


def done(rows: int, status: int = 0) -> bytes:
    """The end of a SELECT that says how many rows there were."""
    return b"\xfd" + struct.pack("<HHQ", 0x10 | status, 0xC1, rows)


MORE = 0x01
"""Of a status: another result comes."""

DONE = b"\xfd" + struct.pack("<HHQ", 0, 0xC1, 0)
"""The end of what has no rows, or with NOCOUNT."""
DONE_ERROR = b"\xfd" + struct.pack("<HHQ", 0x02, 0xC1, 0)
CANCELLED = b"\xfd" + struct.pack("<HHQ", 0x20, 0, 0)


def packets(body: bytes, *, whole: bool = True) -> bytes:
    """A reply in packets; the last is not marked as such if more is to come."""
    pieces = [
        body[at : at + PACKET - HEADER] for at in range(0, len(body), PACKET - HEADER)
    ]
    said = b""
    for at, piece in enumerate(pieces or [b""], 1):
        last = LAST_PACKET if whole and at >= len(pieces) else 0
        size = HEADER + len(piece)
        said += struct.pack(">BBHHBB", REPLY, last, size, 0, at % 256, 0) + piece
    return said


def text(said: str) -> bytes:
    return struct.pack("<H", len(said)) + said.encode("utf-16-le")


def message(number: int, said: str, severity: int = 16) -> bytes:
    """An error, or information if it is not severe."""
    body = struct.pack("<IBB", number, 1, severity) + text(said) + b"\0\0" + bytes(4)
    token = 0xAA if severity > 10 else 0xAB
    return bytes([token]) + struct.pack("<H", len(body)) + body


def columns(each: Sequence[tuple[str, bytes]]) -> bytes:
    """COLMETADATA of names and TYPE_INFOs."""
    made = b"".join(
        struct.pack("<IH", 0, 0x09)
        + kind
        + bytes([len(name)])
        + name.encode("utf-16-le")
        for name, kind in each
    )
    return b"\x81" + struct.pack("<H", len(each)) + made


def row(values: Iterable[bytes]) -> bytes:
    return b"\xd1" + b"".join(values)


def sized(value: bytes | None) -> bytes:
    """A value of a nullable type of fixed size, after its length."""
    return b"\0" if value is None else bytes([len(value)]) + value


def short(value: bytes | None) -> bytes:
    """Text or bytes of at most 8,000 octets."""
    return b"\xff\xff" if value is None else struct.pack("<H", len(value)) + value


def long(value: bytes | None, chunk: int = 1_000) -> bytes:
    """A value of a (max) type, in chunks."""
    if value is None:
        return b"\xff" * 8
    pieces = [value[at : at + chunk] for at in range(0, len(value), chunk)]
    chunks = b"".join(struct.pack("<I", len(piece)) + piece for piece in pieces)
    return struct.pack("<Q", len(value)) + chunks + bytes(4)
