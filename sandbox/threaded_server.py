"""A TCP server that can be down for a while, and stops cleanly."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable
from typing import Literal

Outage = Literal["refuse", "close"]
Serve = Callable[[socket.socket], None]

_LOOPBACK = "127.0.0.1"
_BACKLOG = 256
_LONGEST_GOODBYE = 10.0  # seconds


class ThreadedServer:
    """Gives every client a daemon thread of its own.

    Args:
        name: The server's name, for its threads.
        serve: Serves one client until it returns; an OSError just ends it.
        host: The address to listen on.
        port: The port, 0 for a free one.
    """

    def __init__(
        self, name: str, serve: Serve, *, host: str = _LOOPBACK, port: int = 0
    ) -> None:
        """Prepare; nothing is bound yet."""
        self._name = name
        self._serve = serve
        self._address = (host, port)
        self._changing = threading.Lock()
        self._is_down = False
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> tuple[str, int]:
        """Bind, serve in threads, and return the address.

        Raises:
            OSError: The port is taken.
        """
        with self._changing:
            self._listen(self._serve)
        return self._address

    def stop(self) -> None:
        """Close the listener and every client, and wait for their threads.

        Not for ever: only a thread that waits for its client is woken.
        """
        with self._changing:
            self._close()

    def down(self, outage: Outage) -> None:
        """Close every client, and let no other be served until `up`.

        Args:
            outage: `refuse` leaves the port closed; `close` accepts each client and
                closes it at once.

        Raises:
            ValueError: It is neither.
        """
        if outage not in ("refuse", "close"):
            raise ValueError(f"an outage is 'refuse' or 'close', not {outage!r}")
        with self._changing:
            self._close()
            self._is_down = True
            if outage == "close":
                self._listen(hang_up)

    def up(self) -> None:
        """Serve again, on the same port; nothing happens if it is not down.

        Raises:
            OSError: Somebody took the port meanwhile.
        """
        with self._changing:
            if self._is_down:
                self._close()
                self._listen(self._serve)
                self._is_down = False

    def _listen(self, serve: Serve) -> None:
        listener = _Listener(self._address, self._name, serve)
        host, port = listener.server_address[:2]
        self._address = (str(host), int(port))
        self._listener = listener
        self._thread = threading.Thread(
            target=listener.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=self._name,
            daemon=True,
        )
        self._thread.start()

    def _close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is None:
            return
        listener.shutdown()
        listener.server_close()
        listener.close_clients()
        if self._thread is not None:
            self._thread.join()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = _BACKLOG

    def __init__(self, address: tuple[str, int], name: str, serve: Serve) -> None:
        self.serve = serve
        self._name = name
        self._lock = threading.Lock()
        self._clients: dict[socket.socket, threading.Thread] = {}
        super().__init__(address, _Client)

    def process_request(  # type: ignore[override] # TCP has sockets only
        self, request: socket.socket, client_address: tuple[str, int]
    ) -> None:
        """Serve a client in a thread, noted before the next one is accepted."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name=f"{self._name} client",
            daemon=True,
        )
        with self._lock:
            self._clients[request] = thread
        thread.start()

    def handle_error(self, *_: object) -> None:
        """Let a defect end its thread, loudly, rather than print and go on."""
        raise  # noqa: PLE0704 - what is being handled

    def closed(self, client: socket.socket) -> None:
        """Forget a client."""
        with self._lock:
            del self._clients[client]

    def close_clients(self) -> None:
        """Wake the threads of all clients, and wait for them.

        One that is inside DuckDB when the interpreter ends aborts the process.
        """
        with self._lock:
            clients = list(self._clients.items())
        for client, _ in clients:
            hang_up(client)
        deadline = time.monotonic() + _LONGEST_GOODBYE
        for _, thread in clients:
            thread.join(max(0, deadline - time.monotonic()))


class _Client(socketserver.BaseRequestHandler):
    server: _Listener
    request: socket.socket

    def handle(self) -> None:
        try:
            # TLS takes a socket over; whoever stops the server keeps hold of this one.
            with self.request.dup() as client:
                self.server.serve(client)
        except OSError:
            return  # the client, or whoever stops the server, was faster

    def finish(self) -> None:
        self.server.closed(self.request)


def hang_up(client: socket.socket) -> None:
    """Shut a connection down both ways, so that a thread that reads it wakes."""
    try:
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already
