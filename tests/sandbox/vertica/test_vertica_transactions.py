from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from vertica_python import errors

from sandbox.holds import Failure, Rule
from tests.kit.vertica_client import KEYED, MARK, PATIENCE, Client

if TYPE_CHECKING:
    from tests.kit.vertica_client import Vertica


def test_nothing_is_seen_by_others_before_the_commit(
    client: Client, other: Client, table: str
) -> None:
    assert client.run(f"INSERT INTO {table} VALUES (1, 'x'), (2, 'y')") == [[2]]
    assert other.run(f"SELECT COUNT(*) FROM {table}") == [[0]]
    client.connection.commit()
    assert other.run(f"SELECT COUNT(*) FROM {table}") == [[2]]


def test_an_idle_transaction_sees_what_others_commit(
    client: Client, other: Client, table: str
) -> None:
    client.run(f"INSERT INTO {table} VALUES (1, 'x')")
    other.run(f"INSERT INTO {table} VALUES (2, 'y')")
    other.connection.commit()
    assert client.run(f"SELECT a FROM {table} ORDER BY a") == [[1], [2]]
    client.connection.rollback()
    assert client.run(f"SELECT a FROM {table}") == [[2]]


def test_dml_tells_its_count_as_a_result(client: Client, table: str) -> None:
    assert client.run(f"INSERT INTO {table} VALUES (1, 'x'), (2, 'y')") == [[2]]
    assert client.cursor.description[0].name == "OUTPUT"
    assert client.run(f"UPDATE {table} SET b = 'z' WHERE a > 1") == [[1]]
    assert client.run(f"INSERT INTO {table} SELECT a + 10, b FROM {table}") == [[2]]
    assert client.run(f"DELETE FROM {table} WHERE a > 10") == [[2]]
    merge = (
        f"MERGE INTO {table} USING (SELECT 1 a UNION ALL SELECT 5) s ON {table}.a = s.a"
        " WHEN MATCHED THEN UPDATE SET b = 'm'"
        " WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, 'n')"
    )
    assert client.run(merge) == [[2]]
    rows = client.run(f"SELECT a, b FROM {table} ORDER BY a")
    assert rows == [[1, "m"], [2, "z"], [5, "n"]]


def test_the_status_tells_whether_a_transaction_is_open(
    client: Client, table: str
) -> None:
    def status_after(statement: str) -> str:
        client.run(statement)
        client.cursor.nextset()
        return str(client.connection.transaction_status)

    assert status_after("COMMIT") == "no_transaction"
    assert status_after(f"INSERT INTO {table} VALUES (1, 'x')") == "in_transaction"
    assert status_after("ROLLBACK") == "no_transaction"


def test_autocommit_can_be_switched(client: Client, other: Client, table: str) -> None:
    client.connection.autocommit = True
    assert client.connection.autocommit
    client.run(f"INSERT INTO {table} VALUES (1, 'x')")
    assert other.run(f"SELECT COUNT(*) FROM {table}") == [[1]]
    client.run("BEGIN")
    client.run(f"INSERT INTO {table} VALUES (2, 'x')")
    client.run("ROLLBACK")
    client.connection.autocommit = False
    client.run(f"INSERT INTO {table} VALUES (3, 'x')")
    client.connection.rollback()
    assert client.run(f"SELECT a FROM {table}") == [[1]]


def test_a_failing_statement_undoes_itself_alone(client: Client, table: str) -> None:
    client.run(f"INSERT INTO {table} VALUES (1, 'x')")
    client.copy(f"COPY {table} FROM STDIN NO COMMIT", "2|y\n3|z")
    assert (
        client.fails(f"INSERT INTO {table} VALUES (4, 'x'), (NULL, 'y')")[0] == "22004"
    )
    assert client.fails(f"UPDATE {table} SET a = NULL")[0] == "22004"
    assert client.fails(f"UPDATE {table} SET b = 'far too long'")[0] == "22001"
    with pytest.raises(errors.CopyRejected):
        client.copy(f"COPY {table} FROM STDIN ABORT ON ERROR NO COMMIT", "5|y\nx|z")
    client.connection.commit()
    assert client.run(f"SELECT a FROM {table} ORDER BY a") == [[1], [2], [3]]


def test_ddl_commits_what_is_open(client: Client, other: Client, table: str) -> None:
    client.run(f"INSERT INTO {table} VALUES (1, 'x')")
    client.run("CREATE TABLE u (a INT)")
    client.connection.rollback()
    assert other.run(f"SELECT a FROM {table}") == [[1]]


def test_truncate_commits_even_if_it_fails(
    client: Client, other: Client, table: str
) -> None:
    client.run(f"INSERT INTO {table} VALUES (1, 'x')")
    assert client.fails("TRUNCATE TABLE missing")[0] == "42V01"
    assert other.run(f"SELECT a FROM {table}") == [[1]]
    client.run(f"TRUNCATE TABLE {table}")
    client.connection.rollback()
    assert other.run(f"SELECT a FROM {table}") == []


def test_an_enabled_key_is_checked_at_the_insert_and_keeps_earlier_work(
    client: Client, table: str
) -> None:
    client.run(KEYED)
    client.run(MARK)
    client.connection.commit()
    client.copy(f"COPY {table} FROM STDIN NO COMMIT", "1|x")
    with pytest.raises(errors.QueryError) as failure:
        client.run(MARK)
    assert (failure.value.sqlstate, failure.value.error_code) == ("23505", "6745")
    assert (
        "Duplicate key values: 'target=orders,day=2019-03-14' -- violates constraint "
        "'public.marker.pk'" in failure.value.message
    )
    client.connection.commit()
    assert client.run(f"SELECT a FROM {table}") == [[1]]
    assert client.run("SELECT COUNT(*) FROM marker") == [[1]]


