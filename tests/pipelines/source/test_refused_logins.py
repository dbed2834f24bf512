"""A login that a server refuses is told, and not tried again by the same run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import NoReturn

import pytest
from pydantic import SecretStr

from pipelines.catalog import Shard
from pipelines.config import Server as Options
from pipelines.errors import PermanentError, ShardlineError, TransientError
from pipelines.source import connect_source
from sandbox.engine import Engine
from sandbox.errors import SqlError
from sandbox.tds import connection as served
from tests.kit.project import DAY, Project
from tests.kit.relay import Relay
from tests.kit.tds_server import PASSWORD, USER, Server

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
        host=server.host,
        port=server.port,
        user=USER,
        password=SecretStr(password),
        encryption="off",
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


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        *((number, TransientError) for number in (17142, 17809, 18401, 40613, 4060)),
        *((number, PermanentError) for number in (18456, 18486, 40532)),
    ],
)
def test_what_a_login_is_answered_leads_to_what_the_table_says(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    kind: type[ShardlineError],
) -> None:
    failure = SqlError("no", number=number, severity=16)
    monkeypatch.setattr(served, "login_failed", lambda _: failure)
    for _ in range(12):  # more than make an outage
        error = raised(server, "wrong")
        assert isinstance(error, kind)
        assert error.code == str(number)


@pytest.mark.parametrize("number", [4060, 4064])
def test_a_database_of_the_login_that_is_away_is_no_wrong_password(
    server: Server, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def is_away(_connection: object, _login: object) -> NoReturn:
        raise KeyError

    away = SqlError("Cannot open user default database.", number=number, severity=11)
    monkeypatch.setattr(served.ClientConnection, "_open", is_away)
    monkeypatch.setattr(served, "cannot_open_database", lambda _: away)
    error = raised(server, PASSWORD)
    assert isinstance(error, TransientError)
    assert error.code == str(number)
