"""Packets are as large as the server grants, and rows are the same in any."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr, ValidationError

from pipelines.catalog import Shard
from pipelines.commands.screens.connection_tests import check
from pipelines.config import Server as Options
from pipelines.source import connect_source
from sandbox.engine import Engine
from sandbox.tds import connection as served
from sandbox.tds.packets import MAXIMUM_PACKET_SIZE
from tests.kit.relay import Relay
from tests.kit.tds_server import PASSWORD, USER, Server

SHARD = Shard(name="shop", server="mssql_0", database="master", time_zone="UTC")
TEXT = "строка" * 40
ROWS = [(TEXT,)] * 1_000
MANY = f"SELECT TOP 1000 N'{TEXT}' FROM sys.types a, sys.types b, sys.types c"
HEADER = struct.Struct(">BBHHBB")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with closing(Engine(None)) as engine:
        running = Server(engine)
        yield running
        running.stop()


def options(port: int, **given: object) -> Options:
    return Options.model_validate(
        {
            "host": "127.0.0.1",
            "port": port,
            "user": USER,
            "password": SecretStr(PASSWORD),
            "trust_server_certificate": True,
            "login_timeout": 5,
            "timeout": 5,
            **given,
        }
    )


def rows(given: Options) -> list[tuple[object, ...]]:
    with connect_source(given, SHARD) as link, link.answering(10) as cursor:
        cursor.execute(MANY)
        return list(cursor.fetchall())


def packet_sizes(octets: bytes) -> Iterator[int]:
    at = 0
    while at < len(octets):
        size = HEADER.unpack_from(octets, at)[2]
        yield size
        at += size


@pytest.mark.parametrize("size", [4_096, 10_000, 32_767])
def test_a_server_is_asked_for_packets_of_a_size(server: Server, size: int) -> None:
    said = bytearray()

    def hear(_: bytes, answer: bytes) -> bytes:
        said.extend(answer)
        return answer

    with Relay(server.host, server.port, hear) as relay:
        given = options(relay.port, encryption="off", packet_octets=size)
        assert rows(given) == ROWS
        assert max(packet_sizes(bytes(said))) == size
        assert check(given).told.endswith(f"; packets of {size} octets")


@pytest.mark.parametrize(
    ("asked", "size"), [({}, 8_000), ({"packet_octets": 16_383}, 16_383)]
)
def test_encrypted_packets_are_as_large(
    server: Server, asked: dict[str, int], size: int
) -> None:
    given = options(server.port, **asked)
    assert rows(given) == ROWS
    assert check(given).told.endswith(f"; packets of {size} octets")


@pytest.mark.parametrize("encryption", ["request", "require"])
def test_larger_ones_are_refused_where_they_may_be_encrypted(encryption: str) -> None:
    with pytest.raises(ValidationError, match="not be more than 16383 unless"):
        options(1433, encryption=encryption, packet_octets=16_384)


def test_a_server_breaks_off_encrypted_connections_with_larger_ones(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.config.sections.TLS_PACKET_OCTETS", 16_384)
    answer = check(options(server.port, packet_octets=16_384))
    assert not answer.ok
    assert "broke off the login" in answer.told


def test_a_server_may_grant_less(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "MAXIMUM_PACKET_SIZE", 4_096)
    given = options(server.port, encryption="off", packet_octets=32_767)
    assert rows(given) == ROWS
    assert check(given).told.endswith("; packets of 4096 octets instead of 32767")


def test_packets_may_be_larger_than_those_that_were_granted(server: Server) -> None:
    lies = []

    def lie(_: bytes, answer: bytes) -> bytes:
        said = str(MAXIMUM_PACKET_SIZE).encode("utf-16-le")
        lies.append(said in answer)
        return answer.replace(said, "00512".encode("utf-16-le"))

    with Relay(server.host, server.port, lie) as relay:
        given = options(relay.port, encryption="off", packet_octets=32_767)
        assert rows(given) == ROWS
        assert any(lies)
        assert check(given).told.endswith("; packets of 512 octets instead of 32767")
