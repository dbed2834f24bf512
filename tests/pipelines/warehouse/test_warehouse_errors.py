"""What Vertica's SQLSTATEs lead to."""

from __future__ import annotations

import gc
import socket
import warnings
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO

import pytest
from pydantic import SecretStr

from pipelines.config import Warehouse
from pipelines.errors import PermanentError, ShardlineError, TransientError
from pipelines.warehouse import Connection, connect_warehouse, log_in_warehouse
from sandbox.errors import SqlError
from sandbox.holds import Failure, Rule
from sandbox.vertica.messages import error_response
from tests.kit.listeners import listener
from tests.kit.vertica_client import Vertica

PASSING = [
    *("08000", "08001", "08003", "08006"),
    *("V1001", "V1002", "V1003", "25000", "55000", "55006"),  # cluster and nodes
    *("57V01", "57V02", "57V03", "57V04", "57014"),
    *("40000", "40V01", "55V03", "55V04"),  # locks
    *("53000", "53200", "53300", "58030"),  # queues, memory, storage
]
STAYING = [
    *("0A000", "22V04", "22012", "25V01", "28000", "3F000", "42501", "42601", "42V01"),
    *("53100", "54000", "54001", "55V02", "57015", "58V01"),
    *("V2000", "VC001", "VP000", "VX001", "VX003"),
]


@pytest.fixture(scope="module")
def vertica() -> Iterator[Vertica]:
    server = Vertica()
    yield server
    server.stop()


@pytest.fixture
def connection(vertica: Vertica) -> Iterator[Connection]:
    options = Warehouse(
        host=vertica.host,
        port=vertica.port,
        user="dbadmin",
        password=SecretStr("secret"),
        tlsmode="disable",
    )
    with connect_warehouse(options) as opened:
        opened.query("CREATE TABLE IF NOT EXISTS t (a INT)")
        yield opened


def select(connection: Connection) -> None:
    connection.query("SELECT a FROM t")


def copy(connection: Connection) -> None:
    connection.copy("COPY t FROM STDIN", BytesIO(b"1\n"))


WAYS = {"^SELECT a": select, "^COPY": copy, "^COMMIT": Connection.commit}


def raised(
    vertica: Vertica, connection: Connection, statement: str, state: str
) -> ShardlineError:
    hold = vertica.holds.add(
        Rule(statement, action="fail", failure=Failure("no", sqlstate=state))
    )
    with pytest.raises(ShardlineError) as caught:
        WAYS[statement](connection)
    vertica.holds.remove(hold)
    assert caught.value.code == state
    return caught.value


@pytest.mark.parametrize("statement", WAYS)
@pytest.mark.parametrize("state", PASSING)
def test_what_passes_is_worth_another_try(
    vertica: Vertica, connection: Connection, statement: str, state: str
) -> None:
    assert isinstance(raised(vertica, connection, statement, state), TransientError)


@pytest.mark.parametrize("statement", WAYS)
@pytest.mark.parametrize("state", STAYING)
def test_what_stays_is_told(
    vertica: Vertica, connection: Connection, statement: str, state: str
) -> None:
    error = raised(vertica, connection, statement, state)
    assert isinstance(error, PermanentError)
    assert error.step


def refused_with(state: str) -> ShardlineError:
    """What a login leads to that a server answers with an error."""
    said = error_response(SqlError("no", sqlstate=state), fatal=True)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    options = Warehouse(
        host="127.0.0.1",
        port=port,
        user="dbadmin",
        password=SecretStr("secret"),
        tlsmode="disable",
    )
    with warnings.catch_warnings():  # the driver forgets the socket of a failure
        warnings.simplefilter("ignore", ResourceWarning)
        with listener("127.0.0.1", port, said), pytest.raises(ShardlineError) as caught:
            log_in_warehouse(options)
        error = caught.value
        del caught
        error.__context__ = error.__traceback__ = None  # they keep the socket
        gc.collect()
    assert error.code == state
    assert error.step
    return error


@pytest.mark.parametrize("state", PASSING)
def test_what_passes_at_a_login_is_worth_another_try(state: str) -> None:
    assert isinstance(refused_with(state), TransientError)


@pytest.mark.parametrize("state", STAYING)
def test_what_stays_at_a_login_is_told(state: str) -> None:
    assert isinstance(refused_with(state), PermanentError)
