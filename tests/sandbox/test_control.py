"""The control channel: what a test can do to a sandbox from another process."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from sandbox.addresses import ControlAddress
from sandbox.control import Control, ControlError
from sandbox.control_server import ControlServer
from sandbox.errors import SqlError
from sandbox.holds import ConnectionKilled, Failure, Holds

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE = 10.0


@dataclass(frozen=True)
class Client:
    server: str = "vertica"
    database: str = "warehouse"
    client_pid: int = 7


@pytest.fixture
def holds() -> Holds:
    return Holds()


@pytest.fixture
def pool(holds: Holds) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool
        holds.close()  # or what is still held keeps its thread


@pytest.fixture
def address(holds: Holds) -> Iterator[ControlAddress]:
    def refuse(*, reason: str) -> None:
        raise ValueError(f"refused:\n{reason}")

    server = ControlServer(holds, {"refuse": refuse})
    server.start()
    yield server.address
    holds.close()
    server.stop()


@pytest.fixture
def control(address: ControlAddress) -> Iterator[Control]:
    with Control(address) as control:
        yield control


def run(holds: Holds, statement: str) -> str:
    with holds.guard(Client(), statement):
        pass
    return "replied"


def test_a_connection_is_held_waited_for_and_released(
    holds: Holds, pool: ThreadPoolExecutor, control: Control
) -> None:
    hold = control.hold("copy", when="after", server="vertica")
    reply = pool.submit(run, holds, "COPY t FROM STDIN")
    (caught,) = control.wait(hold, timeout=DEADLINE)
    assert (caught.statement, caught.client_pid) == ("COPY t FROM STDIN", 7)
    assert control.held() == [caught]
    assert control.holds()[hold].when == "after"
    assert control.release(hold=hold) == 1
    assert reply.result(DEADLINE) == "replied"


def test_a_held_connection_is_killed(
    holds: Holds, pool: ThreadPoolExecutor, control: Control
) -> None:
    hold = control.hold("x")
    reply = pool.submit(run, holds, "x")
    (caught,) = control.wait(hold, timeout=DEADLINE)
    control.release("kill", caught=caught.id)
    with pytest.raises(ConnectionKilled):
        reply.result(DEADLINE)


def test_a_held_connection_fails_with_the_error_given(
    holds: Holds, pool: ThreadPoolExecutor, control: Control
) -> None:
    hold = control.hold("x", failure=Failure("Locked.", sqlstate="55V03"))
    reply = pool.submit(run, holds, "x")
    control.wait(hold, timeout=DEADLINE)
    control.release("fail", hold=hold)
    with pytest.raises(SqlError, match=r"Locked\.") as caught:
        reply.result(DEADLINE)
    assert caught.value.sqlstate == "55V03"


def test_a_client_that_goes_away_leaves_nothing_held(
    holds: Holds, pool: ThreadPoolExecutor, address: ControlAddress
) -> None:
    with Control(address) as leaving:
        hold = leaving.hold("x")
        reply = pool.submit(run, holds, "x")
        leaving.wait(hold, timeout=DEADLINE)
    assert reply.result(DEADLINE) == "replied"
    with Control(address) as other:
        assert other.holds() == {}


def test_a_hold_lasts_as_long_as_the_client_that_set_it(
    address: ControlAddress, control: Control
) -> None:
    hold = control.hold("x")
    with Control(address) as other:
        assert list(other.holds()) == [hold]
    control.ping()
    assert list(control.holds()) == [hold]


def test_waiting_in_vain_is_a_timeout(control: Control) -> None:
    hold = control.hold("x")
    with pytest.raises(TimeoutError, match="caught 0 of 2"):
        control.wait(hold, count=2, timeout=0.01)


def test_the_statements_of_a_load_can_be_read(
    holds: Holds, pool: ThreadPoolExecutor, control: Control
) -> None:
    control.start_log()
    pool.submit(run, holds, "SELECT 'ё'").result(DEADLINE)
    (statement,) = control.statements()
    control.stop_log()
    assert (statement.server, statement.text) == ("vertica", "SELECT 'ё'")


def test_a_refusal_is_one_line(control: Control) -> None:
    with pytest.raises(ControlError, match=r"^refused: twice over$"):
        control.call("refuse", reason="twice\nover")
    with pytest.raises(ControlError, match="no operation is called 'nonesuch'"):
        control.call("nonesuch")
    with pytest.raises(ControlError, match="no hold has the id 99"):
        control.remove(99)
    control.ping()


@pytest.mark.parametrize(
    "lines",
    [
        b'{"operation": "ping"}\n',
        b'{"token": "guessed"}\n{"operation": "ping"}\n',
        b'{"token": null}\n{"operation": "ping"}\n',
        b'{"token": "\\u0416 \\ud800"}\n{"operation": "ping"}\n',
        b"POST / HTTP/1.1\r\n\r\n" + b'{"operation": "ping"}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_who_does_not_know_the_token_gets_no_answer(
    address: ControlAddress, lines: bytes
) -> None:
    with socket.create_connection(address[:2], timeout=DEADLINE) as raw:
        raw.sendall(lines)
        raw.shutdown(socket.SHUT_WR)
        assert raw.makefile("rb").read() == b""


def test_a_line_that_is_no_request_ends_the_connection(address: ControlAddress) -> None:
    with socket.create_connection(address[:2], timeout=DEADLINE) as raw:
        token = json.dumps({"token": address.token}).encode()
        raw.sendall(token + b'\nhello\n{"operation": "ping"}\n')
        raw.shutdown(socket.SHUT_WR)
        assert raw.makefile("rb").readlines() == [b'{"result": null}\n']


def test_another_token_is_one_line(address: ControlAddress) -> None:
    with pytest.raises(ControlError, match="does not take this token"):
        Control(address._replace(token="another"))


def test_a_sandbox_that_stops_ends_its_clients(
    holds: Holds, pool: ThreadPoolExecutor
) -> None:
    server = ControlServer(holds, {})
    server.start()
    with Control(server.address) as control:
        hold = control.hold("x")
        waiting = pool.submit(control.wait, hold, timeout=DEADLINE)
        holds.close()
        with pytest.raises(ControlError, match="no hold"):
            waiting.result(DEADLINE)
        server.stop()
        with pytest.raises(ControlError, match="the sandbox"):
            control.ping()


def test_nobody_there_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = ControlAddress(*probe.getsockname(), "token")
    with pytest.raises(ControlError, match=r"no sandbox at 127\.0\.0\.1:\d+"):
        Control(address)
