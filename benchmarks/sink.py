"""A Vertica that lets everyone in, takes every COPY, and keeps nothing of it."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks.listener import listening
from sandbox.certificate import server_context
from sandbox.vertica import messages
from sandbox.vertica.messages import Column
from sandbox.vertica.startup import SSL_REQUEST
from sandbox.vertica.types import INT, SqlType

_READY = messages.ready_for_query(in_transaction=False)
# The driver takes a connection without a key for a closed one.
_GREETING = messages.authentication(0) + messages.backend_key_data(1, 1) + _READY
_COUNTED = [Column(name, SqlType(INT)) for name in ("accepted", "rejected")]
_LENGTH = struct.Struct("!I")
_PIECE = 1 << 20


@contextmanager
def swallowing(rows: int) -> Iterator[int]:
    """Serve clients, within TLS if they ask for that; yields the port.

    Args:
        rows: What a client is told when it asks how many rows its COPY brought.
    """

    def serve(client: socket.socket) -> None:
        with suppress(EOFError), _let_in(client) as link:
            _talk(link, rows)

    with listening(serve) as port:
        yield port


def _let_in(client: socket.socket) -> socket.socket:
    """Read up to the startup packet, and go over to TLS before it if asked."""
    link = client
    while True:
        (length,) = _LENGTH.unpack(_receive(link, _LENGTH.size))
        packet = _receive(link, length - _LENGTH.size)
        if packet != _LENGTH.pack(SSL_REQUEST):
            return link
        link.sendall(b"S")
        link = server_context().wrap_socket(client, server_side=True)


def _talk(link: socket.socket, rows: int) -> None:
    room = bytearray(_PIECE)
    link.sendall(_GREETING)
    while True:
        kind = _receive(link, 1)
        (length,) = _LENGTH.unpack(_receive(link, _LENGTH.size))
        length -= _LENGTH.size
        if kind == b"d":
            _drop(link, length, room)
            continue
        body = _receive(link, length)
        if kind == b"Q":
            link.sendall(_answer(body, rows))
        elif kind == b"c":
            link.sendall(messages.command_complete("COPY") + _READY)


def _receive(link: socket.socket, count: int) -> bytes:
    """So many octets.

    Raises:
        EOFError: The client went away.
    """
    data = b""
    while len(data) < count:
        if not (piece := link.recv(count - len(data))):
            raise EOFError
        data += piece
    return data


def _drop(link: socket.socket, count: int, room: bytearray) -> None:
    """Take octets in and forget them; without TLS Linux need not even copy them."""
    flags = 0 if isinstance(link, ssl.SSLSocket) else socket.MSG_TRUNC
    while count > 0:
        dropped = link.recv_into(room, min(count, len(room)), flags)
        if not dropped:
            raise EOFError
        count -= dropped


def _answer(statement: bytes, rows: int) -> bytes:
    """To a COPY the wish for its data, to a question about it a row, else no rows."""
    if statement.startswith(b"COPY"):
        return messages.copy_in_response(1, binary=True)
    done = messages.command_complete(statement.split(maxsplit=1)[0].decode()) + _READY
    if b"GET_NUM_ACCEPTED_ROWS" not in statement:
        return done
    counted = messages.data_rows([[str(rows).encode()], [b"0"]])
    return messages.row_description(_COUNTED, binary=False) + counted + done
