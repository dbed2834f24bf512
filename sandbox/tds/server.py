"""The server: connections, logins, and requests one after another."""

from __future__ import annotations

import hmac
import itertools
import logging
import socket
import socketserver
import struct
import threading
from typing import TYPE_CHECKING

from sandbox.certificate import server_context
from sandbox.errors import SqlError
from sandbox.holds import ConnectionKilled
from sandbox.tds import tokens
from sandbox.tds.collations import DEFAULT_COLLATION, find_collation
from sandbox.tds.databases import Databases
from sandbox.tds.executor import Executor
from sandbox.tds.failures import cannot_open_database, login_failed, unsupported
from sandbox.tds.login import (
    TDS_7_4,
    Login,
    parse_login,
    parse_prelogin,
    prelogin_reply,
    wants_tls,
)
from sandbox.tds.packets import (
    DEFAULT_PACKET_SIZE,
    MAXIMUM_PACKET_SIZE,
    MINIMUM_PACKET_SIZE,
    ConnectionClosedError,
    Message,
    PacketStream,
    PacketType,
    ProtocolError,
)
from sandbox.tds.reply import Reply
from sandbox.tds.rpc import parse_calls, parse_transaction
from sandbox.tds.run_queries import CancelledError
from sandbox.tds.session import TdsSession
from sandbox.tds.tokens import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.engine import Engine
    from sandbox.holds import Holds

_LOG = logging.getLogger(__name__)
_BACKLOG = 128
_FIRST_SPID = 51
_LANGUAGE = "us_english"
_HEADERS = struct.Struct("<I")
_ENDS = (ConnectionClosedError, ConnectionKilled, ProtocolError)


