"""Connections to SQL Server that a process keeps for its next shard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from pipelines import network
from pipelines.catalog import Shard
from pipelines.config import Server as Options
from pipelines.errors import PermanentError, TransientError
from pipelines.source import SourceConnection, connect_source, kept_sources
from sandbox.engine import Engine
from tests.kit.tds_server import Server, failing, options

SHARDS = [
    Shard(name=name, server="mssql_0", database=name, time_zone="UTC")
    for name in ("shop", "mart")
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with closing(Engine(None)) as engine:
        for shard in SHARDS:
            engine.create_database("mssql_0", shard.database)
        running = Server(engine)
        yield running
        running.stop()


@pytest.fixture
def asked(server: Server) -> Options:
    return options(server)


def database_of(connection: SourceConnection) -> str:
    with connection.answering(10) as cursor:
        cursor.execute("SELECT DB_NAME()")
        ((name,),) = cursor.fetchall()
    return str(name)


def test_the_next_shard_of_a_server_is_read_over_the_same_connection(
    asked: Options,
) -> None:
    used = []
    for shard in [*SHARDS, *SHARDS]:
        with connect_source(asked, shard) as connection:
            assert database_of(connection) == shard.database
            used.append(connection)
    assert len(set(used)) == 1


def test_what_is_in_use_is_given_to_nobody_else(asked: Options) -> None:
    first, second = SHARDS
    with connect_source(asked, first) as one, connect_source(asked, second) as other:
        assert one is not other
        assert (database_of(one), database_of(other)) == ("shop", "mart")


def test_a_connection_is_not_kept_after_an_error(server: Server) -> None:
    asked = options(server)
    with (
        failing(server, "^SELECT DB", 1205),
        pytest.raises(TransientError),
        connect_source(asked, SHARDS[0]) as broken,
    ):
        database_of(broken)
    with connect_source(asked, SHARDS[0]) as connection:
        assert connection is not broken


def test_a_connection_is_not_kept_after_an_error_that_was_not_raised(
    server: Server,
) -> None:
    asked = options(server)
    with (
        connect_source(asked, SHARDS[0]) as broken,
        failing(server, "^SELECT DB", 1205),
        pytest.raises(TransientError),
    ):
        database_of(broken)
    with connect_source(asked, SHARDS[0]) as connection:
        assert connection is not broken


def test_a_connection_is_not_kept_in_the_middle_of_an_answer(asked: Options) -> None:
    def rows(connection: SourceConnection) -> Iterator[object]:
        with connection.answering(10) as cursor:
            cursor.execute("SELECT 1 AS n UNION ALL SELECT 2")
            yield from cursor

    with connect_source(asked, SHARDS[0]) as halfway:
        unfinished = rows(halfway)
        next(unfinished)
    with connect_source(asked, SHARDS[0]) as connection:
        assert connection is not halfway
        assert database_of(connection) == "shop"


def test_a_connection_that_was_cut_meanwhile_is_made_anew(asked: Options) -> None:
    with connect_source(asked, SHARDS[0]) as lost:
        pass
    lost.cut()
    with connect_source(asked, SHARDS[1]) as connection:
        assert connection is not lost
        assert database_of(connection) == "mart"


def test_a_database_that_is_not_there_is_told_as_over_a_new_connection(
    server: Server,
) -> None:
    asked = options(server)
    nowhere = Shard(name="gone", server="mssql_0", database="gone", time_zone="UTC")
    with connect_source(asked, SHARDS[0]):
        pass
    for _ in range(2):
        with (
            failing(server, r"^USE \[gone\]", 911),
            pytest.raises(PermanentError, match="911"),
            connect_source(asked, nowhere),
        ):
            pass


def test_a_connection_is_not_kept_for_long(
    asked: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect_source(asked, SHARDS[0]) as old:
        pass
    monkeypatch.setattr(network.kept_connections, "IDLE", 0.0)
    with connect_source(asked, SHARDS[0]) as connection:
        assert connection is not old


def test_a_forked_child_leaves_its_parents_connection_alone(asked: Options) -> None:
    with connect_source(asked, SHARDS[0]) as kept:
        pass
    child = os.fork()
    if not child:
        code = 1
        try:
            with connect_source(asked, SHARDS[1]) as own:
                code = int(own is kept or database_of(own) != "mart")
            kept_sources().close()
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    with connect_source(asked, SHARDS[1]) as connection:
        assert connection is kept
        assert database_of(connection) == "mart"


def test_where_use_is_refused_each_database_has_a_connection_of_its_own(
    server: Server,
) -> None:
    asked = options(server, login_timeout=11)
    with failing(server, "^USE", 40508):
        used = {}
        for shard in [*SHARDS, *SHARDS]:
            with connect_source(asked, shard) as connection:
                assert database_of(connection) == shard.database
                assert used.setdefault(shard.name, connection) is connection
    assert len(set(used.values())) == len(SHARDS)


def test_use_that_is_refused_to_a_kept_connection_is_followed_by_a_login(
    server: Server,
) -> None:
    asked = options(server, login_timeout=13)
    with connect_source(asked, SHARDS[0]):
        pass
    with (
        failing(server, r"^USE \[mart\]", 40508, times=2),
        connect_source(asked, SHARDS[1]) as connection,
    ):
        assert database_of(connection) == "mart"


def test_a_server_that_refuses_use_even_after_its_own_login_is_told(
    server: Server,
) -> None:
    asked = options(server, login_timeout=12)
    with (
        failing(server, "^USE", 40508, times=2),
        pytest.raises(PermanentError, match="40508"),
        connect_source(asked, SHARDS[0]),
    ):
        pass
