"""What a SQL Server trickles has an end, and nothing else ends with it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from pipelines.catalog import Shard
from pipelines.config import Server as Options
from pipelines.errors import TransientError
from pipelines.source import LostLinkError, SourceConnection, connect_source
from tests.fuzz.tds import NVARCHAR_MAX, columns, packet
from tests.kit.listeners import listener, name_addresses
from tests.kit.project import DAY, Project
from tests.kit.relay import Relay, trickle
from tests.kit.tds_server import PASSWORD, USER, Server

SHARD = Shard(name="shop", server="mssql_0", database="master", time_zone="UTC")
NAME = "sql.example.com"
ENDLESS_PACKET = b"\x04\x00\xff\xff\0\0\1\0\0"


def trickling() -> Iterator[bytes]:
    return trickle(ENDLESS_PACKET)


def options(port: int, host: str = "127.0.0.1", login_timeout: int = 10) -> Options:
    return Options(
        host=host,
        port=port,
        user=USER,
        password=SecretStr(PASSWORD),
        encryption="off",
        login_timeout=login_timeout,
    )


def ask(
    connection: SourceConnection, sql: str, seconds: float = 60
) -> list[tuple[object, ...]]:
    with connection.answering(seconds) as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_a_login_that_trickles_has_an_end(server: Server) -> None:
    with (
        listener("127.0.0.2", server.port, trickling) as came,
        pytest.raises(TransientError, match="did not let sa in within 1 s"),
        connect_source(options(server.port, "127.0.0.2", 1), SHARD),
    ):
        pass
    assert came


def test_after_an_address_that_trickles_the_next_one_is_tried(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.2", "127.0.0.1"]})
    with (
        listener("127.0.0.2", server.port, trickling) as came,
        connect_source(options(server.port, NAME, 3), SHARD) as connection,
    ):
        assert ask(connection, "SELECT 1") == [(1,)]
    assert came


def slow_to_tell_two(sent: bytes, answer: bytes) -> bytes | Iterator[bytes]:
    asked = sent.rfind("SELECT 2".encode("utf-16-le")) >= 0
    return trickling() if asked else answer


def test_an_answer_that_trickles_ends_its_own_connection_only(server: Server) -> None:
    with (
        Relay(server.host, server.port, slow_to_tell_two) as relay,
        connect_source(options(server.port), SHARD) as direct,
        connect_source(options(relay.port), SHARD) as trickling,
        connect_source(options(server.port), SHARD) as later,
    ):
        with pytest.raises(LostLinkError, match="had not answered in full after 1 s"):
            ask(trickling, "SELECT 2", 1)
        assert ask(direct, "SELECT 1") == [(1,)]
        assert ask(later, "SELECT 1") == [(1,)]


def test_connections_to_one_port_end_apart(server: Server) -> None:
    with (
        Relay(server.host, server.port, slow_to_tell_two) as relay,
        connect_source(options(relay.port), SHARD) as one,
        connect_source(options(relay.port), SHARD) as other,
    ):
        with pytest.raises(LostLinkError):
            ask(one, "SELECT 2", 1)
        relay.sent.clear()
        assert ask(other, "SELECT 1") == [(1,)]


def test_an_extract_that_trickles_has_an_end(project: Project) -> None:
    shard = project.loadable(3)

    def alter(sent: bytes, answer: bytes) -> bytes | Iterator[bytes]:
        asked = "WHERE q.".encode("utf-16-le") in sent
        return trickling() if asked else answer

    at = project.sandbox.addresses.mssql["mssql_0"]
    with Relay(at.host, at.port, alter) as relay:
        project.options["load"] = {"attempts": "1"}
        project.options["mssql_0"] = {
            "port": str(relay.port),
            "encryption": "off",
            "transfer_timeout": "1.5",
        }
        result = project.load(DAY)
    assert result.code == 30
    assert f"{shard}: SQL Server had not answered in full after 1.5 s" in result.err
    assert project.markers() == []


def test_a_login_that_trickles_cuts_no_connection_of_another_name(
    server: Server,
) -> None:
    began = threading.Event()

    def alter(_: bytes, answer: bytes) -> bytes | Iterator[bytes]:
        if began.is_set():
            return answer
        began.set()
        return trickling()

    def log_in_slowly() -> None:
        late = options(relay.port, "127.0.0.1", 2)
        with pytest.raises(TransientError), connect_source(late, SHARD):
            pass

    with Relay(server.host, server.port, alter) as relay:
        slow = threading.Thread(target=log_in_slowly)
        slow.start()
        assert began.wait(30)
        with connect_source(options(relay.port, "localhost"), SHARD) as other:
            slow.join()
            assert ask(other, "SELECT 1") == [(1,)]


def test_a_driver_that_does_not_come_back_ends_its_process_with_a_word(
    project: Project,
) -> None:
    project.loadable(3)
    endless = packet(b"\xae\x01" + bytes(4), status=0)  # features that never end

    def alter(sent: bytes, answer: bytes) -> bytes:
        is_login = b"\x10\x01" in sent and answer[:1] == b"\x04"
        return endless if is_login else answer

    at = project.sandbox.addresses.mssql["mssql_0"]
    with Relay(at.host, at.port, alter) as relay:
        project.options["mssql_0"] = {
            "port": str(relay.port),
            "encryption": "off",
            "login_timeout": "1",
        }
        result = project.load(DAY)
    assert result.code == 30
    assert "a driver does not come back although its connection was cut" in result.err


def test_a_value_without_an_end_takes_no_more_memory_than_it_may(
    project: Project,
) -> None:
    shard = project.loadable(3)
    value = columns(NVARCHAR_MAX) + b"\xd1\xfe" + b"\xff" * 7
    endless = value + (0x7FFF_FFFE).to_bytes(4, "little")
    more = packet(b"a\0" * 16_000, status=0)

    def alter(sent: bytes, answer: bytes) -> bytes | Iterator[bytes]:
        if "WHERE q.".encode("utf-16-le") not in sent:
            return answer
        return itertools.chain([packet(endless, status=0)], itertools.repeat(more))

    at = project.sandbox.addresses.mssql["mssql_0"]
    with Relay(at.host, at.port, alter) as relay:
        project.options["load"] = {"attempts": "1"}
        project.options["run"] = {"memory_mib": "600"}
        project.options["mssql_0"] = {"port": str(relay.port), "encryption": "off"}
        result = project.run(*("shardline", "run", "orders", "--date", DAY), fresh=True)
    assert result.code == 30
    assert shard in result.last_line
    assert project.markers() == []
