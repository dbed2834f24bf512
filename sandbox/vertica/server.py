"""A Vertica server on loopback, over the sandbox's engine."""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING

from sandbox.locks import LockManager
from sandbox.threaded_server import ThreadedServer
from sandbox.vertica.catalog import PUBLIC
from sandbox.vertica.catalog_store import open_catalog
from sandbox.vertica.connection import ClientConnection
from sandbox.vertica.credentials import make_credential
from sandbox.vertica.load_balance import LoadBalancer
from sandbox.vertica.monitor import Monitor

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from sandbox.engine import Engine
    from sandbox.holds import Holds
    from sandbox.vertica.credentials import Algorithm
    from sandbox.vertica.monitor import SessionFacts
    from sandbox.vertica.startup import Method


class VerticaServer:
    """Serves one database to clients of protocol 3.

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
        self._server = ThreadedServer(name, self._serve, host=host, port=port)

    def start(self) -> tuple[str, int]:
        """Serve, and return the address.

        Raises:
            OSError: The port is taken.
        """
        self.balancer.address = self._server.start()
        return self.balancer.address

    def stop(self) -> None:
        """Interrupt and close every connection, and stop listening."""
        for connection in self._open_connections():
            connection.cancel()
            connection.hang_up()
        self._server.stop()

    def cancel(self, pid: int, key: int) -> None:
        """Interrupt what a session runs, if the key is right."""
        with self._guard:
            connection = self._connections.get(pid)
        if connection is not None and connection.key == key:
            connection.cancel()

    def _serve(self, client: socket.socket) -> None:
        number = next(self._numbers)
        connection = ClientConnection(client, number, self)
        with self._guard:
            self._connections[number] = connection
        try:
            connection.serve()
        finally:
            with self._guard:
                del self._connections[number]

    def _open_connections(self) -> list[ClientConnection]:
        with self._guard:
            return list(self._connections.values())

    def _facts(self) -> list[SessionFacts]:
        found = [connection.facts() for connection in self._open_connections()]
        return [facts for facts in found if facts is not None]
