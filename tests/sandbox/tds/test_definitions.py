from __future__ import annotations

from pathlib import Path

import pymssql
import pytest

from sandbox.engine import Engine
from tests.kit.tds_server import Run, Server, number_of, rows_of


@pytest.fixture
def things(run: Run) -> Run:
    run("IF OBJECT_ID('things') IS NOT NULL DROP TABLE things")
    run("CREATE TABLE things (id int NOT NULL, name varchar(5), PRIMARY KEY (id))")
    run("INSERT things VALUES (1, 'a'), (2, 'b')")
    return run


def refusal(run: Run, sql: str) -> int:
    with pytest.raises(pymssql.Error) as refused:
        run(sql)
    return number_of(refused)


def test_tables_come_and_go(things: Run) -> None:
    assert refusal(things, "CREATE TABLE things (id int)") == 2714
    things("DROP TABLE things")
    assert refusal(things, "SELECT * FROM things") == 208
    assert refusal(things, "DROP TABLE things") == 3701
    things("DROP TABLE IF EXISTS things")
    assert refusal(things, "CREATE TABLE nowhere.x (id int)") == 2760
    things("CREATE SCHEMA own CREATE TABLE own.x (id int)")
    assert things("SELECT * FROM own.x") == []
    things("DROP TABLE own.x")


def test_columns_are_added_dropped_and_altered(things: Run) -> None:
    things("ALTER TABLE things ADD price decimal(5, 2) NULL, n int NOT NULL DEFAULT 7")
    assert things("SELECT * FROM things WHERE id = 1") == [(1, "a", None, 7)]
    things("ALTER TABLE things ALTER COLUMN name nvarchar(20) NOT NULL")
    things("INSERT things (id, name) VALUES (3, N'ж is longer')")
    assert refusal(things, "INSERT things (id) VALUES (4)") == 515
    assert refusal(things, "ALTER TABLE things ALTER COLUMN name varchar(3)") == 2628
    things("ALTER TABLE things DROP COLUMN price, n")
    assert things("SELECT * FROM things WHERE id = 3") == [(3, "ж is longer")]
    assert refusal(things, "ALTER TABLE things DROP COLUMN id") == 5074
    assert refusal(things, "ALTER TABLE things DROP COLUMN nope") == 4924
    assert refusal(things, "INSERT things VALUES (3, N'again')") == 2627


def test_indexes_refuse_duplicates_only_when_unique(things: Run) -> None:
    things("CREATE NONCLUSTERED INDEX by_name ON things (name DESC) INCLUDE (id)")
    things("INSERT things VALUES (3, 'b')")
    assert refusal(things, "CREATE UNIQUE INDEX one_name ON things (name)") == 1505
    things("DELETE things WHERE id = 3 CREATE UNIQUE INDEX one_name ON things (name)")
    assert refusal(things, "INSERT things VALUES (4, 'B')") == 2601
    assert refusal(things, "CREATE INDEX one_name ON things (id)") == 1913
    things("DROP INDEX one_name ON things DROP INDEX IF EXISTS one_name ON things")
    things("INSERT things VALUES (4, 'B')")
    assert refusal(things, "DROP INDEX one_name ON things") == 3701


def test_constraints_have_names(things: Run) -> None:
    things("ALTER TABLE things ADD CONSTRAINT uq_name UNIQUE (name)")
    with pytest.raises(pymssql.IntegrityError, match="UNIQUE KEY constraint 'uq_name'"):
        things("INSERT things VALUES (5, 'a')")
    things("ALTER TABLE things DROP CONSTRAINT uq_name")
    things("INSERT things VALUES (5, 'a')")
    things("CREATE TABLE #c (n int CONSTRAINT positive CHECK (n > 0))")
    assert refusal(things, "INSERT #c VALUES (0)") == 547
    things("INSERT #c VALUES (NULL), (1)")


def test_select_into_makes_a_table_of_the_same_types(things: Run) -> None:
    things(
        "SELECT id AS key_, name, cast('2020-01-01' as datetime2) t INTO #s FROM things"
    )
    assert len(things("SELECT * FROM #s WHERE name = 'A'")) == 1
    assert refusal(things, "INSERT #s VALUES (9, 'toolong', NULL)") == 2628


def test_temporary_tables_are_the_sessions_own(server: Server, run: Run) -> None:
    run("CREATE TABLE #own (id int)")
    with server.cursor() as other:
        with pytest.raises(pymssql.ProgrammingError):
            other.execute("SELECT * FROM #own")
        other.execute("CREATE TABLE #own (name varchar(5))")
    assert run("SELECT id FROM #own") == []
    run("DROP TABLE #own")


def test_a_new_table_is_seen_by_sessions_that_were_open_before(server: Server) -> None:
    with server.cursor() as first, server.cursor() as second:
        first.execute("DROP TABLE IF EXISTS fresh")
        with pytest.raises(pymssql.ProgrammingError):
            second.execute("SELECT * FROM fresh")
        first.execute("CREATE TABLE fresh (id int)")
        assert rows_of(second, "SELECT * FROM fresh") == []
        first.execute("ALTER TABLE fresh ADD name varchar(5)")
        assert rows_of(second, "SELECT id, name FROM fresh") == []
        second.execute("SELECT * FROM fresh")
        assert len(second.description) == 2


def test_tables_and_their_types_outlive_the_server(tmp_path: Path) -> None:
    for start in (True, False):
        engine = Engine(tmp_path)
        engine.create_database("mssql_0", "shop")
        server = Server(engine)
        with server.cursor() as cursor:
            if start:
                cursor.execute(
                    "CREATE TABLE kept (id int IDENTITY PRIMARY KEY, "
                    "v nvarchar(3) NOT NULL DEFAULT N'ж', t datetime2(7))"
                )
                cursor.execute("INSERT kept (t) VALUES ('9999-12-31 23:59:59.9999999')")
            else:
                cursor.execute("INSERT kept DEFAULT VALUES")
                rows = rows_of(
                    cursor, "SELECT id, v, convert(varchar(30), t) FROM kept"
                )
                assert rows == [(1, "ж", "9999-12-31 23:59:59.9999999"), (2, "ж", None)]
                with pytest.raises(pymssql.Error) as refused:
                    cursor.execute("INSERT kept (v) VALUES (N'long')")
                assert number_of(refused) == 2628
        server.stop()
        engine.close()


def test_what_the_sandbox_never_has_can_be_dropped_if_it_exists(run: Run) -> None:
    run("DROP PROCEDURE IF EXISTS p, q; DROP VIEW IF EXISTS dbo.v")
    run("IF EXISTS (SELECT * FROM sys.databases WHERE name = 'no') DROP DATABASE no")
    assert refusal(run, "DROP PROC p") == 3701
    assert refusal(run, "DROP DATABASE no") == 3701
    assert refusal(run, "DROP DATABASE shop") == 3702
    assert refusal(run, "DROP DATABASE master") == 3708


def test_databases_are_created_outside_transactions_only(server: Server) -> None:
    with server.cursor() as cursor:
        cursor.execute("CREATE DATABASE made_here")
        cursor.execute("USE made_here")
        assert rows_of(cursor, "SELECT DB_NAME()") == [("made_here",)]
        with pytest.raises(pymssql.Error) as refused:
            cursor.execute("CREATE DATABASE Made_Here")
        assert number_of(refused) == 1801
    with server.cursor(autocommit=False) as cursor:
        with pytest.raises(pymssql.Error) as refused:
            cursor.execute("CREATE DATABASE another")
        assert number_of(refused) == 226
