"""A SQL Server is connected to by its name, as its certificate and gateways have it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from pipelines.catalog import Shard
from pipelines.config import Server as Options
from pipelines.source import connect_source
from sandbox.tds.login import Login
from tests.kit.listeners import listener, name_addresses
from tests.kit.tds_server import PASSWORD, USER, Server

SHARD = Shard(name="shop", server="mssql_0", database="master", time_zone="UTC")


def ask(server: Server, host: str = "localhost") -> None:
    options = Options.model_validate(
        {
            "host": host,
            "port": server.port,
            "user": USER,
            "password": SecretStr(PASSWORD),
            "encryption": "off",
            "login_timeout": 2,
        }
    )
    with connect_source(options, SHARD):
        pass


def names_asked_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The server's name in each login that comes from now on."""
    names: list[str] = []

    def admit(login: Login) -> bool:
        names.append(login.server)
        return True

    monkeypatch.setattr(server.tds, "admits", admit)
    return names


def test_a_login_names_the_server_as_it_is_configured(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = names_asked_for(server, monkeypatch)
    ask(server)
    assert [name.partition(":")[0] for name in names] == ["localhost"]


def test_a_name_that_does_not_do_is_each_of_its_addresses(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = names_asked_for(server, monkeypatch)
    name_addresses(monkeypatch, {"db.invalid": ["127.0.0.2", "127.0.0.1"]})
    with listener("127.0.0.2", server.port, b""):
        ask(server, "db.invalid")
    assert [name.partition(":")[0] for name in names] == ["127.0.0.1"]