def test_a_key_is_checked_within_the_statement_and_one_s_own_rows(
    client: Client,
) -> None:
    client.run("CREATE TABLE k (a INT PRIMARY KEY ENABLED, b INT)")
    assert client.fails("INSERT INTO k VALUES (1, 1), (1, 2)")[0] == "23505"
    client.run("INSERT INTO k VALUES (1, 1), (2, 2)")
    assert client.fails("INSERT INTO k VALUES (2, 3)")[0] == "23505"
    assert client.fails("UPDATE k SET a = 1 WHERE a = 2")[0] == "23505"
    with pytest.raises(errors.QueryError) as failure:
        client.copy("COPY k FROM STDIN NO COMMIT", "3|3\n3|4")
    assert failure.value.sqlstate == "23505"
    assert client.run("SELECT * FROM k ORDER BY a") == [[1, 1], [2, 2]]


def test_a_key_that_is_not_enabled_is_no_key(client: Client) -> None:
    client.run("CREATE TABLE k (a INT PRIMARY KEY, b INT UNIQUE DISABLED)")
    assert client.run("INSERT INTO k VALUES (1, 1), (1, 1)") == [[2]]
    assert client.fails("INSERT INTO k VALUES (NULL, 1)")[0] == "22004"
    assert (
        client.fails("ALTER TABLE k ALTER CONSTRAINT C_PRIMARY ENABLED")[0] == "23505"
    )
    client.run("DELETE FROM k")
    client.run("ALTER TABLE k ALTER CONSTRAINT C_PRIMARY ENABLED")
    assert client.fails("INSERT INTO k VALUES (1, 1), (1, 1)")[0] == "23505"
    client.run("ALTER TABLE k ALTER CONSTRAINT C_PRIMARY DISABLED")
    assert client.run("INSERT INTO k VALUES (1, 1), (1, 1)") == [[2]]


def test_a_unique_key_allows_nulls(client: Client) -> None:
    client.run("CREATE TABLE k (a INT, CONSTRAINT u UNIQUE (a) ENABLED)")
    client.run("INSERT INTO k VALUES (NULL), (NULL), (1)")
    assert client.fails("INSERT INTO k VALUES (1)")[0] == "23505"


def test_a_connection_killed_at_its_insert_leaves_nothing_and_no_lock(
    vertica: Vertica, client: Client, other: Client, table: str
) -> None:
    client.run(KEYED)
    client.copy(f"COPY {table} FROM STDIN NO COMMIT", "1|x")
    vertica.holds.add(Rule("INSERT INTO marker", when="after", action="kill"))
    with pytest.raises(errors.ConnectionError):
        client.run(MARK)
    assert other.run(MARK) == [[1]]
    other.run(f"DELETE FROM {table}")
    assert other.run(f"SELECT COUNT(*) FROM {table}") == [[0]]


@pytest.mark.parametrize(("when", "rows"), [("before", 0), ("after", 1)])
def test_a_connection_killed_at_its_commit_has_committed_or_not(
    vertica: Vertica, client: Client, other: Client, table: str, when: str, rows: int
) -> None:
    client.run(f"INSERT INTO {table} VALUES (1, 'x')")
    vertica.holds.add(Rule("COMMIT", when=when, action="kill"))
    with pytest.raises(errors.ConnectionError):
        client.connection.commit()
    other.run(f"DELETE FROM {table} WHERE a > 5")
    assert other.run(f"SELECT COUNT(*) FROM {table}") == [[rows]]


def test_copy_is_held_once_its_rows_are_in(
    vertica: Vertica, client: Client, other: Client, table: str
) -> None:
    hold = vertica.holds.add(Rule("COPY", when="after"))
    loading = threading.Thread(
        target=client.copy, args=(f"COPY {table} FROM STDIN", "1|x\n2|y")
    )
    loading.start()
    vertica.holds.wait(hold, timeout=PATIENCE)
    assert other.run(f"SELECT COUNT(*) FROM {table}") == [[2]]
    assert loading.is_alive()
    vertica.holds.release(hold=hold)
    loading.join(PATIENCE)
    assert not loading.is_alive()


def test_a_failure_by_order_looks_like_the_server_s(
    vertica: Vertica, client: Client, table: str
) -> None:
    failure = Failure("Locking failure", number=5156, sqlstate="55V03", rollback=True)
    vertica.holds.add(Rule("VALUES \\(2", action="fail", failure=failure))
    client.run(f"INSERT INTO {table} VALUES (1, 'x')")
    with pytest.raises(errors.LockFailure):
        client.run(f"INSERT INTO {table} VALUES (2, 'y')")
    client.connection.commit()
    assert client.run(f"SELECT COUNT(*) FROM {table}") == [[0]]


def test_fifty_connections_may_create_the_same_at_once(vertica: Vertica) -> None:
    clients = [Client(vertica.connect()) for _ in range(50)]
    ready = threading.Barrier(len(clients))
    faults: list[Exception] = []

    def create(client: Client) -> None:
        ready.wait(PATIENCE)
        try:
            client.run("CREATE SCHEMA IF NOT EXISTS s")
            client.run("CREATE TABLE IF NOT EXISTS s.t (a INT) ORDER BY a")
            client.run("INSERT INTO s.t VALUES (1)")
            client.connection.commit()
        except Exception as failure:  # noqa: BLE001 - handed to the test
            faults.append(failure)

    threads = [threading.Thread(target=create, args=(c,)) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert clients[0].run("SELECT COUNT(*) FROM s.t") == [[50]]
