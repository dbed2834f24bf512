from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from vertica_python import errors

from tests.kit.vertica_client import KEYED, MARK, Background, Client, waiting

if TYPE_CHECKING:
    from tests.kit.vertica_client import Vertica


def test_loaders_share_a_table_and_a_delete_waits_for_them(
    client: Client, other: Client, vertica: Vertica, table: str
) -> None:
    client.copy(f"COPY {table} FROM STDIN NO COMMIT", "1|x")
    other.copy(f"COPY {table} FROM STDIN NO COMMIT", "2|y")
    third = Client(vertica.connect())
    deleting = Background(third, f"DELETE FROM {table}")
    assert waiting(client, deleting)
    client.connection.commit()
    other.connection.commit()
    assert deleting.finish() is None
    third.connection.commit()
    assert client.run(f"SELECT COUNT(*) FROM {table}") == [[0]]


def test_the_second_of_two_markers_waits_and_then_is_a_duplicate(
    client: Client, other: Client
) -> None:
    client.run(KEYED)
    client.run(MARK)
    second = Background(other, MARK)
    assert waiting(client, second)
    client.connection.commit()
    failure = second.finish()
    assert isinstance(failure, errors.QueryError)
    assert failure.sqlstate == "23505"


def test_the_second_of_two_markers_succeeds_if_the_first_rolls_back(
    client: Client, other: Client
) -> None:
    client.run(KEYED)
    client.run(MARK)
    second = Background(other, MARK)
    assert waiting(client, second)
    client.connection.rollback()
    assert second.finish() is None
    other.connection.commit()
    assert client.run("SELECT COUNT(*) FROM marker") == [[1]]


def test_a_lock_that_does_not_come_rolls_the_transaction_back(
    client: Client, other: Client, table: str
) -> None:
    client.run("CREATE TABLE u (a INT)")
    client.run(f"DELETE FROM {table}")
    other.run("INSERT INTO u VALUES (1)")
    with pytest.raises(errors.LockFailure) as failure:
        other.run(f"INSERT INTO {table} VALUES (1, 'x')")
    assert failure.value.error_code in {"5156", "5157"}
    assert failure.value.severity == "ROLLBACK"
    other.connection.commit()
    assert client.run("SELECT COUNT(*) FROM u") == [[0]]


def test_a_deadlock_is_an_error_for_one_of_the_two(
    client: Client, other: Client, table: str
) -> None:
    client.run(f"INSERT INTO {table} VALUES (1, 'x')")
    other.run(f"INSERT INTO {table} VALUES (2, 'y')")
    first = Background(client, f"DELETE FROM {table}")
    assert first.running()
    failures = []
    try:
        other.run(f"DELETE FROM {table}")
    except errors.QueryError as failure:
        failures.append(failure)
    other.connection.rollback()
    one = first.finish()
    failures += [one] if isinstance(one, errors.QueryError) else []
    assert [(f.sqlstate, f.error_code) for f in failures] == [("40V01", "3010")]


def test_ddl_waits_for_those_who_write(
    client: Client, other: Client, table: str
) -> None:
    client.run(f"INSERT INTO {table} VALUES (1, 'x')")
    dropping = Background(other, f"DROP TABLE {table}")
    assert waiting(client, dropping)
    client.connection.commit()
    assert dropping.finish() is None
    assert client.fails(f"SELECT * FROM {table}")[0] == "42V01"


def test_locks_are_listed(client: Client, other: Client) -> None:
    client.run(KEYED)
    client.run(MARK)
    rows = other.run("SELECT object_name, lock_mode FROM v_monitor.locks ORDER BY 2")
    assert rows == [["Table:public.marker", "I"], ["Table:public.marker", "IV"]]


def test_a_client_that_goes_away_frees_its_locks(
    client: Client, other: Client, table: str
) -> None:
    client.run(f"DELETE FROM {table}")
    deleting = Background(other, f"DELETE FROM {table}")
    client.connection.close()
    assert deleting.finish() is None


