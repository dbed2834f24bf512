"""What stands between a client and a server, sees what passes and may alter it."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

Alter = Callable[[bytes, bytes], bytes | Iterator[bytes]]
"""Given all that clients have sent and what the server answers, what they get of it."""

TURN = 65_536

PAUSE = 0.02
"""Seconds between two octets that are sent slowly."""


class Relay:
    """Listens on loopback and passes on every connection.

    Attributes:
        port: Where it listens.
        sent: All that clients have sent, of all connections.
        connections: How many clients have come.
    """

    def __init__(
        self, host: str, port: int, alter: Alter = lambda _, answer: answer
    ) -> None:
        self._server = host, port
        self._alter = alter
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.sent = bytearray()
        self.connections = 0

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
                self.connections += 1
                server = socket.create_connection(self._server)
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                ways = (client, server, self._request), (server, client, self._answer)
                for way in ways:
                    threading.Thread(target=_pass_on, args=way, daemon=True).start()

    def _request(self, octets: bytes) -> bytes:
        self.sent += octets
        return octets

    def _answer(self, octets: bytes) -> bytes | Iterator[bytes]:
        return self._alter(bytes(self.sent), octets)


def _pass_on(
    source: socket.socket,
    sink: socket.socket,
    through: Callable[[bytes], bytes | Iterator[bytes]],
) -> None:
    with suppress(OSError), source:
        while octets := source.recv(TURN):
            passed = through(octets)
            for part in [passed] if isinstance(passed, bytes) else passed:
                sink.sendall(part)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def trickle(octets: bytes) -> Iterator[bytes]:
    """Octets one by one, and the last one again and again."""
    never = threading.Event()
    for octet in itertools.chain(octets, itertools.repeat(octets[-1])):
        yield bytes([octet])
        never.wait(PAUSE)
