"""Messages of TDS, and the packets that they travel in ([MS-TDS] 2.2.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

Answer: TypeAlias = Sequence[bytes]
"""What follows one message of the client's; the same octets may come several times."""

PRELOGIN, REPLY = 18, 4
_HEAD = struct.Struct(">BBH4x")
"""Type, status, length with this head."""
_LAST = 0x01
_COUNT = struct.Struct("<5xQ")
"""The rows that DONE tells, behind its token and two more fields (2.2.7.6)."""


class Link(Protocol):
    """The part of a socket that is needed here."""

    def recv(self, count: int, /) -> bytes:
        """Some octets; none when the other end is gone."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""


def messages(client: Link) -> Iterator[bytes]:
    """Whole messages with the heads of their packets, until the client goes."""
    message = b""
    while head := _receive(client, _HEAD.size):
        _, status, length = _HEAD.unpack(head)
        message += head + _receive(client, length - _HEAD.size)
        if status & _LAST:
            yield message
            message = b""


def payload(message: bytes) -> bytes:
    """A message without the heads of its packets."""
    return b"".join(packet[_HEAD.size :] for packet in each_packet(message))


def each_packet(octets: bytes) -> Iterator[bytes]:
    """The packets that octets are, with their heads."""
    at = 0
    while at < len(octets):
        _, _, length = _HEAD.unpack_from(octets, at)
        yield octets[at : at + length]
        at += length


def packets(
    content: bytes, size: int, *, kind: int = REPLY, last: bool = True
) -> bytes:
    """A message in packets of a size; or its part, if more is to come."""
    room = size - _HEAD.size
    starts = range(0, len(content), room)
    pieces = []
    for start in starts:
        piece = content[start : start + room]
        status = _LAST if last and start == starts[-1] else 0
        pieces += [_HEAD.pack(kind, status, len(piece) + _HEAD.size), piece]
    return b"".join(pieces)


def repeated(answer: bytes, empty: bytes, times: int) -> Answer:
    """An answer whose rows come several times.

    Args:
        answer: That of some rows.
        empty: That of none to the same question: up to the rows they are the same, and
            behind them but for the number of rows.
        times: How often.
    """
    _, _, size = _HEAD.unpack_from(answer)
    full, none = payload(answer), payload(empty)
    head = next(at for at, octet in enumerate(none) if octet != full[at])
    tail = len(full) - (len(none) - head)
    end = bytearray(full[tail:])
    (rows,) = _COUNT.unpack_from(end)
    end[: _COUNT.size] = end[:5] + struct.pack("<Q", rows * times)
    body = packets(full[head:tail], size, last=False)
    return [
        packets(full[:head], size, last=False),
        *[body] * times,
        packets(bytes(end), size),
    ]


def _receive(client: Link, count: int) -> bytes:
    """So many octets; fewer when the client has gone."""
    data = b""
    while len(data) < count and (piece := client.recv(count - len(data))):
        data += piece
    return data
