from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator

import pymssql
import pytest

from pipelines.source.login_messages import Message, login_messages
from sandbox.engine import Engine
from sandbox.holds import Failure, Rule
from tests.kit.relay import Relay
from tests.kit.tds_server import Run, Server, number_of, rows_of

APPLICATION_DATA = 23
"""A record's first octet (RFC 5246, 6.2.1)."""


@pytest.mark.parametrize("version", ["7.1", "7.2", "7.3", "7.4", None])
def test_a_session_of_every_version(server: Server, version: str | None) -> None:
    with server.cursor(tds_version=version) as cursor:
        expected = float(version or "7.4")
        assert cursor.connection._conn.tds_version == expected
        assert rows_of(cursor, "SELECT 1, N'ж'") == [(1, "ж")]


@pytest.mark.parametrize("encryption", ["off", "request", None])
def test_a_connection_in_the_clear(server: Server, encryption: str | None) -> None:
    with server.cursor(encryption=encryption) as cursor:
        assert rows_of(cursor, "SELECT 1") == [(1,)]


def test_all_that_is_said_is_encrypted_for_a_client_that_insists(
    server: Server,
) -> None:
    with server.cursor(encryption="require") as cursor:
        assert rows_of(cursor, "SELECT N'ж'") == [("ж",)]
        long = "ж" * 200_000
        cursor.execute("SELECT %s", (long,))
        assert cursor.fetchall() == [(long,)]


def test_each_encrypted_packet_is_a_record_of_its_own(server: Server) -> None:
    said = bytearray()

    def hear(_: bytes, answer: bytes) -> bytes:
        said.extend(answer)
        return answer

    with Relay(server.host, server.port, hear) as relay:
        port = str(relay.port)
        with server.cursor(port=port, encryption="require") as cursor:
            rows_of(cursor, "SELECT %s", ("ж" * 100_000,))
    sizes = [size for size in record_sizes(bytes(said)) if size > 2_000]
    assert len(sizes) > 40
    assert all(4_096 < size < 4_096 + 64 for size in sizes[:40])


def record_sizes(said: bytes) -> Iterator[int]:
    """The lengths of a server's records of TLS, after the handshake in packets."""
    at = 0
    while at < len(said):
        if said[at] == APPLICATION_DATA:
            (size,) = struct.unpack_from(">H", said, at + 3)
            yield size
            at += 5 + size
        else:
            at += struct.unpack_from(">H", said, at + 2)[0]


def test_a_query_is_cancelled_under_encryption_too(server: Server) -> None:
    with server.cursor(encryption="require") as cursor:
        cursor.execute("SELECT a.object_id FROM sys.objects a")
        cursor.connection._conn.cancel()
        assert rows_of(cursor, "SELECT 1") == [(1,)]


def refusal(server: Server, database: str = "shop", **login: str) -> list[Message]:
    """What a server refuses a login with; the driver keeps a process's first only."""
    with (
        login_messages().heard() as heard,
        pytest.raises(pymssql.OperationalError),
    ):
        server.connect(database, **login)
    return heard


def test_a_wrong_password_is_18456(server: Server) -> None:
    told = (18456, "Login failed for user 'sa'.")
    assert refusal(server, password="wrong") == [told]
    (unknown,) = refusal(server, user="nobody", password="right")
    assert unknown.number == 18456


def test_an_unknown_database_fails_the_login(server: Server) -> None:
    found = refusal(server, "no such database")
    assert [one.number for one in found] == [4060, 18456]


def test_databases_may_be_called_anything(server: Server) -> None:
    name = 'it\'s [a] "name" / ц'
    with server.cursor() as cursor:
        cursor.execute("USE " + "[" + name.replace("]", "]]") + "]")
        assert rows_of(cursor, "SELECT DB_NAME()") == [(name,)]
    with server.cursor("OTHER") as cursor:
        assert rows_of(cursor, "SELECT DB_NAME()") == [("other",)]
    with server.cursor("") as cursor:
        assert rows_of(cursor, "SELECT DB_NAME()") == [("master",)]


def test_tables_belong_to_their_database(server: Server) -> None:
    with server.cursor("other") as cursor:
        cursor.execute("DROP TABLE IF EXISTS here CREATE TABLE here (id int)")
        cursor.execute("USE shop")
        with pytest.raises(pymssql.ProgrammingError):
            cursor.execute("SELECT * FROM here")
        cursor.execute("USE other SELECT * FROM here")
        assert cursor.fetchall() == []


