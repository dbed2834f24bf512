"""A Vertica that lets everyone in, takes every COPY, and keeps nothing of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from benchmarks.listener import listening
from sandbox.vertica import messages
from sandbox.vertica.messages import Column
from sandbox.vertica.startup import receive
from sandbox.vertica.types import INT, SqlType
from sandbox.vertica.wire import Disconnected, Wire

_READY = messages.ready_for_query(in_transaction=False)
# The driver takes a connection without a key for a closed one.
_GREETING = messages.authentication(0) + messages.backend_key_data(1, 1) + _READY
_COUNTED = [Column(name, SqlType(INT)) for name in ("accepted", "rejected")]


@contextmanager
def swallowing(rows: int) -> Iterator[int]:
    """Serve clients; yields the port.

    Args:
        rows: What a client is told when it asks how many rows its COPY brought.
    """

    def serve(client: socket.socket) -> None:
        with closing(Wire(client)) as wire, suppress(Disconnected):
            receive(wire)
            wire.send(_GREETING)
            while True:
                kind, body = wire.read_message()
                if kind == b"Q":
                    wire.send(_answer(body, rows))
                elif kind == b"c":
                    wire.send(messages.command_complete("COPY") + _READY)

    with listening(serve) as port:
        yield port


def _answer(statement: bytes, rows: int) -> bytes:
    """To a COPY the wish for its data, to a question about it a row, else no rows."""
    if statement.startswith(b"COPY"):
        return messages.copy_in_response(1, binary=True)
    done = messages.command_complete(statement.split(maxsplit=1)[0].decode()) + _READY
    if b"GET_NUM_ACCEPTED_ROWS" not in statement:
        return done
    counted = messages.data_rows([[str(rows).encode()], [b"0"]])
    return messages.row_description(_COUNTED, binary=False) + counted + done
