"""All servers of the sandbox in one process."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import asdict
from datetime import date
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, Self

from sandbox.addresses import Address, Addresses
from sandbox.certificate import authority_pem
from sandbox.control_server import ControlServer
from sandbox.engine import Engine
from sandbox.faults import SandboxError
from sandbox.fill.databases import Databases
from sandbox.fill.from_csv import fill_from_csv
from sandbox.fill.requests import CsvFill, Days
from sandbox.fill.samples import fill_with_samples
from sandbox.fill.tables import TABLES
from sandbox.holds import Holds
from sandbox.options import (
    SMTP,
    SQL_SERVERS,
    TELEGRAM,
    USER,
    VERTICA,
    WAREHOUSE,
    Options,
)
from sandbox.smtp.server import SmtpServer
from sandbox.tds.server import TdsServer
from sandbox.telegram.server import TelegramServer
from sandbox.vertica.server import VerticaServer

if TYPE_CHECKING:
    from types import TracebackType

    from sandbox.control_server import Operation

_LOOK = 0.2  # seconds


class PortTakenError(SandboxError):
    """A server cannot listen where it should; the message is one line."""


class _Server(Protocol):
    def start(self) -> tuple[str, int]: ...

    def stop(self) -> None: ...


class Sandbox:
    """Runs the servers for the length of a `with` block.

    Attributes:
        addresses: Where they listen, once started.
    """

    addresses: Addresses

    def __init__(self, options: Options) -> None:
        """Prepare; nothing is bound yet."""
        self._options = options
        # A signal's handler may put while this very thread is in wait(): an Event
        # would lock itself out.
        self._asked_to_stop: SimpleQueue[None] = SimpleQueue()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Start every server.

        Raises:
            PortTakenError: A port is in use; nothing is left running.
        """
        with ExitStack() as starting:
            self.addresses = self._start(starting)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop every server and close every connection."""
        self._running.close()

    def wait(self) -> None:
        """Return when a client, or `ask_to_stop`, asks the sandbox to stop."""
        # A signal that comes just before the wait has its handler run after it only,
        # so no wait is endless.
        while True:
            with suppress(Empty):
                return self._asked_to_stop.get(timeout=_LOOK)

    def ask_to_stop(self) -> None:
        """Let `wait` return."""
        self._asked_to_stop.put(None)

    def _start(self, running: ExitStack) -> Addresses:
        options = self._options
        logins = {USER: options.password}
        engine = Engine(options.data)
        running.callback(engine.close)
        engine.create_database(VERTICA, WAREHOUSE)
        for shard in options.shards:
            engine.create_database(shard.server, shard.database)
        holds = Holds()
        telegram = TelegramServer(
            holds, port=options.telegram_port, token=options.token
        )
        smtp = SmtpServer(
            holds, logins=logins, port=options.smtp_port, folder=options.mail
        )
        operations = {
            **self._operations(engine),
            **telegram.operations(),
            **smtp.operations(),
        }
        control = ControlServer(holds, operations)
        _bind(running, "control", 0, control)
        telegram_at = _bind(running, TELEGRAM, options.telegram_port, telegram)
        smtp_at = _bind(running, SMTP, options.smtp_port, smtp)
        vertica = _bind(
            running,
            VERTICA,
            options.vertica_port,
            VerticaServer(
                engine,
                holds,
                name=VERTICA,
                logins=logins,
                host=options.host,
                port=options.vertica_port,
                database=WAREHOUSE,
                lock_timeout=options.lock_timeout,
            ),
        )
        mssql = {}
        for at, name in enumerate(self._sql_servers()):
            port = options.mssql_port and options.mssql_port + at
            server = TdsServer(
                engine, holds, name=name, logins=logins, host=options.host, port=port
            )
            mssql[name] = _bind(running, name, port, server)
        running.callback(holds.close)
        return Addresses(
            pid=os.getpid(),
            user=USER,
            password=options.password,
            mssql=mssql,
            vertica=vertica,
            database=WAREHOUSE,
            telegram=telegram_at,
            token=options.token,
            smtp=smtp_at,
            control=control.address,
            authority=authority_pem().decode(),
        )

    def _sql_servers(self) -> list[str]:
        named = (shard.server for shard in self._options.shards)
        return list(dict.fromkeys([*SQL_SERVERS, *named]))

    def _operations(self, engine: Engine) -> dict[str, Operation]:
        def fill_samples(
            table: str, first: str, last: str, rows: int, seed: int
        ) -> dict[str, Any]:
            filled = fill_with_samples(
                Databases(engine, self.addresses),
                self._options.shards,
                TABLES[table],
                Days(date.fromisoformat(first), date.fromisoformat(last)),
                rows=rows,
                seed=seed,
            )
            return asdict(filled)

        def fill_csv(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
            databases = Databases(engine, self.addresses)
            return asdict(fill_from_csv(databases, CsvFill(**fields)))

        return {
            "create_database": engine.create_database,
            "fill_samples": fill_samples,
            "fill_csv": fill_csv,
            "stop": self.ask_to_stop,
        }


def _bind(running: ExitStack, name: str, port: int, server: _Server) -> Address:
    try:
        address = Address(*server.start())
    except OSError as error:
        raise PortTakenError(
            f"port {port} ({name}): {os.strerror(error.errno or 0)};"
            " choose another, or take free ones with --ephemeral"
        ) from None
    running.callback(server.stop)
    return address
