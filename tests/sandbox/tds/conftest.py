from __future__ import annotations

from collections.abc import Iterator

import pymssql
import pytest

from sandbox.engine import Engine
from tests.kit.tds_server import Run, Server, rows_of


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
def run(cursor: pymssql.Cursor) -> Run:
    def run(sql: str, parameters: object = None) -> list[tuple[object, ...]]:
        return rows_of(cursor, sql, parameters)

    return run
