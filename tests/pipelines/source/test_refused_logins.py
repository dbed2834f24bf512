"""A login that a server refuses is told, and not tried again by the same run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr

from pipelines.catalog import Shard
from pipelines.config import Server as Options
from pipelines.errors import PermanentError, ShardlineError
from pipelines.source import connect_source
from sandbox.engine import Engine
from tests.kit.project import DAY, Project
from tests.kit.relay import Relay
from tests.kit.tds_server import USER, Server

SHARD = Shard(name="shop", server="mssql_0", database="master", time_zone="UTC")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_shards_whose_server_refuses_the_login_all_say_so_after_few_logins(
    project: Project, workers: str
) -> None:
    for name in ("first", "second", "third"):
        project.add_shard(name)
    project.create_target()
    project.options["run"] = {"retries": "1"}
    at = project.sandbox.addresses.mssql["mssql_0"]
    with Relay(at.host, at.port) as relay:
        project.options["mssql_0"] = {"port": str(relay.port), "password": "wrong"}
        words = ("run", "orders", "--date", DAY, "--workers", workers)
        result = project.run("shardline", *words)
        logins = relay.connections
    assert result.code == 30
    assert len(result.told) == 3
    assert all("refused the login of" in line for line in result.told)
    assert len(project.outcomes()) == 3
    assert logins <= int(workers)


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Server]]:
    with closing(Engine(None)) as engine:
        running = [Server(engine) for _ in range(2)]
        yield running
        for one in running:
            one.stop()


def raised(server: Server, password: str) -> ShardlineError:
    options = Options(
        host=server.host, port=server.port, user=USER, password=SecretStr(password)
    )
    with pytest.raises(ShardlineError) as caught, connect_source(options, SHARD):
        pass
    return caught.value


def test_each_server_that_refuses_a_login_is_heard(servers: list[Server]) -> None:
    for password in ("wrong", "worse"):
        for server in servers:
            error = raised(server, password)
            assert isinstance(error, PermanentError)
            assert error.code == "18456"
            assert f"refused the login of {USER}: Login failed" in error.cause
