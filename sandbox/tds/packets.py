"""TDS packets: messages in, streamed replies out ([MS-TDS] 2.2.3)."""

from __future__ import annotations

import select
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from sandbox.tds.tls import TlsSocket

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Sequence

DEFAULT_PACKET_SIZE = 4096
MINIMUM_PACKET_SIZE = 512
MAXIMUM_PACKET_SIZE = 32767
MAXIMUM_TLS_PACKET_SIZE = 16383

_HEADER = struct.Struct(">BBHHBB")
_END_OF_MESSAGE = 0x01


class PacketType(IntEnum):
    """What a message is; the first byte of each of its packets."""

    SQL_BATCH = 1
    RPC = 3
    REPLY = 4
    ATTENTION = 6
    BULK = 7
    TRANSACTION_MANAGER = 14
    LOGIN7 = 16
    SSPI = 17
    PRELOGIN = 18


class ProtocolError(Exception):
    """The client sent what is not TDS; the connection cannot go on."""


class ConnectionClosedError(Exception):
    """The client is gone."""


@dataclass(frozen=True, slots=True)
class Message:
    """A whole client message: the payload of its packets, joined."""

    type: int
    payload: bytes


class PacketStream:
    """Messages over a connected socket, cut into packets of the negotiated size.

    A reply is written piece by piece and leaves in full packets as it grows; the
    last packet, marked as the end of the message, is never empty (ODBC clients
    take an empty one for a broken stream).
    """

    def __init__(self, sock: socket.socket) -> None:
        """Begin with packets of the default size."""
        self._socket: socket.socket | TlsSocket = sock
        self._pending = bytearray()
        self._packet_id = 0
        self.packet_size = DEFAULT_PACKET_SIZE
        self.spid = 0

    def read(self) -> Message:
        """Wait for the next whole message.

        Raises:
            ConnectionClosedError: The client closed or lost the connection.
            ProtocolError: A header that cannot be one.
        """
        parts = []
        while True:
            kind, status, length, *_ = _HEADER.unpack(self._receive(_HEADER.size))
            if length < _HEADER.size:
                raise ProtocolError(f"a packet of {length} bytes")
            parts.append(self._receive(length - _HEADER.size))
            if status & _END_OF_MESSAGE:
                return Message(kind, b"".join(parts))

    @property
    def is_secure(self) -> bool:
        """Whether all is encrypted."""
        return isinstance(self._socket, TlsSocket)

    def input_waits(self) -> bool:
        """Tell whether the client has sent something not read yet."""
        if isinstance(self._socket, TlsSocket):
            return self._socket.input_waits()
        return bool(select.select([self._socket], [], [], 0)[0])

    def secure(self, context: ssl.SSLContext) -> None:
        """Agree on TLS, in packets of type PRELOGIN both ways; all else is encrypted.

        Raises:
            ConnectionClosedError: The client does not go along.
            ProtocolError: It says something else.
        """
        if isinstance(self._socket, TlsSocket):
            raise ProtocolError("TLS within TLS")
        tls = TlsSocket(self._socket, context)
        received, done = b"", False
        while not done:
            try:
                answer, done = tls.shake(received)
            except OSError as error:
                raise ConnectionClosedError from error
            if answer:
                self._send_handshake(answer)
            if not done:
                message = self.read()
                if message.type != PacketType.PRELOGIN:
                    raise ProtocolError("a request within the TLS handshake")
                received = message.payload
        self._socket = tls

    def write(self, data: bytes) -> None:
        """Add to the current reply; full packets leave at once."""
        self._pending += data
        size = self.packet_size - _HEADER.size
        # one byte more than a packet: the last packet must not come out empty
        if len(self._pending) <= size:
            return
        whole = (len(self._pending) - 1) // size * size
        body = memoryview(bytes(self._pending[:whole]))
        packets = [
            b"".join((self._header(size, status=0), body[start : start + size]))
            for start in range(0, whole, size)
        ]
        del self._pending[:whole]
        self._send(packets)

    def end(self) -> None:
        """Finish the reply with what is pending."""
        body = bytes(self._pending)
        self._pending.clear()
        self._send([self._header(len(body), status=_END_OF_MESSAGE) + body])
        self._packet_id = 0

    def _send_handshake(self, data: bytes) -> None:
        size = self.packet_size - _HEADER.size
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            last = start + size >= len(data)
            status = _END_OF_MESSAGE if last else 0
            head = self._header(len(piece), status=status, kind=PacketType.PRELOGIN)
            self._send([head + piece])
        self._packet_id = 0

    def _header(
        self, body_length: int, *, status: int, kind: PacketType = PacketType.REPLY
    ) -> bytes:
        self._packet_id = (self._packet_id + 1) & 0xFF
        return _HEADER.pack(
            kind,
            status,
            body_length + _HEADER.size,
            self.spid,
            self._packet_id,
            0,
        )

    def _receive(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                piece = self._socket.recv(count - len(data))
            except OSError as error:
                raise ConnectionClosedError from error
            if not piece:
                raise ConnectionClosedError
            data += piece
        return bytes(data)

    def _send(self, packets: Sequence[bytes]) -> None:
        try:
            if isinstance(self._socket, TlsSocket):
                self._socket.send_records(packets)
            else:
                self._socket.sendall(b"".join(packets))
        except OSError as error:
            raise ConnectionClosedError from error
