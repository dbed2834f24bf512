from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pymssql
import pytest

from sandbox.engine import Engine
from sandbox.holds import Holds
from sandbox.tds.server import TdsServer

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "sa", "right"


class Server:
    """A running server and the ways to reach it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.holds = Holds()
        self.tds = TdsServer(
            engine, self.holds, name="mssql_0", logins={USER: PASSWORD}
        )
        self.host, self.port = self.tds.start()

    def connect(self, database: str = "shop", **options: Any) -> pymssql.Connection:
        settings = {
            "server": self.host,
            "port": str(self.port),
            "user": USER,
            "password": PASSWORD,
            "database": database,
            "login_timeout": 10,
            "autocommit": True,
        }
        return pymssql.connect(**{**settings, **options})

    @contextmanager
    def cursor(self, **options: Any) -> Iterator[pymssql.Cursor]:
        with closing(self.connect(**options)) as connection:
            yield connection.cursor()

    def stop(self) -> None:
        self.holds.close()
        self.tds.stop()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    engine = Engine(None)
    for name in ("shop", "other", 'it\'s [a] "name" / ц'):
        engine.create_database("mssql_0", name)
    running = Server(engine)
    yield running
    running.stop()
    engine.close()


@pytest.fixture
def cursor(server: Server) -> Iterator[pymssql.Cursor]:
    with server.cursor() as one:
        yield one


@pytest.fixture
def run(cursor: pymssql.Cursor) -> Any:
    """Run a batch and give its first result's rows."""

    def run(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall()) if cursor.description else []

    return run
