"""Stands before a SQL Server: lets clients log in, then answers what it was told to."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.kit.tds_stream import CANCELLED, HEADER, LAST_PACKET, packets

BATCH, ATTENTION = 1, 6
OCTETS = "varbinary".encode("utf-16-le")

Answer = Callable[[socket.socket], None]
"""Speaks to the client; what is hung up afterwards is closed by it."""


class TdsStub:
    """A server on loopback that passes on all but what it has an answer to.

    Attributes:
        port: Where it listens.
        answer: What batches get that have some text in them.
        attentions: How many statements clients have cancelled.
        asked: The last batch.
    """

    def __init__(self, host: str, port: int, asked: str) -> None:
        self._server = host, port
        self._marker = asked.encode("utf-16-le")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.answer: Answer = lambda _: None
        self.attentions = 0
        self.asked = b""

    def say(self, body: bytes, text_as_octets: bytes | None = None) -> None:
        """Answer with tokens, with others if text is asked for as octets."""
        said = packets(body)
        octets = said if text_as_octets is None else packets(text_as_octets)
        self.answer = lambda client: client.sendall(
            octets if OCTETS in self.asked else said
        )

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(
                    target=self._serve, args=(client,), daemon=True
                ).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            suppress(OSError, EOFError),
            socket.create_connection(self._server) as server,
        ):
            while True:
                asked = _message(client)
                if asked[0] == ATTENTION:
                    self.attentions += 1
                    client.sendall(packets(CANCELLED))
                elif asked[0] == BATCH and self._marker in asked:
                    self.asked = asked
                    self.answer(client)
                else:
                    server.sendall(asked)
                    client.sendall(_message(server))


def _message(link: socket.socket) -> bytes:
    """All packets of a message."""
    said = b""
    while True:
        head = _exactly(link, HEADER)
        _, status, size = struct.unpack_from(">BBH", head)
        said += head + _exactly(link, size - HEADER)
        if status & LAST_PACKET:
            return said


def _exactly(link: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        octets = link.recv(size - len(found))
        if not octets:
            raise EOFError
        found += octets
    return found


def cut(client: socket.socket) -> None:
    """Hang up in order."""
    client.shutdown(socket.SHUT_RDWR)


def reset(client: socket.socket) -> None:
    """Hang up without a word: the client gets an RST."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
