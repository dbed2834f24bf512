"""One client's socket: framing, and a look at whether the client still lives."""

from __future__ import annotations

import select
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_BUFFER = 1 << 17
_GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class Disconnected(Exception):  # noqa: N818 - an end, not a fault
    """The client went away."""


class Wire:
    """Reads and writes framed messages.

    Args:
        connection: A connected socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Take over the socket."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._reader = connection.makefile("rb", _BUFFER)

    def secure(self, context: ssl.SSLContext) -> None:
        """Go over to TLS; the client must not have said anything more before.

        Raises:
            Disconnected: It does not go along.
        """
        self._reader.close()
        try:
            self._socket = context.wrap_socket(self._socket, server_side=True)
        except OSError as failure:
            raise Disconnected from failure
        self._reader = self._socket.makefile("rb", _BUFFER)

    def read_packet(self) -> bytes | None:
        """Read a packet from before login: a length and the rest of it."""
        try:
            head = self._reader.read(4)
            if len(head) < 4:  # noqa: PLR2004 - the length's own bytes
                return None
            return self._read(struct.unpack("!I", head)[0] - 4)
        except (OSError, Disconnected):
            return None

    def read_message(self) -> tuple[bytes, bytes]:
        """Read one message: its type and body.

        Raises:
            Disconnected: The client went away.
        """
        try:
            head = self._read(5)
            return head[:1], self._read(struct.unpack_from("!I", head, 1)[0] - 4)
        except OSError as failure:
            raise Disconnected from failure

    def send(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            Disconnected: The client went away.
        """
        try:
            self._socket.sendall(data)
        except OSError as failure:
            raise Disconnected from failure

    def check_alive(self) -> None:
        """Look, without waiting, whether the client closed its end.

        Raises:
            Disconnected: It did.
        """
        poll = select.poll()
        poll.register(self._socket, _GONE)
        try:
            if poll.poll(0):
                raise Disconnected
        except OSError as failure:
            raise Disconnected from failure

    def hang_up(self) -> None:
        """End the talk at once, from any thread; one that reads or sends wakes."""
        with suppress(OSError):  # the client was faster
            # TLS's own would take apart what the other thread reads with.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket; for the thread that serves it."""
        self.hang_up()
        self._reader.close()
        self._socket.close()

    def _read(self, count: int) -> bytes:
        if count < 0:
            raise Disconnected  # a length less than its own: this is no client
        data: bytes = self._reader.read(count)
        if len(data) < count:
            raise Disconnected
        return data
