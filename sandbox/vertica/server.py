"""A Vertica server on loopback, over the sandbox's engine."""

from __future__ import annotations

import socket
import threading
from itertools import count
from typing import TYPE_CHECKING

from sandbox.locks import LockManager
from sandbox.vertica.catalog import PUBLIC
from sandbox.vertica.catalog_store import open_catalog
from sandbox.vertica.connection import ClientConnection
from sandbox.vertica.credentials import make_credential
from sandbox.vertica.load_balance import LoadBalancer
from sandbox.vertica.monitor import Monitor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.engine import Engine
    from sandbox.holds import Holds
    from sandbox.vertica.credentials import Algorithm
    from sandbox.vertica.monitor import SessionFacts
    from sandbox.vertica.startup import Method

_BACKLOG = 256


class VerticaServer:
    """Serves one database to clients of protocol 3, a daemon thread each.

    Args:
        engine: Keeps the data.
        holds: Where tests hold connections.
        name: The server's name to the engine and the holds.
        logins: Passwords of the superusers, by name.
        host: The address to bind.
        port: The port, 0 for any.
        database: The only database.
        lock_timeout: Seconds a statement waits for a table lock.
        method: How passwords are asked for.
    """

    def __init__(  # noqa: PLR0913 - all but three have a default
        self,
        engine: Engine,
        holds: Holds,
        *,
        name: str,
        logins: Mapping[str, str],
        host: str = "127.0.0.1",
        port: int = 0,
        database: str = "warehouse",
        lock_timeout: float = 300.0,
        method: Method = "sha512",
    ) -> None:
        """Open the database; nothing is served yet."""
        self.engine = engine
        self.holds = holds
        self.name = name
        self.database = database
        self.method: Method = method
        self._address = (host, port)
        engine.create_database(name, database)
        own = engine.session(name, database, schema=PUBLIC)
        algorithm: Algorithm = "MD5" if method == "md5" else "SHA512"
        self.catalog = open_catalog(
            own,
            {user: make_credential(algorithm, user, logins[user]) for user in logins},
        )
        own.close()
        self.locks = LockManager(lock_timeout)
        self.monitor = Monitor(self.locks, self._facts)
        self.balancer = LoadBalancer()
        self._numbers = count(1)
        self._guard = threading.Lock()
        self._connections: dict[int, ClientConnection] = {}
        self._threads: dict[int, threading.Thread] = {}
        self._listener: socket.socket | None = None

    def start(self) -> tuple[str, int]:
        """Serve; returns the bound address."""
        self._listener = socket.create_server(self._address, backlog=_BACKLOG)
        host, port = self._listener.getsockname()[:2]
        self.balancer.address = (str(host), int(port))
        thread = threading.Thread(
            target=self._accept, args=(self._listener,), name=self.name, daemon=True
        )
        self._threads[0] = thread
        thread.start()
        return str(host), int(port)

    def stop(self) -> None:
        """Close every connection and wait for their threads."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._guard:
            connections = list(self._connections.values())
            threads = list(self._threads.values())
        for connection in connections:
            connection.cancel()
            connection.hang_up()
        for thread in threads:
            thread.join(timeout=5)

    def cancel(self, pid: int, key: int) -> None:
        """Interrupt what a session runs, if the key is right."""
        with self._guard:
            connection = self._connections.get(pid)
        if connection is not None and connection.key == key:
            connection.cancel()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # stopped
            number = next(self._numbers)
            connection = ClientConnection(client, number, self)
            thread = threading.Thread(
                target=self._serve,
                args=(connection, number),
                name=f"{self.name}-{number}",
                daemon=True,
            )
            with self._guard:
                self._connections[number] = connection
                self._threads[number] = thread
            thread.start()

    def _serve(self, connection: ClientConnection, number: int) -> None:
        try:
            connection.serve()
        finally:
            with self._guard:
                del self._connections[number]
                del self._threads[number]

    def _facts(self) -> list[SessionFacts]:
        with self._guard:
            connections = list(self._connections.values())
        found = [connection.facts() for connection in connections]
        return [facts for facts in found if facts is not None]
