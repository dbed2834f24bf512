"""A server on loopback that says what it was told to say, whatever it is asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.fuzz.mutations import Deaf, Do, Flood, Hang, HangUp, Say, Trickle, Turn
from tests.fuzz.side import ClientSide, Splitter

FLOOD = 400 << 20
"""Octets after which a flood ends: more than any bound of ours."""

PAUSE = 0.02
"""Seconds between two octets of a trickle."""

CHUNK = 64 << 10


class _EndError(Exception):
    """Nothing more is said on this connection."""


class FalseServer:
    """Plays a script to each of its clients.

    Attributes:
        port: Where it listens.
        clients: How many have come.
    """

    def __init__(
        self,
        side: ClientSide,
        script: Sequence[Turn],
        at: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self._side = side
        self._script = script
        self._shared = iter(script[1:])
        self._over = threading.Event()
        self.clients = 0
        self._links: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(at, backlog=64)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        for link in (self._listener, *self._links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._over.is_set():
                link, _ = self._listener.accept()
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._links.append(link)
                self.clients += 1
                self._start(self._converse, link)

    def _converse(self, link: socket.socket) -> None:
        turns = self._shared
        with link, suppress(OSError, _EndError):
            if not self._side.is_resumed:
                turns = iter(self._script)
                self._speak(link, turns)
            for _ in _requests(link, self._side.splitter()):
                self._speak(link, turns)

    def _speak(self, link: socket.socket, turns: Iterator[Turn]) -> None:
        for action in next(turns, []):
            match action:
                case Say(octets):
                    link.sendall(octets)
                case Trickle(octets):
                    self._trickle(link, octets)
                case Flood(octets):
                    self._flood(link, octets)
                case Do(act):
                    act()
                case HangUp():
                    raise _EndError
                case Hang():
                    while link.recv(CHUNK):
                        pass
                    raise _EndError
                case Deaf():
                    self._over.wait()
                    raise _EndError

    def _trickle(self, link: socket.socket, octets: bytes) -> None:
        for octet in octets:
            link.sendall(bytes((octet,)))
            if self._over.wait(PAUSE):
                raise _EndError
        while not self._over.wait(PAUSE):
            link.sendall(octets[-1:])
        raise _EndError

    def _flood(self, link: socket.socket, octets: bytes) -> None:
        chunk = octets * max(1, CHUNK // len(octets))
        for _ in range(FLOOD // len(chunk) + 1):
            link.sendall(chunk)
        raise _EndError


def _requests(link: socket.socket, length: Splitter) -> Iterator[bytes]:
    """What a client says, request by request, until it hangs up."""
    received = b""
    while octets := link.recv(CHUNK):
        received += octets
        while step := length(received):
            yield received[:step]
            received = received[step:]
