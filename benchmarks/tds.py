"""Records what a SQL Server answers to one client, and replays it to others.

A client that says the same things gets the same octets, at the cost of one `sendall` a
message: what is measured then is the client.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from benchmarks.listener import listening

_PIECE = 1 << 18
_HEAD = struct.Struct(">BBH4x")
"""Of a packet ([MS-TDS] 2.2.3.1): type, status, length with this head."""
_LAST = 0x01


@contextmanager
def recording(server: tuple[str, int], answers: list[bytearray]) -> Iterator[int]:
    """Pass a client's connection on to a SQL Server; yields the port to connect to.

    Args:
        server: Where the SQL Server listens.
        answers: Gets the octets that come after each message of the client's. It is
            complete when the client has been answered; one client at a time.
    """

    def pass_on(client: socket.socket) -> None:
        with socket.create_connection(server) as upstream:
            back = threading.Thread(target=pass_back, args=(upstream, client))
            back.start()
            for message in _messages(client):
                answers.append(bytearray())
                upstream.sendall(message)
            upstream.shutdown(socket.SHUT_RDWR)
            back.join()

    def pass_back(upstream: socket.socket, client: socket.socket) -> None:
        with suppress(ConnectionError):  # the client need not hear the last words
            while piece := upstream.recv(_PIECE):
                answers[-1] += piece
                client.sendall(piece)

    with listening(pass_on) as port:
        yield port


@contextmanager
def replaying(answers: Sequence[bytes]) -> Iterator[int]:
    """Answer every client's messages with the same octets; yields the port."""

    def replay(client: socket.socket) -> None:
        for _, answer in zip(_messages(client), answers, strict=False):
            client.sendall(answer)

    with listening(replay) as port:
        yield port


def _messages(client: socket.socket) -> Iterator[bytes]:
    """Whole messages with the heads of their packets, until the client goes."""
    message = b""
    with client.makefile("rb") as stream:
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            _, status, length = _HEAD.unpack(head)
            message += head + stream.read(length - _HEAD.size)
            if status & _LAST:
                yield message
                message = b""
