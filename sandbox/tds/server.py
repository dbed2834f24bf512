"""A SQL Server on loopback, over the sandbox's engine."""

from __future__ import annotations

import hmac
from itertools import count
from typing import TYPE_CHECKING

from sandbox.tds.connection import ClientConnection
from sandbox.tds.databases import Databases
from sandbox.threaded_server import ThreadedServer

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from sandbox.engine import Engine
    from sandbox.holds import Holds
    from sandbox.tds.login import Login

_FIRST_SPID = 51


class TdsServer:
    """Serves all databases that the engine holds under its name.

    Args:
        engine: Where the data is.
        holds: Where tests hold its connections.
        name: The server's name; its databases are the engine's of this name.
        logins: Passwords by user name; names compare without regard to case.
        host: The address to listen on.
        port: The port; 0 takes a free one.
    """

    def __init__(
        self,
        engine: Engine,
        holds: Holds,
        *,
        name: str,
        logins: Mapping[str, str],
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Know what to serve; `start` begins."""
        self.name = name
        self.holds = holds
        self.databases = Databases(engine, name)
        self._passwords = {user.casefold(): word for user, word in logins.items()}
        self._spids = count(_FIRST_SPID)
        self._server = ThreadedServer(f"tds {name}", self._serve, host=host, port=port)

    def start(self) -> tuple[str, int]:
        """Serve, and return the address.

        Raises:
            OSError: The port is taken.
        """
        return self._server.start()

    def stop(self) -> None:
        """Close every connection and stop listening."""
        self._server.stop()

    def admits(self, login: Login) -> bool:
        """Tell whether a user name and password are right."""
        known = self._passwords.get(login.user.casefold())
        return known is not None and hmac.compare_digest(
            known.encode(), login.password.encode("utf-8", "surrogatepass")
        )

    def _serve(self, client: socket.socket) -> None:
        ClientConnection(client, next(self._spids) & 0xFFFF, self).serve()