def test_a_new_query_gives_up_the_rows_that_were_not_read(server: Server) -> None:
    with server.cursor() as cursor:
        cursor.execute("SELECT t.name FROM sys.types t, sys.types u, sys.types v")
        assert cursor.fetchone() is not None
        assert rows_of(cursor, "SELECT 5") == [(5,)]
        second = cursor.connection.cursor()
        cursor.execute("SELECT 1 UNION ALL SELECT 2")
        assert rows_of(second, "SELECT 6") == [(6,)]


def test_closing_in_the_middle_of_rows_leaves_the_server_well(
    server: Server, run: Run
) -> None:
    with server.cursor() as cursor:
        cursor.execute("SELECT t.name FROM sys.types t, sys.types u, sys.types v")
        cursor.fetchone()
    assert run("SELECT 1") == [(1,)]


def test_many_rows_arrive_in_order(server: Server, run: Run) -> None:
    run(
        "DROP TABLE IF EXISTS many "
        "CREATE TABLE many (id bigint, t datetime2, s varchar(9))"
    )
    session = server.engine.session("mssql_0", "shop", schema="dbo")
    session.write(
        "INSERT INTO many SELECT range, range * 10, "
        "CASE WHEN range % 3 > 0 THEN range::VARCHAR END FROM range(100000)"
    )
    session.close()
    with server.cursor() as cursor:
        cursor.execute("SELECT id FROM many")
        assert [row[0] for row in cursor] == list(range(100_000))
        cursor.execute("SELECT id, s FROM many")
        assert [row[1] for row in cursor.fetchmany(4)] == [None, "1", "2", None]
        assert sum(1 for _ in cursor) == 99_996


def test_connections_work_at_the_same_time(server: Server) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with server.cursor() as cursor:
                for n in range(20):
                    assert rows_of(cursor, f"SELECT {number} + {n}") == [(number + n,)]
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures


def test_a_statement_is_held_killed_and_failed_by_its_text(
    server: Server, run: Run
) -> None:
    run("DROP TABLE IF EXISTS held CREATE TABLE held (id int)")
    failing = server.holds.add(
        Rule(
            "INSERT held",
            action="fail",
            database="shop",
            client_pid=os.getpid(),
            failure=Failure("deadlock", number=1205, rollback=True),
        )
    )
    run("BEGIN TRAN")
    with pytest.raises(pymssql.OperationalError) as failed:
        run("INSERT held VALUES (1)")
    assert number_of(failed) == 1205
    assert run("SELECT @@TRANCOUNT") == [(0,)]
    server.holds.remove(failing)
    killing = server.holds.add(Rule("INSERT held", when="after", action="kill"))
    with server.cursor() as cursor, pytest.raises(pymssql.OperationalError) as failed:
        cursor.execute("INSERT held VALUES (2)")
    server.holds.remove(killing)
    assert run("SELECT id FROM held") == [(2,)]
    with server.cursor(autocommit=False) as cursor:
        killing = server.holds.add(Rule("COMMIT", action="kill"))
        cursor.execute("INSERT held VALUES (3)")
        with pytest.raises(pymssql.OperationalError):
            cursor.connection.commit()
        server.holds.remove(killing)
    assert run("SELECT id FROM held") == [(2,)]


def test_a_held_select_answers_when_it_is_released(server: Server) -> None:
    hold = server.holds.add(Rule("SELECT 'held'", when="after"))
    found: list[object] = []

    def ask() -> None:
        with server.cursor() as cursor:
            found.extend(rows_of(cursor, "SELECT 'held'"))

    thread = threading.Thread(target=ask)
    thread.start()
    (caught,) = server.holds.wait(hold, timeout=10)
    assert (caught.server, caught.database) == ("mssql_0", "shop")
    assert not found
    server.holds.remove(hold)
    thread.join(10)
    assert found == [("held",)]


def test_stopping_closes_what_is_open() -> None:
    engine = Engine(None)
    engine.create_database("mssql_0", "shop")
    server = Server(engine)
    connection = server.connect()
    server.stop()
    with pytest.raises(pymssql.Error):
        connection.cursor().execute("SELECT 1")
    with pytest.raises(pymssql.OperationalError):
        server.connect()
    engine.close()


def test_a_procedure_call_is_refused_by_name(server: Server) -> None:
    with server.cursor() as cursor:
        with pytest.raises(pymssql.Error) as failed:
            cursor.callproc("some_procedure", (1,))
        assert "some_procedure" in str(failed.value)
        assert rows_of(cursor, "SELECT 1") == [(1,)]


def test_options_that_change_nothing_are_taken(run: Run) -> None:
    run(
        "SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW; SET NOCOUNT OFF; "
        "SET TEXTSIZE 2147483647; SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; "
        "SET ANSI_NULLS, ANSI_PADDING ON; SET LANGUAGE us_english; SET DATEFIRST 7"
    )
    assert run("SELECT @@LOCK_TIMEOUT") == [(5000,)]
