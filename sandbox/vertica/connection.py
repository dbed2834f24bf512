"""One client's connection: login, then command after command."""

from __future__ import annotations

import contextlib
import secrets
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from sandbox.errors import SqlError
from sandbox.holds import ConnectionKilled
from sandbox.vertica import messages, startup
from sandbox.vertica.catalog import PUBLIC
from sandbox.vertica.copy_dialogue import CopyDialogue
from sandbox.vertica.environment import Environment
from sandbox.vertica.executor import Executor
from sandbox.vertica.failures import as_sql_error, cancelled, reported
from sandbox.vertica.monitor import SessionFacts
from sandbox.vertica.outcomes import Rows
from sandbox.vertica.prepared import ExtendedProtocol
from sandbox.vertica.privileges import Privileges
from sandbox.vertica.session_functions import VERSION
from sandbox.vertica.transaction import Transaction
from sandbox.vertica.values import encode
from sandbox.vertica.wire import Disconnected, Wire
from sandbox.vertica.words import split

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from sqlglot import exp

    from sandbox.vertica.outcomes import Outcome
    from sandbox.vertica.server import VerticaServer

_EXTENDED = frozenset({b"P", b"B", b"D", b"E", b"C", b"H", b"S"})
_STRAY = frozenset({b"d", b"c", b"f", b"e", b"j", b"F"})


