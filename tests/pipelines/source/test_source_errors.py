"""What SQL Server's numbers lead to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from pipelines.catalog import Shard
from pipelines.errors import (
    PermanentError,
    ShardlineError,
    TransientError,
    UnavailableHereError,
)
from pipelines.source import SourceConnection, connect_source
from sandbox.engine import Engine
from tests.kit.tds_server import Server, failing, options

SHARD = Shard(name="shop", server="mssql_0", database="master", time_zone="UTC")

PASSING = [
    *(921, 922, 927, 941, 952, 913, 615),  # starting, recovering, restoring
    *(954, 955, 956, 976, 983, 988, 4221, 3948, 3949, 40143, 40166),  # replicas
    *(1204, 1205, 1222, 997, 3940),  # locks
    *(701, 802, 8628, 8645, 8651, 17300),  # memory
    *(8642, 17189, 10928, 10929, 10930, 17809),  # threads and connections
    *(9002, 1105, 3958, 3966, 3967),  # log, space and versions
    *(596, 6005, 17142, 17187, 17197, 18401, 601, 8608),
    *(40197, 40501, 40540, 40613, 49918, 49919, 49920),
]
STAYING = [
    *(207, 208, 229, 241, 911, 916, 8623, 40508, 40549, 667, 121, 233),
    *(823, 824, 829),  # damaged pages
]
ELSEWHERE = [923, 926, 942, 945, 978, 979, 9001]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with closing(Engine(None)) as engine:
        running = Server(engine)
        yield running
        running.stop()


def select(connection: SourceConnection) -> list[tuple[object, ...]]:
    with connection.answering(10) as cursor:
        cursor.execute("SELECT 1")
        return list(cursor.fetchall())


def raised_by_a_select(server: Server, number: int) -> ShardlineError:
    with (
        connect_source(options(server), SHARD) as connection,
        failing(server, "^SELECT 1", number),
        pytest.raises(ShardlineError) as caught,
    ):
        select(connection)
    assert caught.value.code == str(number)
    assert caught.value.step
    return caught.value


@pytest.mark.parametrize("number", PASSING)
def test_what_passes_is_worth_another_try(server: Server, number: int) -> None:
    assert isinstance(raised_by_a_select(server, number), TransientError)


@pytest.mark.parametrize("number", STAYING)
def test_what_stays_is_told(server: Server, number: int) -> None:
    assert isinstance(raised_by_a_select(server, number), PermanentError)


@pytest.mark.parametrize("number", ELSEWHERE)
def test_a_database_that_went_away_here_is_looked_for_anew(
    server: Server, number: int
) -> None:
    assert isinstance(raised_by_a_select(server, number), UnavailableHereError)


@pytest.mark.parametrize("number", [*ELSEWHERE, *PASSING])
def test_a_database_that_is_not_available_here_is_taken_from_the_next_address(
    server: Server, number: int
) -> None:
    at = options(server)
    both = at.with_addresses([at, at])
    with failing(server, "^USE", number), connect_source(both, SHARD) as connection:
        assert select(connection) == [(1,)]


@pytest.mark.parametrize("number", [911, 916])
def test_a_database_that_does_not_exist_is_not_looked_for_elsewhere(
    server: Server, number: int
) -> None:
    at = options(server)
    with (
        failing(server, "^USE", number),
        pytest.raises(PermanentError, match=str(number)),
        connect_source(at.with_addresses([at, at]), SHARD),
    ):
        pass


@pytest.mark.parametrize(
    ("number", "kind"), [(942, PermanentError), (952, TransientError)]
)
def test_what_no_address_has_is_as_lasting_as_their_errors(
    server: Server, number: int, kind: type[ShardlineError]
) -> None:
    at = options(server)
    with (
        failing(server, "^USE", number, times=2),
        pytest.raises(kind) as caught,
        connect_source(at.with_addresses([at, at]), SHARD),
    ):
        pass
    assert caught.value.code == str(number)
    assert not isinstance(caught.value, UnavailableHereError)


@pytest.mark.parametrize("number", [942, 952])
def test_a_database_that_is_not_available_is_no_outage_of_its_server(
    server: Server, number: int
) -> None:
    with failing(server, "^USE", number, times=20):
        for _ in range(20):
            with (
                pytest.raises(ShardlineError, match=str(number)),
                connect_source(options(server), SHARD),
            ):
                pass
    with connect_source(options(server), SHARD) as connection:
        assert select(connection) == [(1,)]
