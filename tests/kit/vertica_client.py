"""A Vertica server of one's own, and clients of it."""

from __future__ import annotations

import gc
import socket
import threading
import warnings
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
import vertica_python

from sandbox.engine import Engine
from sandbox.holds import Holds
from sandbox.vertica.server import VerticaServer

if TYPE_CHECKING:
    from vertica_python.vertica.connection import Connection

LOCK_TIMEOUT = 1.0
PATIENCE = 10.0
KEYED = (
    "CREATE TABLE marker (target VARCHAR(20), day DATE, rows INT, "
    "CONSTRAINT pk PRIMARY KEY (target, day) ENABLED)"
)
MARK = "INSERT INTO marker VALUES ('orders', DATE '2019-03-14', 5)"


class Vertica:
    """A server of one's own, and clients of it."""

    def __init__(self, lock_timeout: float = LOCK_TIMEOUT) -> None:
        self.engine = Engine(None)
        self.holds = Holds()
        self.server = VerticaServer(
            self.engine,
            self.holds,
            name="vertica",
            logins={"dbadmin": "secret"},
            lock_timeout=lock_timeout,
        )
        self.host, self.port = self.server.start()
        self.clients = ExitStack()

    def stop(self) -> None:
        self.holds.close()
        self.clients.close()
        self.server.stop()
        self.engine.close()

    def connect(self, **options: object) -> Connection:
        asked = {
            "host": self.host,
            "port": self.port,
            "user": "dbadmin",
            "password": "secret",
            "database": "warehouse",
            "tlsmode": "disable",
            "connection_timeout": 20,
            **options,
        }
        connection = vertica_python.connect(**asked)
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.clients.callback(close, connection)
        return connection

    def refuse(self, **options: object) -> str:
        """Connect, be refused, and tell how; the driver forgets its socket then."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            said = ""
            try:
                self.connect(**options)
            except vertica_python.errors.ConnectionError as failure:
                said = str(failure)
            gc.collect()
        assert said
        return said


def close(connection: Connection) -> None:
    if not connection.closed():
        with suppress(vertica_python.errors.ConnectionError):
            connection.close()


class Client:
    """A connection with the calls tests make most."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.cursor = connection.cursor()

    def run(self, sql: str) -> list[list[Any]]:
        self.cursor.execute(sql)
        rows: list[list[Any]] = self.cursor.fetchall()
        return rows

    def copy(self, sql: str, data: object) -> None:
        self.cursor.copy(sql, data)

    def counts(self) -> list[Any]:
        return self.run("SELECT GET_NUM_ACCEPTED_ROWS(), GET_NUM_REJECTED_ROWS()")[0]

    def fails(self, sql: str) -> tuple[str, int]:
        with pytest.raises(vertica_python.errors.QueryError) as failure:
            self.run(sql)
        return failure.value.sqlstate, int(failure.value.error_code)


class Background:
    """One statement run by a thread of its own."""

    def __init__(self, client: Client, sql: str) -> None:
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(client, sql))
        self._thread.start()

    def _run(self, client: Client, sql: str) -> None:
        try:
            client.run(sql)
        except Exception as failure:  # noqa: BLE001 - handed to the test
            self.error = failure

    def running(self) -> bool:
        return self._thread.is_alive()

    def finish(self) -> Exception | None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.error


def waiting(client: Client, owner: Background) -> bool:
    """Whether somebody waits for a lock, as soon as it is decided."""
    for _ in range(400):
        scopes = client.run("SELECT lock_scope FROM v_monitor.locks")
        if ["REQUESTED"] in scopes:
            return True
        if not owner.running():
            return False
    return False
