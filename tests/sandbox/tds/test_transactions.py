from __future__ import annotations

from collections.abc import Iterator

import pymssql
import pytest

from tests.kit.tds_server import Run, Server, number_of, rows_of


@pytest.fixture
def accounts(run: Run) -> Iterator[Run]:
    run("DROP TABLE IF EXISTS accounts")
    run("CREATE TABLE accounts (id int PRIMARY KEY, n int)")
    run("INSERT accounts VALUES (1, 10)")
    yield run
    run("DROP TABLE IF EXISTS accounts")


def test_the_driver_commits_and_rolls_back(server: Server, accounts: Run) -> None:
    connection = server.connect(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("INSERT accounts VALUES (2, 20)")
    assert accounts("SELECT count(*) FROM accounts") == [(1,)]
    connection.commit()
    assert accounts("SELECT count(*) FROM accounts") == [(2,)]
    cursor.execute("DELETE accounts")
    connection.rollback()
    connection.rollback()
    assert rows_of(cursor, "SELECT count(*) FROM accounts") == [(2,)]
    cursor.execute("DELETE accounts")
    connection.autocommit(True)  # rolls back
    cursor.execute("DELETE accounts WHERE id = 2")
    connection.close()
    assert accounts("SELECT count(*) FROM accounts") == [(1,)]


def test_closing_the_connection_rolls_back(server: Server, accounts: Run) -> None:
    with server.cursor(autocommit=False) as cursor:
        cursor.execute("DELETE accounts")
    assert accounts("SELECT count(*) FROM accounts") == [(1,)]


def test_an_error_undoes_its_statement_only(accounts: Run) -> None:
    accounts("BEGIN TRANSACTION INSERT accounts VALUES (2, 20)")
    with pytest.raises(pymssql.IntegrityError):
        accounts("INSERT accounts VALUES (3, 30), (1, 1)")
    with pytest.raises(pymssql.OperationalError):
        accounts("UPDATE accounts SET n = 1 / (n - 20)")
    assert accounts("SELECT @@TRANCOUNT") == [(1,)]
    accounts("COMMIT")
    assert accounts("SELECT * FROM accounts ORDER BY id") == [(1, 10), (2, 20)]


def test_xact_abort_undoes_the_transaction(accounts: Run) -> None:
    accounts("SET XACT_ABORT ON BEGIN TRAN INSERT accounts VALUES (2, 20)")
    with pytest.raises(pymssql.IntegrityError):
        accounts("INSERT accounts VALUES (1, 1)")
    assert accounts("SELECT @@TRANCOUNT, (SELECT count(*) FROM accounts)") == [(0, 1)]


def test_transactions_nest_by_counting(accounts: Run) -> None:
    accounts("BEGIN TRAN BEGIN TRAN inner_one INSERT accounts VALUES (2, 20)")
    accounts("COMMIT TRAN")
    assert accounts("SELECT @@TRANCOUNT") == [(1,)]
    accounts("ROLLBACK")
    assert accounts("SELECT @@TRANCOUNT, (SELECT count(*) FROM accounts)") == [(0, 1)]


def test_savepoints(accounts: Run) -> None:
    accounts("BEGIN TRAN INSERT accounts VALUES (2, 20) SAVE TRAN here")
    accounts("INSERT accounts VALUES (3, 30) ROLLBACK TRAN here COMMIT")
    assert accounts("SELECT id FROM accounts ORDER BY id") == [(1,), (2,)]


@pytest.mark.parametrize(("sql", "number"), [("COMMIT TRAN", 3902), ("ROLLBACK", 3903)])
def test_ending_what_was_not_begun(run: Run, sql: str, number: int) -> None:
    with pytest.raises(pymssql.Error) as refused:
        run(sql)
    assert number_of(refused) == number


def test_an_open_transaction_reads_what_others_commit(
    server: Server, accounts: Run
) -> None:
    with server.cursor(autocommit=False) as reader:
        assert rows_of(reader, "SELECT count(*) FROM accounts") == [(1,)]
        accounts("INSERT accounts VALUES (2, 20)")
        assert rows_of(reader, "SELECT count(*) FROM accounts") == [(2,)]
        reader.execute("INSERT accounts VALUES (3, 30)")
        accounts("INSERT accounts VALUES (4, 40)")
        assert rows_of(reader, "SELECT count(*) FROM accounts") == [(4,)]


def test_definitions_are_part_of_the_transaction(server: Server, accounts: Run) -> None:
    accounts("BEGIN TRAN CREATE TABLE passing (id int) DROP TABLE accounts")
    assert accounts("SELECT * FROM passing") == []
    with server.cursor() as other:
        assert rows_of(other, "SELECT count(*) FROM accounts") == [(1,)]
    accounts("ROLLBACK")
    assert accounts("SELECT count(*) FROM accounts") == [(1,)]
    with pytest.raises(pymssql.ProgrammingError):
        accounts("SELECT * FROM passing")


def test_a_batch_goes_on_after_a_refused_row_and_stops_at_a_missing_table(
    accounts: Run,
) -> None:
    with pytest.raises(pymssql.IntegrityError):
        accounts("INSERT accounts VALUES (1, 1) INSERT accounts VALUES (2, 2)")
    with pytest.raises(pymssql.ProgrammingError):
        accounts("INSERT nope VALUES (1) INSERT accounts VALUES (3, 3)")
    assert accounts("SELECT id FROM accounts ORDER BY id") == [(1,), (2,)]