def test_a_client_that_goes_away_while_it_waits_leaves_the_queue(
    patient: Vertica,
) -> None:
    holder = Client(patient.connect())
    holder.run("CREATE TABLE t (a INT)")
    holder.run("INSERT INTO t VALUES (1)")
    leaving = Client(patient.connect())
    deleting = Background(leaving, "DELETE FROM t")
    assert waiting(holder, deleting)
    leaving.connection.socket.shutdown(2)
    assert isinstance(deleting.finish(), errors.ConnectionError)
    assert Client(patient.connect()).run("INSERT INTO t VALUES (2)") == [[1]]


def test_waiting_for_a_lock_can_be_cancelled(
    client: Client, other: Client, table: str
) -> None:
    client.run(f"DELETE FROM {table}")
    inserting = Background(other, f"INSERT INTO {table} VALUES (1, 'x')")
    assert waiting(client, inserting)
    other.connection.cancel()
    assert isinstance(inserting.finish(), errors.QueryCanceled)


@pytest.mark.parametrize(
    ("mode", "shown", "blocked", "let"),
    [
        ("EXCLUSIVE", "X", "INSERT INTO t VALUES (1, 'x')", "SELECT * FROM t"),
        ("SHARE", "S", "INSERT INTO t VALUES (1, 'x')", "LOCK t IN SHARE MODE"),
        ("INSERT", "I", "DELETE FROM t", "INSERT INTO t VALUES (1, 'x')"),
        ("INSERT VALIDATE", "IV", "DELETE FROM t", "LOCK t IN USAGE MODE"),
        ("SHARE INSERT", "SI", "LOCK t IN SHARE MODE", "LOCK t IN NOT DELETE MODE"),
        ("NOT DELETE", "T", "DELETE FROM t", "INSERT INTO t VALUES (1, 'x')"),
        ("USAGE", "U", "LOCK t IN OWNER MODE", "DELETE FROM t"),
        ("OWNER", "O", "LOCK t IN USAGE MODE", "SELECT * FROM t"),
    ],
)
@pytest.mark.usefixtures("table")
def test_a_table_is_locked_by_name_and_mode(
    client: Client, other: Client, mode: str, shown: str, blocked: str, let: str
) -> None:
    client.run(f"LOCK TABLE t IN {mode} MODE")
    assert client.run("SELECT lock_mode FROM v_monitor.locks") == [[shown]]
    other.run(let)
    other.connection.rollback()
    second = Background(other, blocked)
    assert waiting(client, second)
    client.connection.commit()
    assert second.finish() is None


@pytest.mark.usefixtures("table")
def test_a_lock_that_is_not_waited_for_fails_at_once(
    patient: Vertica,
) -> None:
    holder, other = Client(patient.connect()), Client(patient.connect())
    holder.run("CREATE TABLE t (a INT)")
    holder.run("LOCK t IN EXCLUSIVE MODE")
    with pytest.raises(errors.LockFailure):
        other.run("LOCK TABLE t IN EXCLUSIVE MODE NOWAIT")
    assert other.fails("LOCK TABLE t IN X MODE") == ("42601", 4856)
    assert other.fails("LOCK TABLE missing IN SHARE MODE") == ("42V01", 4566)


@pytest.mark.usefixtures("table")
def test_rows_read_for_update_lock_their_table(client: Client, other: Client) -> None:
    assert client.run("SELECT a FROM t FOR UPDATE") == []
    second = Background(other, "INSERT INTO t VALUES (1, 'x')")
    assert waiting(client, second)
    client.connection.commit()
    assert second.finish() is None


@pytest.mark.usefixtures("table")
def test_a_serializable_reader_holds_off_writers_to_its_end(
    client: Client, other: Client
) -> None:
    client.run("CREATE VIEW v AS SELECT a FROM t")
    client.run(
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE"
    )
    assert client.run("SHOW TRANSACTION_ISOLATION")[0][1] == "SERIALIZABLE"
    assert client.run("SELECT COUNT(*) FROM v") == [[0]]
    writing = Background(other, "INSERT INTO t VALUES (1, 'x')")
    assert waiting(client, writing)
    assert client.run("SELECT COUNT(*) FROM v") == [[0]]
    client.connection.commit()
    assert writing.finish() is None
