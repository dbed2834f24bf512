"""Why a server cannot be spoken to in TLS: db-lib tells no reason.

A login is begun once more as far as the certificate, by Python's `ssl`, which says what
is wrong with it. The messages are those of [MS-TDS], 2.2.3.1 (packet header) and
2.2.6.5 (PRELOGIN).
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Iterator
from typing import NamedTuple

from pipelines.config import Server
from pipelines.network import Address, tls_fault, trust

PATIENCE = 3.0
"""Seconds for all of it."""

_HEADER = struct.Struct(">BBHHBB")
_OPTION = struct.Struct(">BHH")
_PRELOGIN, _LAST = 0x12, 0x01
_ENCRYPTION, _END = 1, 0xFF
_ON, _NOT_SUPPORTED = 1, 2
_MOST = 256 * 1024
"""Most octets of a handshake."""


def why_no_tls(server: Server, at: Address) -> str:
    """What is wrong with a server's TLS, in a clause; "" if nothing is, or no telling.

    Args:
        server: Whom to trust.
        at: Where it is, and the name that its certificate must have.
    """
    if server.encryption != "require":
        return ""
    try:
        with socket.create_connection((at.ip, at.port), PATIENCE) as link:
            return _begin(_Wire(link, time.monotonic() + PATIENCE), server, at)
    except ssl.SSLError as error:
        return tls_fault(error)
    except (OSError, ValueError, struct.error):
        return ""


def _begin(wire: _Wire, server: Server, at: Address) -> str:
    wire.send(_prelogin())
    if _encryption(wire.receive()) == _NOT_SUPPORTED:
        return "it does not encrypt"
    try:
        _shake_hands(wire, _context(server), at.host)
    except ConnectionError:
        return "it breaks off the handshake of TLS; perhaps it lacks TLS 1.2"
    return ""


def _context(server: Server) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The last version that can be wrapped in packets of TDS 7.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    if server.trust_server_certificate:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    return trust(context, server.tls_cafile)


def _shake_hands(wire: _Wire, context: ssl.SSLContext, name: str) -> None:
    """Go on to the server's certificate, and to the end of the handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            wire.send(outgoing.read())
            incoming.write(wire.receive())
        else:
            return


class _Wire(NamedTuple):
    """Messages of PRELOGIN, until a moment."""

    link: socket.socket
    until: float

    def send(self, payload: bytes) -> None:
        size = _HEADER.size + len(payload)
        self._wait()
        self.link.sendall(_HEADER.pack(_PRELOGIN, _LAST, size, 0, 1, 0) + payload)

    def receive(self) -> bytes:
        """A message's payload, of all its packets."""
        return b"".join(self._packets())

    def _packets(self) -> Iterator[bytes]:
        status, octets = 0, 0
        while not status & _LAST:
            _, status, size, *_ = _HEADER.unpack(self._read(_HEADER.size))
            octets += size
            if size < _HEADER.size or octets > _MOST:
                raise ValueError(size)
            yield self._read(size - _HEADER.size)

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            self._wait()
            octets = self.link.recv(size - len(found))
            if not octets:
                raise ConnectionError
            found += octets
        return found

    def _wait(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.link.settimeout(left)


def _prelogin() -> bytes:
    """The first message: which version, and that everything is to be encrypted."""
    options = {0: bytes(6), _ENCRYPTION: bytes([_ON]), 2: b"\0", 3: bytes(4), 4: b"\0"}
    at = len(options) * _OPTION.size + 1
    head = b""
    for number, value in options.items():
        head += _OPTION.pack(number, at, len(value))
        at += len(value)
    return head + bytes([_END]) + b"".join(options.values())


def _encryption(answer: bytes) -> int:
    """What the server says of encryption.

    Raises:
        ValueError: Nothing.
    """
    for at in range(0, len(answer) - _OPTION.size + 1, _OPTION.size):
        number, offset, size = _OPTION.unpack_from(answer, at)
        if number == _END:
            break
        if number == _ENCRYPTION and size and offset < len(answer):
            return int(answer[offset])
    raise ValueError(answer)
