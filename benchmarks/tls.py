"""TLS inside TDS, as a replaying server speaks it."""

from __future__ import annotations

import socket
import ssl

from benchmarks.packets import PRELOGIN, each_packet, messages, packets, payload
from sandbox.certificate import server_context
from sandbox.tds.login import prelogin_reply
from sandbox.tds.packets import DEFAULT_PACKET_SIZE

_PIECE = 1 << 18


class TlsLink:
    """A client with whom all after the handshake is encrypted."""

    def __init__(self, client: socket.socket) -> None:
        """Answer its PRELOGIN, and shake hands in packets of that kind."""
        self._client = client
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = server_context().wrap_bio(
            self._incoming, self._outgoing, server_side=True
        )
        said = messages(client)
        next(said)
        client.sendall(packets(prelogin_reply(tls=True), DEFAULT_PACKET_SIZE))
        done = False
        while not done:
            self._incoming.write(payload(next(said)))
            done = self._shake()
            if answer := self._outgoing.read():
                client.sendall(packets(answer, DEFAULT_PACKET_SIZE, kind=PRELOGIN))

    def recv(self, count: int, /) -> bytes:
        """Some octets; none when the client is gone."""
        while True:
            try:
                return self._tls.read(count)
            except ssl.SSLWantReadError:
                received = self._client.recv(_PIECE)
                if not received:
                    return b""
                self._incoming.write(received)
            except ssl.SSLZeroReturnError:
                return b""

    def sendall(self, data: bytes, /) -> None:
        """Send packets, each as a record of its own, as SQL Server does."""
        for packet in each_packet(data):
            self._tls.write(packet)
            if self._outgoing.pending > _PIECE:
                self._client.sendall(self._outgoing.read())
        self._client.sendall(self._outgoing.read())

    def _shake(self) -> bool:
        """Take a step of the handshake, and tell whether it was the last."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True
