"""One client's connection: PRELOGIN, login, and requests one after another."""

from __future__ import annotations

import logging
import socket
import struct
from typing import TYPE_CHECKING

from sandbox.certificate import server_context
from sandbox.errors import SqlError
from sandbox.holds import ConnectionKilled
from sandbox.tds import tokens
from sandbox.tds.collations import DEFAULT_COLLATION, find_collation
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
    MAXIMUM_TLS_PACKET_SIZE,
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
    from sandbox.tds.server import TdsServer

_LOG = logging.getLogger(__name__)
_LANGUAGE = "us_english"
_HEADERS = struct.Struct("<I")
_ENDS = (ConnectionClosedError, ConnectionKilled, ProtocolError)


class ClientConnection:
    """Serves one client; to the holds, the connection they catch.

    Args:
        client: The client's socket.
        spid: The session's number.
        server: Who serves.
    """

    def __init__(self, client: socket.socket, spid: int, server: TdsServer) -> None:
        """Wait for the client's first words."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server = server.name
        self.client_pid = 0
        self._server = server
        self._stream = PacketStream(client)
        self._stream.spid = spid
        self._version = TDS_7_4
        self._session: TdsSession | None = None

    @property
    def database(self) -> str:
        """The database the connection uses now."""
        return self._session.database.name if self._session else ""

    def serve(self) -> None:
        """Serve until the client or a hold ends it; roll back what is open."""
        try:
            if self._logged_in():
                self._serve_requests()
        except (ConnectionClosedError, ConnectionKilled):
            pass
        except ProtocolError as error:
            _LOG.warning("%s: %s", self.server, error)
        finally:
            if self._session is not None:
                self._session.close()

    def _reply(self) -> Reply:
        return Reply(self._stream, self._version, self.server)

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
        if not self._server.admits(login):
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
        return TdsSession(
            self._server.databases,
            login.database or "master",
            server=self.server,
            login=login,
            spid=self._stream.spid,
            quoted_identifier=login.quoted_identifier,
        )

    def _refuse(self, *errors: SqlError) -> None:
        reply = self._reply()
        *reasons, last = errors
        for reason in reasons:
            reply.inform(reason.number, reason.message, severity=reason.severity)
        reply.failed(last)
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

    def _serve_requests(self) -> None:
        if self._session is None:
            raise ProtocolError("a request before the login")
        self._refuse_large_packets()
        executor = Executor(self._session, self._server.holds, self)
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
                _LOG.exception("%s: a request failed", self.server)
                reply.failed(unsupported(f"this request: {error!r}"))
            reply.end()

    def _refuse_large_packets(self) -> None:
        """Fail at the first statement, as SQL Server does: the login is let through."""
        size = self._stream.packet_size
        if self._stream.is_secure and size > MAXIMUM_TLS_PACKET_SIZE:
            self._stream.read()
            raise ProtocolError(f"encrypted packets of {size} bytes")

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
