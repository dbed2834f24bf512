"""Records what a SQL Server answers to one client, and replays it to others.

A client that says the same things gets the same octets, at the cost of a few `sendall`
a message: what is measured then is the client.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from benchmarks.listener import listening
from benchmarks.packets import Answer, messages
from benchmarks.tls import TlsLink
from benchmarks.watch import Watch

_PIECE = 1 << 18


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
            for message in messages(client):
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
def replaying(answers: Sequence[Answer], watch: Watch, *, tls: bool) -> Iterator[int]:
    """Answer every client's messages with the same octets; yields the port.

    Args:
        answers: What was recorded, without TLS.
        watch: Sees how long it takes.
        tls: Whether to say it within TLS.
    """

    def replay(client: socket.socket) -> None:
        link = TlsLink(client) if tls else client
        left = iter(answers[1:] if tls else answers)  # TLS has another to PRELOGIN
        with watch.client() as seen:
            for _, answer in zip(messages(link), left, strict=False):
                with seen.answering(answer):
                    for octets in answer:
                        link.sendall(octets)

    with listening(replay) as port:
        yield port