class TdsServer:
    """A SQL Server: all databases the engine holds under its name.

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
        self.spids = itertools.count(_FIRST_SPID)
        self._passwords = {user.casefold(): word for user, word in logins.items()}
        self._address = (host, port)
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> tuple[str, int]:
        """Listen, and serve in threads of its own.

        Returns:
            The address it is bound to.
        """
        listener = _Listener(self._address, self)
        self._listener = listener
        self._thread = threading.Thread(
            target=listener.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"tds {self.name}",
            daemon=True,
        )
        self._thread.start()
        host, port = listener.server_address[:2]
        return str(host), int(port)

    def stop(self) -> None:
        """Close every connection and stop listening."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        listener.shutdown()
        listener.server_close()
        listener.close_connections()
        if self._thread is not None:
            self._thread.join()

    def admits(self, login: Login) -> bool:
        """Tell whether a user name and password are right."""
        known = self._passwords.get(login.user.casefold())
        return known is not None and hmac.compare_digest(
            known.encode(), login.password.encode("utf-8", "surrogatepass")
        )


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = _BACKLOG

    def __init__(self, address: tuple[str, int], server: TdsServer) -> None:
        self.tds = server
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Connection)

    def opened(self, sock: socket.socket) -> None:
        """Note a connection."""
        with self._lock:
            self._sockets.add(sock)

    def closed(self, sock: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._sockets.discard(sock)

    def close_connections(self) -> None:
        """Wake the threads of all connections; they end."""
        with self._lock:
            for sock in self._sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:  # the client was faster
                    continue


class _Connection(socketserver.BaseRequestHandler):
    """One client, from PRELOGIN to its end; also what holds are told of it."""

    server: _Listener
    request: socket.socket

    def setup(self) -> None:
        """Prepare the socket."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.opened(self.request)
        self._stream = PacketStream(self.request)
        self._stream.spid = next(self.server.tds.spids) & 0xFFFF
        self._version = TDS_7_4
        self._session: TdsSession | None = None
        self.client_pid = 0

    @property
    def database(self) -> str:
        """The database the connection uses now."""
        return self._session.database.name if self._session else ""

    @property
    def name(self) -> str:
        """The server's name."""
        return self.server.tds.name

    def handle(self) -> None:
        """Serve until the client or a hold ends it."""
        try:
            if self._logged_in():
                self._serve()
        except (ConnectionClosedError, ConnectionKilled):
            pass
        except ProtocolError as error:
            _LOG.warning("%s: %s", self.name, error)

    def finish(self) -> None:
        """Roll back what is open and close."""
        self.server.closed(self.request)
        if self._session is not None:
            self._session.close()

    def _reply(self) -> Reply:
        return Reply(self._stream, self._version, self.name)

    # --- login

    def _logged_in(self) -> bool:
        """Go through PRELOGIN and LOGIN7; False when the login failed."""
        message = self._stream.read()
        if message.type == PacketType.PRELOGIN:
            tls = wants_tls(parse_prelogin(message.payload))
            self._stream.write(prelogin_reply(tls=tls))
            self._stream.end()
            if tls:
                self._stream.secure(server_context())
            message = self._stream.read()
        if message.type != PacketType.LOGIN7:
            raise ProtocolError(f"packet of type {message.type} instead of LOGIN7")
        login = parse_login(message.payload)
        self._version = login.version
        self.client_pid = login.client_pid
        server = self.server.tds
        if not server.admits(login):
            self._refuse(login_failed(login.user))
            return False
        try:
            self._session = self._open(login)
        except KeyError:
            self._refuse(cannot_open_database(login.database), login_failed(login.user))
            return False
        self._welcome(login)
        return True

    def _open(self, login: Login) -> TdsSession:
        databases = self.server.tds.databases
        return TdsSession(
            databases,
            login.database or "master",
            server=self.name,
            login=login,
            spid=self._stream.spid,
            quoted_identifier=login.quoted_identifier,
        )

    def _refuse(self, *errors: SqlError) -> None:
        reply = self._reply()
        for error in errors:
            reply.failed(error)
        reply.end()

    def _welcome(self, login: Login) -> None:
        reply = self._reply()
        database = self.database
        reply.environment(
            tokens.environment_text(Environment.DATABASE, database, "master")
        )
        reply.inform(5701, f"Changed database context to '{database}'.", state=2)
        collation = find_collation(DEFAULT_COLLATION).wire
        reply.environment(
            tokens.environment_bytes(Environment.COLLATION, collation, b"")
        )
        reply.environment(tokens.environment_text(Environment.LANGUAGE, _LANGUAGE, ""))
        reply.inform(5703, f"Changed language setting to {_LANGUAGE}.")
        reply.environment(tokens.login_ack(self._version))
        size = login.packet_size or DEFAULT_PACKET_SIZE
        size = max(MINIMUM_PACKET_SIZE, min(size, MAXIMUM_PACKET_SIZE))
        reply.environment(
            tokens.environment_text(
                Environment.PACKET_SIZE, str(size), str(DEFAULT_PACKET_SIZE)
            )
        )
        if login.has_extension:
            reply.environment(tokens.feature_extension_ack())
        reply.done()
        reply.end()
        self._stream.packet_size = size

    # --- requests

    def _serve(self) -> None:
        if self._session is None:
            raise ProtocolError("a request before the login")
        executor = Executor(self._session, self.server.tds.holds, _Identity(self))
        while True:
            message = self._stream.read()
            reply = self._reply()
            if message.type == PacketType.ATTENTION:
                reply.acknowledge_attention()
                continue
            try:
                self._answer(executor, message, reply)
            except CancelledError:
                self._cancelled(reply)
                continue
            except SqlError as error:
                reply.failed(error)
            except _ENDS:
                raise
            except Exception as error:  # noqa: BLE001 - our fault, not the link's
                _LOG.exception("%s: a request failed", self.name)
                reply.failed(unsupported(f"this request: {error!r}"))
            reply.end()

    def _cancelled(self, reply: Reply) -> None:
        """Answer the attention that waits."""
        message = self._stream.read()
        if message.type != PacketType.ATTENTION:
            raise ProtocolError("a request while another was being answered")
        reply.acknowledge_attention()

    def _answer(self, executor: Executor, message: Message, reply: Reply) -> None:
        if message.type == PacketType.SQL_BATCH:
            executor.run(_text(self._body(message)), reply)
        elif message.type == PacketType.RPC:
            calls = parse_calls(self._body(message), self._version)
            executor.call(calls, reply)
        elif message.type == PacketType.BULK:
            executor.load(message.payload, self._version, reply)
        elif message.type == PacketType.TRANSACTION_MANAGER:
            executor.transact(parse_transaction(self._body(message)), reply)
        else:
            reply.failed(unsupported(f"a request of type {message.type}"))

    def _body(self, message: Message) -> bytes:
        """A request without ALL_HEADERS."""
        payload = message.payload
        if self._version.has_headers and len(payload) >= _HEADERS.size:
            (skip,) = _HEADERS.unpack_from(payload)
            return payload[skip:]
        return payload


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-16-le")
    except UnicodeDecodeError:
        raise unsupported("a batch with half a surrogate pair") from None


class _Identity:
    """What holds are told of a connection."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    @property
    def server(self) -> str:
        """The server's name."""
        return self._connection.name

    @property
    def database(self) -> str:
        """The database in use."""
        return self._connection.database

    @property
    def client_pid(self) -> int:
        """The client's process."""
        return self._connection.client_pid
