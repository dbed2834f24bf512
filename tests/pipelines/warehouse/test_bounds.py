"""A Vertica that trickles, floods or lies is given up, in one line that names it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from itertools import repeat
from struct import pack

import pytest
from pydantic import SecretStr

from pipelines.config import Warehouse
from pipelines.errors import PermanentError, ShardlineError, TransientError
from pipelines.warehouse import (
    Connection,
    connect_warehouse,
    copy_rows,
    log_in_warehouse,
    read_loaded_days,
)
from tests.fuzz.false_server import FalseServer
from tests.fuzz.mutations import (
    Action,
    Deaf,
    Do,
    Flood,
    Hang,
    HangUp,
    Say,
    Trickle,
    Turn,
)
from tests.fuzz.vertica import Side, columns, message, row, warehouse_table
from tests.kit.listeners import name_addresses
from tests.kit.project import Project
from tests.kit.vertica_client import Vertica

PASSWORD_ASKED, LET_IN, ANSWERED = 1, 2, 3
"""The turns of a good server, from its greeting on."""

NOTICE = message(b"N", b"SNOTICE\0Mhello\0C00000\0\0")
READY = message(b"Z", b"T")
DONE = message(b"C", b"SELECT\0") + READY
COPY_IN = message(b"G", bytes(5))
WAITED_FOR = 0.4


ONE = columns(6)


@pytest.fixture(scope="module")
def recorded() -> list[bytes]:
    return Side().record_patiently()


def options(port: int, **others: object) -> Warehouse:
    known = {
        "host": "127.0.0.1",
        "port": port,
        "user": "dbadmin",
        "password": SecretStr("secret"),
        "tlsmode": "disable",
        "login_timeout": WAITED_FOR,
        "lock_timeout": WAITED_FOR / 2,
        "connection_timeout": WAITED_FOR,
    }
    return Warehouse.model_validate({**known, **others})


def until(recorded: list[bytes], turn: int, *actions: Action) -> list[Turn]:
    """What a good server says until a turn, and what a false one says in it."""
    return [*([Say(said)] if said else [] for said in recorded[:turn]), [*actions]]


@contextmanager
def logged_in(
    recorded: list[bytes], *actions: Action, **others: object
) -> Iterator[tuple[FalseServer, Connection]]:
    """A connection to a server that answers the first question so."""
    script = until(recorded, ANSWERED, *actions)
    patient = {"login_timeout": 20, **others}
    with FalseServer(Side(), script) as server:
        connection = log_in_warehouse(options(server.port, **patient))
        with closing(connection):
            yield server, connection


TRICKLES = {
    "of its greeting": (PASSWORD_ASKED, Trickle(message(b"R", bytes(500))), "disable"),
    "when it lets in": (LET_IN, Trickle(NOTICE), "disable"),
    "of notices": (LET_IN, Trickle(NOTICE * 1_000), "disable"),
    "of its word for TLS": (PASSWORD_ASKED, Hang(), "require"),
    "of its TLS handshake": (
        PASSWORD_ASKED,
        Trickle(b"S\x16\x03\x03\x40\x00" + bytes(100)),
        "require",
    ),
}


@pytest.mark.parametrize("name", TRICKLES)
def test_a_login_that_trickles_has_an_end(recorded: list[bytes], name: str) -> None:
    turn, action, tlsmode = TRICKLES[name]
    with (
        FalseServer(Side(), until(recorded, turn, action)) as server,
        pytest.raises(TransientError, match=r"login_timeout, 0\.4 seconds") as raised,
    ):
        log_in_warehouse(options(server.port, tlsmode=tlsmode))
    assert f"Vertica 127.0.0.1:{server.port}" in str(raised.value)


def test_after_a_login_that_trickles_the_next_address_is_tried(
    recorded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Vertica()
    turn, action, _ = TRICKLES["when it lets in"]
    name_addresses(monkeypatch, {"db.example.com": ["127.0.0.2", "127.0.0.1"]})
    at = "127.0.0.2", server.port
    with FalseServer(Side(), until(recorded, turn, action), at) as false:
        ways = options(
            server.port, host="db.example.com", login_timeout=2, connection_timeout=9
        )
        with connect_warehouse(ways) as connection:
            assert connection.query("SELECT 1", int) == [[1]]
        assert false.clients
    server.stop()


def ask(connection: Connection) -> None:
    connection.query("SELECT 1")


def read(connection: Connection) -> None:
    list(connection.stream("SELECT 1"))


def copy(connection: Connection) -> None:
    copy_rows(connection, "COPY t FROM STDIN", repeat(bytes(1 << 20)))


@pytest.mark.parametrize(
    ("question", "action", "option"),
    [
        (ask, Hang(), "connection_timeout"),
        (ask, Trickle(ONE), "connection_timeout"),
        (ask, Trickle(ONE + row(b"1") * 1_000), "connection_timeout"),
        (read, Hang(), "connection_timeout"),
        (read, Trickle(ONE), "connection_timeout"),
        (copy, Hang(), "connection_timeout"),
    ],
)
def test_an_answer_that_does_not_come_whole_has_an_end(
    recorded: list[bytes],
    question: Callable[[Connection], None],
    action: Action,
    option: str,
) -> None:
    with (
        logged_in(recorded, action) as (server, connection),
        pytest.raises(TransientError, match=option) as raised,
    ):
        question(connection)
    assert f"Vertica 127.0.0.1:{server.port}" in str(raised.value)


def test_rows_that_come_whole_but_without_end_have_an_end(
    recorded: list[bytes],
) -> None:
    endless = Say(ONE), Flood(row(b"1"))
    with (
        logged_in(recorded, *endless, transfer_timeout=1) as (_, connection),
        pytest.raises(TransientError, match="transfer_timeout, 1 seconds"),
    ):
        for _ in connection.stream("SELECT 1", int):
            pass


def test_a_copy_that_nobody_takes_has_an_end(recorded: list[bytes]) -> None:
    with (
        logged_in(recorded, Say(COPY_IN), Deaf()) as (_, connection),
        pytest.raises(TransientError, match="nor took a message"),
    ):
        copy(connection)


def test_a_copy_whose_source_is_slow_has_an_end_too(recorded: list[bytes]) -> None:
    takes = [Say(COPY_IN)]
    with (
        logged_in(recorded, *takes, transfer_timeout=1) as (_, connection),
        pytest.raises(TransientError, match="transfer_timeout, 1 seconds"),
    ):
        copy_rows(connection, "COPY t FROM STDIN", repeat(b"1\n"))


def test_a_deadline_ends_its_own_connection_only(recorded: list[bytes]) -> None:
    script = until(recorded, ANSWERED, Hang())
    with FalseServer(Side(), script) as server:
        patient = options(server.port, login_timeout=20)
        with closing(log_in_warehouse(patient)) as other:
            with connect_warehouse(patient) as one, pytest.raises(TransientError):
                one.query("SELECT 1")
            assert other._raw.opened()


FLOODS = {
    "a message of 3.9 GB": (Say(message(b"E", b"", 3_900_000_000)),),
    "a row of 200 MB": (Say(ONE), Say(message(b"D", b"", 200 << 20))),
    "an error of 50 MB": (
        Say(message(b"E", b"SERROR\0M" + b"x" * (50 << 20) + b"\0\0")),
    ),
    "notices without end": (Flood(message(b"N", b"M" + b"x" * 9_000 + b"\0\0")),),
    "parameters without end": (Flood(message(b"S", b"a\0" + b"x" * 9_000 + b"\0")),),
    "rows without end": (Say(ONE), Flood(row(b"1" * 100_000))),
}


@pytest.mark.parametrize("name", FLOODS)
def test_more_than_an_answer_can_be_is_refused(
    recorded: list[bytes], name: str
) -> None:
    with logged_in(recorded, *FLOODS[name], connection_timeout=60) as (server, one):
        with pytest.raises(PermanentError, match="octets; the connection was closed"):
            one.query("SELECT 1")
        # Nothing is believed after that, and nobody is asked anew.
        with pytest.raises(ShardlineError, match="octets"):
            one.query("SELECT 1")
        assert server.clients == 1


@pytest.mark.parametrize("name", ["a message of 3.9 GB", "notices without end"])
def test_more_than_a_login_can_be_is_left_for_the_next_address(
    recorded: list[bytes], name: str
) -> None:
    script = until(recorded, LET_IN, *FLOODS[name])
    with (
        FalseServer(Side(), script) as server,
        pytest.raises(TransientError, match="octets") as raised,
    ):
        log_in_warehouse(options(server.port, login_timeout=60))
    assert f"Vertica 127.0.0.1:{server.port}" in str(raised.value)


TWICE = pack("!Hi", 3, 8) + bytes(8) + pack("!ii", -16, 0)
GARBAGE = {
    "an error without its end": message(b"E", b"SERROR\0Mno end"),
    "an unknown state": message(b"Z", b"Q"),
    "a short message": message(b"D", b"\0"),
    "a message of no length": message(b"D", b"", 0),
    "a value that is there twice": columns(9, 9, 9) + message(b"D", TWICE) + DONE,
    "text for a number": ONE + row(b"one") + DONE,
    "no UTF-8": columns(9) + row(b"\xff") + DONE,
    "values without columns": row(b"1") + DONE,
    "more values than columns": ONE + row(b"1", b"2") + DONE,
    "a number of a megabyte": columns(16) + row(b"9" * 500_000) + DONE,
    "a file to write": message(b"O", b"luigi.cfg\0" + pack("!I", 5) + b"owned"),
    "files to read, again and again": message(b"F", bytes(4)) * 10_000,
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_one_line_about_the_server(recorded: list[bytes], name: str) -> None:
    said = Say(GARBAGE[name])
    with (
        logged_in(recorded, said, connection_timeout=20) as (server, connection),
        pytest.raises(ShardlineError, match=r"does not answer as|octets") as raised,
    ):
        connection.query("SELECT 1")
    told = str(raised.value)
    assert told.isprintable()
    assert f"Vertica 127.0.0.1:{server.port}" in told


@pytest.mark.parametrize(
    "said",
    [
        message(b"R", pack("!I", 99)),
        message(b"R", b"\0"),
        message(b"E", b"SERROR\0Mno end"),
        message(b"E"),
        message(b"S", b"protocol_version\0many\0"),
        message(b"K", b"abc"),
        message(b"T", pack("!H", 1)),
        b"\0" * 64,
    ],
)
def test_garbage_at_a_login_is_one_line_about_the_server(
    recorded: list[bytes], said: bytes
) -> None:
    with (
        FalseServer(Side(), until(recorded, LET_IN, Say(said))) as server,
        pytest.raises(TransientError) as raised,
    ):
        log_in_warehouse(options(server.port, login_timeout=20))
    assert str(raised.value).isprintable()
    assert f"Vertica 127.0.0.1:{server.port}" in str(raised.value)


@pytest.mark.parametrize(
    "said",
    [DONE, ONE + DONE, ONE + row(b"1") * 2 + DONE, columns(9) + row(b"1") + DONE],
    ids=["nothing", "no row", "two rows", "text"],
)
def test_what_was_not_asked_for_is_told(recorded: list[bytes], said: bytes) -> None:
    with (
        logged_in(recorded, Say(said), connection_timeout=20) as (server, connection),
        pytest.raises(PermanentError, match="not asked for") as raised,
    ):
        connection.one_row("SELECT 1", int)
    assert f"Vertica 127.0.0.1:{server.port}" in str(raised.value)


def test_a_marker_of_another_day_is_told(recorded: list[bytes]) -> None:
    marker = columns(10, 9, 6, 6, 6) + row(b"2020-02-02", b"a", b"1", b"2", b"3")
    with (
        logged_in(recorded, Say(marker + DONE), connection_timeout=20) as (_, one),
        pytest.raises(PermanentError, match="2020-02-02"),
    ):
        read_loaded_days(
            one, "m.m", warehouse_table(), date(2019, 3, 1), date(2019, 3, 2)
        )


def test_a_defect_of_the_source_of_a_copy_stays_one(recorded: list[bytes]) -> None:
    def broken() -> Iterator[bytes]:
        yield b"1\n"
        raise KeyError("ours")

    with (
        logged_in(recorded, Say(COPY_IN)) as (_, connection),
        pytest.raises(KeyError, match="ours"),
    ):
        copy_rows(connection, "COPY t FROM STDIN", broken())


def test_a_server_that_is_lost_is_not_connected_to_anew(recorded: list[bytes]) -> None:
    with logged_in(recorded, HangUp()) as (server, connection):
        with pytest.raises(TransientError):
            connection.query("SELECT 1")
        with pytest.raises(TransientError):
            connection.commit()
        connection.close()
        assert server.clients == 1


def test_an_interrupt_is_not_lost_to_a_server_that_answers_no_cancel(
    recorded: list[bytes],
) -> None:
    opened: list[Connection] = []
    over = threading.Event()
    signal.signal(signal.SIGURG, lambda *_: None)
    # A shell that starts this in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt() -> None:
        """Interrupt it among its rows: the driver reads on to their end first.

        The main thread is woken as `Stopper` does: the signal may come just before it
        waits.
        """
        while not (opened and opened[0]._raw._cursor.description):
            pass
        os.kill(os.getpid(), signal.SIGINT)
        while not over.wait(0.5):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGURG)

    def be_interrupted(port: int) -> None:
        waits = options(port, login_timeout=2, connection_timeout=60)
        with connect_warehouse(waits) as connection:
            opened.append(connection)
            connection.query("SELECT 1")

    script = until(recorded, ANSWERED, Say(ONE), Do(interrupt), Hang())
    with FalseServer(Side(), script) as server, ExitStack() as ending:
        ending.callback(over.set)
        with pytest.raises(KeyboardInterrupt):
            be_interrupted(server.port)


def test_one_false_server_does_not_take_the_list_of_the_others(
    project: Project, recorded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_shard()
    script = until(recorded, ANSWERED, Say(GARBAGE["values without columns"]))
    with FalseServer(Side(), script) as server:
        known = project.sandbox.addresses
        login = f"vertica://{known.user}:{known.password}@"
        monkeypatch.setenv(
            "SHARDLINE_CONNECTION_WAREHOUSE",
            f"{login}127.0.0.1:{server.port},127.0.0.1:{known.vertica.port}/"
            f"{known.database}?tlsmode=disable",
        )
        result = project.run("shardline", "connections", "--test")
    assert (result.code, result.err) == (30, "")
    assert [line.split()[:3:2] for line in result.out.splitlines()] == [
        ["warehouse", "failed"],
        ["warehouse", "ok"],
        ["mssql_0", "ok"],
    ]
    assert "does not answer as Vertica does" in result.out
    assert "defect" not in result.out