class ClientConnection:
    """Serves one client; to the holds, the connection they catch.

    Args:
        client: The client's socket.
        number: The session's number, told to it as its process id.
        server: Who serves.
    """

    def __init__(
        self, client: socket.socket, number: int, server: VerticaServer
    ) -> None:
        """Wait for the startup packet."""
        self.server = server.name
        self.database = server.database
        self.client_pid = 0
        self.key = secrets.randbits(31)
        self.wire = Wire(client)
        self._number = number
        self._server = server
        self._peer = "{}:{}".format(*client.getpeername()[:2])
        self._login_time = datetime.now(UTC).isoformat()
        self._cancelled = threading.Event()
        self._session: _Session | None = None

    def serve(self) -> None:
        """Serve the client until it leaves or is killed."""
        try:
            with contextlib.suppress(Disconnected, ConnectionKilled):
                if self._log_in():
                    self._serve_commands()
        finally:
            self.wire.close()
            if self._session is not None:
                self._session.close()

    def cancel(self) -> None:
        """Interrupt what runs; from another thread."""
        self._cancelled.set()
        if self._session is not None:
            self._session.transaction.engine.interrupt()

    def hang_up(self) -> None:
        """End the talk; the connection's own thread does the rest."""
        self.wire.hang_up()

    def facts(self) -> SessionFacts | None:
        """This session's row of `v_monitor.sessions`."""
        session = self._session
        if session is None:
            return None
        told = session.startup
        return SessionFacts(
            self._number, session.environment.session_id, told.user, self._peer,
            told.client_pid, self._login_time, told.options.get("client_label", ""),
            session.transaction.statement, "Password", dict(told.options),
            told.protocol,
        )  # fmt: skip

    def _log_in(self) -> bool:
        """Greet the client; False if it only came to cancel, or was refused."""
        try:
            told = startup.receive(self.wire, self._server.balancer)
            if isinstance(told, startup.Cancel):
                self._server.cancel(told.pid, told.key)
            if not isinstance(told, startup.Startup):
                return False
            account = self._server.catalog.accounts.find(told.user, role=False)
            cleartext = self._server.method == "cleartext"
            if not startup.authenticate(self.wire, account, cleartext=cleartext):
                return False
            self._check_database(told)
        except SqlError as failure:
            self.wire.send(messages.error_response(failure, fatal=True))
            return False
        self.client_pid = told.client_pid
        self._session = self._open_session(told)
        self._greet(told)
        return True

    def _check_database(self, told: startup.Startup) -> None:
        wanted = told.options.get("database", "")
        if wanted and wanted.casefold() != self.database.casefold():
            raise SqlError(
                f'Database "{wanted}" does not exist', number=2983, sqlstate="3D000"
            )

    def _open_session(self, told: startup.Startup) -> _Session:
        server = self._server
        engine = server.engine.session(server.name, server.database, schema=PUBLIC)
        environment = Environment(
            server.catalog, server.monitor, told.user, server.database,
            f"{server.database}-{self._number}:0x{self.key:x}",
            Privileges(server.catalog, server.database, told.user), server.balancer,
        )  # fmt: skip
        transaction = Transaction(engine, environment, server.locks, self._check)
        transaction.autocommit = told.autocommit
        return _Session(told, environment, transaction)

    def _greet(self, told: startup.Startup) -> None:
        parameters = {
            "protocol_version": str(told.protocol),
            "server_version": VERSION,
            "auto_commit": "on" if told.autocommit else "off",
            "request_complex_types": "off",
            "timezone": "UTC",
            "standard_conforming_strings": "on",
            "client_locale": "en_US@collation=binary",
            "client_label": told.options.get("client_label", ""),
            "long_string_types": "on",
        }
        self.wire.send(
            b"".join(messages.parameter_status(k, v) for k, v in parameters.items())
            + messages.backend_key_data(self._number, self.key)
        )
        self._ready()

    def _serve_commands(self) -> None:
        session = self._opened
        extended = ExtendedProtocol(
            wire=self.wire,
            binary=session.startup.binary,
            environment=session.environment,
            columns=session.executor.columns,
            execute=self._execute_prepared,
            ready=self._ready,
            fail=self._fail,
        )
        while True:
            kind, body = self.wire.read_message()
            self._cancelled.clear()
            if kind == b"X":
                return
            if kind == b"Q":
                self._query(body.rstrip(b"\0").decode("utf-8", "replace"))
            elif kind in _EXTENDED:
                extended.handle(kind, body)
            elif kind not in _STRAY:
                self._fail(_unknown(kind))
                self._ready()

    @property
    def _opened(self) -> _Session:
        if self._session is None:
            raise Disconnected
        return self._session

    def _query(self, text: str) -> None:
        try:
            with reported(text):
                self._run_all(split(text))
        except SqlError as failure:
            self._fail(failure)
        self._ready()

    def _run_all(self, statements: Sequence[str]) -> None:
        if not statements:
            self.wire.send(messages.EMPTY_QUERY)
        for statement in statements:
            if statement[:4].upper() == "COPY":
                self._copy(statement)
            else:
                self._answer(self._execute(statement, None), describe=True)

    def _execute_prepared(self, text: str, tree: exp.Expr | None) -> None:
        self._answer(self._execute(text, tree), describe=False)

    def _execute(self, text: str, tree: exp.Expr | None) -> Outcome:
        with self._server.holds.guard(self, text):
            return self._opened.executor.execute(text, tree)

    def _copy(self, text: str) -> None:
        dialogue = CopyDialogue(self.wire, self._opened.executor, self._check_cancelled)
        with self._server.holds.guard(self, text):
            answer = dialogue.run(text)
        self.wire.send(answer)

    def _answer(self, outcome: Outcome, *, describe: bool) -> None:
        if isinstance(outcome, Rows):
            self._send_rows(outcome, describe=describe)
        elif outcome.parameter:
            self.wire.send(messages.parameter_status(*outcome.parameter))
        self.wire.send(messages.command_complete(outcome.tag))

    def _send_rows(self, rows: Rows, *, describe: bool) -> None:
        binary = self._opened.startup.binary
        if describe:
            self.wire.send(messages.row_description(rows.columns, binary=binary))
        try:
            for batch in rows.batches:
                self._check_cancelled()
                self.wire.send(
                    messages.data_rows(
                        encode(array, column.type, binary=binary)
                        for array, column in zip(
                            batch.columns, rows.columns, strict=True
                        )
                    )
                )
        except duckdb.Error as failure:
            self._check_cancelled()  # a stream's error does not tell its kind
            raise as_sql_error(failure) from failure

    def _fail(self, failure: SqlError) -> None:
        if failure.rollback:
            self._opened.transaction.rollback()
        self.wire.send(messages.error_response(failure))

    def _ready(self) -> None:
        is_open = self._opened.transaction.is_open
        self.wire.send(messages.ready_for_query(in_transaction=is_open))

    def _check(self) -> None:
        """While waiting for a lock: is there still somebody who wants it?"""
        self._check_cancelled()
        self.wire.check_alive()

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            self._cancelled.clear()
            raise cancelled()


class _Session(NamedTuple):
    startup: startup.Startup
    environment: Environment
    transaction: Transaction

    @property
    def executor(self) -> Executor:
        return Executor(self.transaction)

    def close(self) -> None:
        try:
            self.transaction.rollback()
        finally:
            self.transaction.engine.close()


def _unknown(kind: bytes) -> SqlError:
    return SqlError(
        f"Unknown message type {kind.decode('latin-1')!r}",
        number=4856,
        sqlstate="08P01",
    )
