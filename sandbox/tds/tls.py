"""TLS inside TDS: the handshake travels in packets, what follows on the bare socket."""

from __future__ import annotations

import select
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_PIECE = 1 << 16


class TlsSocket:
    """The part of a socket that a packet stream needs, encrypted."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        """Wait for the client's first words."""
        self._socket = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def shake(self, received: bytes) -> tuple[bytes, bool]:
        """Take a step of the handshake.

        Args:
            received: What the client said.

        Returns:
            What to say to it, and whether that is the end.

        Raises:
            ssl.SSLError: The client does not go along.
        """
        self._incoming.write(received)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return self._outgoing.read(), False
        return self._outgoing.read(), True

    def recv(self, count: int, /) -> bytes:
        """Receive up to some bytes; none when the client is gone."""
        while True:
            try:
                return self._tls.read(count)
            except ssl.SSLWantReadError:
                received = self._socket.recv(_PIECE)
                if not received:
                    return b""
                self._incoming.write(received)
            except ssl.SSLZeroReturnError:
                return b""

    def send_records(self, packets: Sequence[bytes]) -> None:
        """Send packets, each in a record of its own, as SQL Server does."""
        for packet in packets:
            self._tls.write(packet)
        self._socket.sendall(self._outgoing.read())

    def input_waits(self) -> bool:
        """Tell whether the client has sent something not read yet."""
        if self._tls.pending() or self._incoming.pending:
            return True
        return bool(select.select([self._socket], [], [], 0)[0])
