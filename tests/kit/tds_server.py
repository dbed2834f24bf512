"""A SQL Server of the tests' own, in their process, and the ways to reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pymssql
import pytest
from pydantic import SecretStr

from pipelines.config import Server as Options
from sandbox.engine import Engine
from sandbox.holds import Failure, Holds, Rule
from sandbox.tds.server import TdsServer

USER, PASSWORD = "sa", "right"

Run = Callable[..., list[tuple[object, ...]]]
"""Runs a batch, with parameters if need be, and gives its first result's rows."""


class Server:
    """A running server."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.holds = Holds()
        self.tds = TdsServer(
            engine, self.holds, name="mssql_0", logins={USER: PASSWORD}
        )
        self.host, self.port = self.tds.start()

    def connect(self, database: str = "shop", **options: object) -> pymssql.Connection:
        settings: dict[str, object] = {
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
    def cursor(
        self, database: str = "shop", **options: object
    ) -> Iterator[pymssql.Cursor]:
        with closing(self.connect(database, **options)) as connection:
            yield connection.cursor()

    def stop(self) -> None:
        self.holds.close()
        self.tds.stop()


def options(server: Server, **others: object) -> Options:
    """How the product reaches it."""
    return Options(
        host=server.host,
        port=server.port,
        user=USER,
        password=SecretStr(PASSWORD),
        encryption="off",
        **{"login_timeout": 10, **others},
    )


@contextmanager
def failing(
    server: Server, statement: str, number: int, times: int = 1
) -> Iterator[None]:
    """Have some statements fail with a number."""
    hold = server.holds.add(
        Rule(statement, action="fail", times=times, failure=Failure("no", number))
    )
    yield
    server.holds.remove(hold)


def rows_of(
    cursor: pymssql.Cursor, sql: str, parameters: object = None
) -> list[tuple[object, ...]]:
    """Run a batch; the rows of its first result."""
    if parameters is None:
        cursor.execute(sql)
    else:
        cursor.execute(sql, parameters)
    return list(cursor.fetchall()) if cursor.description else []


def number_of(error: pytest.ExceptionInfo[pymssql.Error]) -> int:
    """SQL Server's number of an error, which logins nest one deeper."""
    first = error.value.args[0]
    return int(first[0] if isinstance(first, tuple) else first)
