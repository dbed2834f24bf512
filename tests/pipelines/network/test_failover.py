"""A name that stands for several addresses is each of them in turn."""

from __future__ import annotations

import gc
import socket
import warnings
from collections.abc import Callable
from contextlib import suppress

import pytest
from pydantic import SecretStr

from pipelines.catalog import Shard
from pipelines.config import Server, Warehouse
from pipelines.errors import PermanentError, TransientError
from pipelines.network import look_up
from pipelines.source import connect_source
from pipelines.warehouse import connect_warehouse
from sandbox.errors import SqlError
from sandbox.process import SandboxProcess
from sandbox.vertica.messages import error_response
from tests.kit.listeners import SILENCE, listener, name_addresses

NAME = "database.example.com"
NOT_YET = SqlError("the node is starting", sqlstate="57V03")
ANSWERS: dict[str, bytes | str] = {
    "hangs up": b"",
    "answers in another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20,
    "refuses the first packet": error_response(NOT_YET, fatal=True),
    "cuts its answer short": b"\x04\x01\x00\x2b\x00\x00\x01\x00",
    "breaks the protocol": b"R\x00\x00\x00\x08\xf4\x00\x00\x23",
    "stays silent": SILENCE,
}
FIRST = ["127.0.0.2", "::1"]

Ask = Callable[[SandboxProcess, str], None]


def ask_sql_server(sandbox: SandboxProcess, host: str, password: str = "") -> None:
    at = sandbox.addresses.mssql["mssql_0"]
    server = Server(
        host=host,
        port=at.port,
        user=sandbox.addresses.user,
        password=SecretStr(password or sandbox.addresses.password),
        encryption="off",
        login_timeout=2,
    )
    shard = Shard(name="s", server="mssql_0", database="master", time_zone="UTC")
    with (
        connect_source(server, shard) as connection,
        connection.answering(10) as cursor,
    ):
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]


def ask_vertica(
    sandbox: SandboxProcess, host: str, password: str = "", login_timeout: int = 2
) -> None:
    options = Warehouse(
        host=host,
        port=sandbox.addresses.vertica.port,
        user=sandbox.addresses.user,
        password=SecretStr(password or sandbox.addresses.password),
        tlsmode="disable",
        login_timeout=login_timeout,
    )
    with warnings.catch_warnings():  # the driver forgets the socket of a failure
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with connect_warehouse(options) as connection:
                assert connection.query("SELECT 1") == [[1]]
        finally:
            gc.collect()


PORTS: dict[Ask, Callable[[SandboxProcess], int]] = {
    ask_sql_server: lambda sandbox: sandbox.addresses.mssql["mssql_0"].port,
    ask_vertica: lambda sandbox: sandbox.addresses.vertica.port,
}


def skip_without(ip: str) -> None:
    if ":" in ip:
        with suppress(OSError), socket.create_server((ip, 0), family=socket.AF_INET6):
            return
        pytest.skip("no IPv6 here")


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("ask", PORTS)
def test_an_address_that_takes_a_connection_and_is_no_server_leads_to_the_next(
    sandbox: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
    ask: Ask,
    answer: str,
    first: str,
) -> None:
    skip_without(first)
    name_addresses(monkeypatch, {NAME: [first, "127.0.0.1"]})
    with listener(first, PORTS[ask](sandbox), ANSWERS[answer]) as came:
        ask(sandbox, NAME)
        assert came


@pytest.mark.parametrize("ask", [ask_sql_server, ask_vertica])
def test_a_login_that_is_refused_is_not_tried_at_the_next_address(
    sandbox: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[SandboxProcess, str, str], None],
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.1", "127.0.0.2"]})
    with listener("127.0.0.2", PORTS[ask](sandbox), b"") as came:
        with pytest.raises(PermanentError, match="refused the login") as caught:
            ask(sandbox, NAME, "wrong")
        assert came == []
    assert f"{NAME}:" in caught.value.cause
    assert "(127.0.0.1)" in caught.value.cause


@pytest.mark.parametrize("ask", PORTS)
def test_all_addresses_of_a_name_are_told_when_none_answers(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    name_addresses(monkeypatch, {NAME: ["127.0.0.2", "127.0.0.3", "127.0.0.2"]})
    port = PORTS[ask](sandbox)
    with pytest.raises(TransientError) as caught:
        ask(sandbox, NAME)
    for ip in ("127.0.0.2", "127.0.0.3"):
        told = f"{NAME}:{port} ({ip}) cannot be reached"
        assert caught.value.cause.count(told) == 1


@pytest.mark.parametrize("ask", PORTS)
def test_a_name_that_nobody_knows_is_told_as_such(
    sandbox: SandboxProcess, ask: Ask
) -> None:
    with pytest.raises(TransientError, match=r"nowhere\.invalid:\d+ cannot be reached"):
        ask(sandbox, "nowhere.invalid")


def test_addresses_are_looked_up_anew_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for ip in ("127.0.0.2", "127.0.0.3"):
        with monkeypatch.context() as now:
            name_addresses(now, {NAME: [ip]})
            assert [at.ip for at in look_up(NAME, 1)] == [ip]


def test_an_address_that_stays_silent_is_waited_for_once(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_addresses(monkeypatch, {"silent.example.com": ["127.0.0.4", "127.0.0.1"]})
    with listener("127.0.0.4", PORTS[ask_vertica](sandbox), SILENCE) as came:
        for _ in range(3):
            ask_vertica(sandbox, "silent.example.com", login_timeout=4)
        assert len(came) == 1
