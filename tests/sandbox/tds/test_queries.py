from __future__ import annotations

import tracemalloc
from typing import Any

import pymssql
import pytest

from tests.kit.tds_server import Run, Server


@pytest.fixture
def people(run: Run) -> Run:
    run(
        """
        IF OBJECT_ID('dbo.people') IS NOT NULL DROP TABLE dbo.people;
        CREATE TABLE dbo.people (id int PRIMARY KEY, name nvarchar(20), boss int NULL);
        INSERT dbo.people VALUES (1, N'Ann', NULL), (2, N'bob', 1), (3, N'Cid', 1),
            (4, N'dan', 2)
        """
    )
    return run


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT name FROM people WHERE id = 1", [("Ann",)]),
        (
            "SELECT [p].[name] FROM dbo.people AS p WITH (NOLOCK) WHERE ID = 2",
            [("bob",)],
        ),
        ("SELECT name FROM people (NOLOCK) WHERE id = 2", [("bob",)]),
        ("SELECT name FROM shop.dbo.people WHERE id = 3", [("Cid",)]),
        ("SELECT name FROM shop..people WHERE id = 3", [("Cid",)]),
        ("SELECT TOP 2 id FROM people ORDER BY id DESC", [(4,), (3,)]),
        ("SELECT TOP (1) * FROM people ORDER BY name", [(1, "Ann", None)]),
        ("SELECT TOP 0 id FROM people", []),
        (
            "SELECT id FROM people ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY",
            [(2,), (3,)],
        ),
        ("SELECT id FROM people WHERE name IN ('BOB', 'CID') ORDER BY 1", [(2,), (3,)]),
        (
            (
                "SELECT p.name, b.name FROM people p JOIN people b ON b.id = p.boss "
                "ORDER BY p.id"
            ),
            [("bob", "Ann"), ("Cid", "Ann"), ("dan", "bob")],
        ),
        (
            (
                "SELECT p.id, b.id FROM people p LEFT OUTER JOIN people b "
                "ON b.id = p.boss "
                "WHERE p.id < 3 ORDER BY p.id"
            ),
            [(1, None), (2, 1)],
        ),
        ("SELECT count(*) FROM people a, people b", [(16,)]),
        ("SELECT count(*) FROM people a CROSS JOIN people b", [(16,)]),
        (
            "SELECT boss, count(*) n FROM people GROUP BY boss HAVING count(*) > 1",
            [(1, 2)],
        ),
        ("SELECT boss FROM people ORDER BY boss", [(None,), (1,), (1,), (2,)]),
        ("SELECT DISTINCT boss FROM people ORDER BY boss DESC", [(2,), (1,), (None,)]),
        (
            "SELECT max(name), min(id), sum(id), avg(id) FROM people",
            [("dan", 1, 10, 2)],
        ),
        (
            "SELECT count_big(*), count(boss), count(distinct boss) FROM people",
            [(4, 3, 2)],
        ),
        (
            (
                "SELECT id, row_number() OVER (PARTITION BY boss ORDER BY id DESC) "
                "FROM people WHERE boss = 1 ORDER BY id"
            ),
            [(2, 2), (3, 1)],
        ),
        (
            (
                "SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN "
                "UNBOUNDED PRECEDING AND "
                "CURRENT ROW) FROM people ORDER BY id"
            ),
            [(1, 1), (2, 3), (3, 6), (4, 10)],
        ),
        (
            "SELECT lag(name) OVER (ORDER BY id) FROM people WHERE id < 3",
            [(None,), ("Ann",)],
        ),
        (
            "WITH b (n) AS (SELECT name FROM people WHERE id = 1) SELECT n FROM b",
            [("Ann",)],
        ),
        (
            (
                "WITH tree AS (SELECT id, 0 AS depth FROM people WHERE boss IS NULL "
                "UNION ALL SELECT p.id, t.depth + 1 FROM people p "
                "JOIN tree t ON p.boss = t.id)"
                " SELECT id, depth FROM tree ORDER BY id"
            ),
            [(1, 0), (2, 1), (3, 1), (4, 2)],
        ),
        (
            "SELECT id FROM people UNION SELECT 4 UNION ALL SELECT 9 ORDER BY id DESC",
            None,
        ),
        ("SELECT id FROM people EXCEPT SELECT 2 ORDER BY id", [(1,), (3,), (4,)]),
        ("SELECT id FROM people INTERSECT SELECT 2", [(2,)]),
        ("SELECT 1 AS a UNION ALL SELECT 2.5", None),
        (
            "SELECT v.b FROM (VALUES (1, 'x'), (2, 'y')) AS v (a, b) WHERE v.a = 2",
            [("y",)],
        ),
        (
            "SELECT q.[id] FROM (SELECT * FROM people) AS q WHERE q.[name] = N'ANN'",
            [(1,)],
        ),
        (
            (
                "SELECT name FROM people p WHERE EXISTS "
                "(SELECT 1 FROM people b WHERE b.boss = p.id) ORDER BY id"
            ),
            [("Ann",), ("bob",)],
        ),
        (
            (
                "SELECT name, (SELECT count(*) FROM people b WHERE b.boss = p.id) "
                "FROM people p "
                "WHERE id = 1"
            ),
            [("Ann", 2)],
        ),
        (
            (
                "SELECT p.id, x.n FROM people p "
                "CROSS APPLY (SELECT max(b.id) n FROM people b "
                "WHERE b.boss = p.id) x WHERE x.n IS NOT NULL ORDER BY p.id"
            ),
            [(1, 3), (2, 4)],
        ),
        (
            "SELECT string_agg(name, ',') WITHIN GROUP (ORDER BY id DESC) FROM people",
            [("dan,Cid,bob,Ann",)],
        ),
        ("SELECT n = name FROM people WHERE id = 1 -- a comment\n", [("Ann",)]),
        ("SELECT /* one /* two */ */ 1", [(1,)]),
        ("SELECT id FROM people WHERE boss = 1 ORDER BY name OPTION (MAXDOP 1)", None),
    ],
)
def test_queries(people: Run, sql: str, expected: list[tuple[Any, ...]] | None) -> None:
    rows = people(sql)
    if expected is not None:
        assert rows == expected


def test_unnamed_expressions_have_no_name(cursor: pymssql.Cursor) -> None:
    cursor.execute("SELECT 1, count(*) FROM (SELECT 1 a) x")
    assert [column[0] for column in cursor.description] == ["", ""]
    with pytest.raises(pymssql.ColumnsWithoutNamesError):
        cursor.connection.cursor(as_dict=True).execute("SELECT 1")


def test_names_come_back_as_they_were_declared(
    people: Run, cursor: pymssql.Cursor
) -> None:
    people("SELECT 1")
    cursor.execute("SELECT ID, p.NAME, boss AS [My Boss], boss 'b' FROM people p")
    assert [column[0] for column in cursor.description] == [
        "id",
        "name",
        "My Boss",
        "b",
    ]
    cursor.fetchall()
    cursor.execute("SELECT * FROM people")
    assert [column[0] for column in cursor.description] == ["id", "name", "boss"]
    cursor.fetchall()


def test_a_batch_gives_several_results(cursor: pymssql.Cursor) -> None:
    cursor.execute("SELECT 1 a SELECT 2 b; SELECT 3 c WHERE 1 = 0")
    found = [cursor.fetchall()]
    while cursor.nextset():
        found.append(cursor.fetchall())
    assert found == [[(1,)], [(2,)], []]


def test_variables_if_and_while(run: Run) -> None:
    rows = run(
        """
        DECLARE @n int = 0, @text nvarchar(20);
        SET @text = N'';
        WHILE @n < 5
        BEGIN
            SET @n = @n + 1
            IF @n = 2 CONTINUE
            IF @n = 4 BREAK
            SET @text += cast(@n as nvarchar(10))
        END
        SELECT @text, @n
        """.replace("@text += cast(@n as nvarchar(10))", "@text = concat(@text, @n)")
    )
    assert rows == [("13", 4)]
    assert run(
        "DECLARE @a int SELECT @a = v FROM (VALUES (1), (2)) x(v) SELECT @a"
    ) == [(2,)]
    assert run("IF 1 = 2 SELECT 'yes' ELSE SELECT 'no'") == [("no",)]
    assert run("EXEC('SELECT 5')") == [(5,)]
    assert run(
        "EXEC sp_executesql N'SELECT @a + @b', N'@a int, @b int', 1, @b = 2"
    ) == [(3,)]


def test_the_session_tells_about_itself(run: Run) -> None:
    ((database, name, version, trancount, spid),) = run(
        "SELECT DB_NAME(), @@SERVERNAME, @@VERSION, @@TRANCOUNT, @@SPID"
    )
    assert (database, name, trancount) == ("shop", "mssql_0", 0)
    assert version.startswith("Microsoft SQL Server 2019")
    assert spid > 50
    ((product,),) = run("SELECT SERVERPROPERTY('ProductVersion')")
    assert product.startswith("15.")
    ((behind,),) = run("SELECT DATEDIFF(second, SYSUTCDATETIME(), GETUTCDATE())")
    assert behind in (-1, 0, 1)
    assert run("SELECT @@ROWCOUNT") == [(1,)]


def test_the_catalog_tells_declared_types(run: Run) -> None:
    run(
        """
        IF OBJECT_ID('declared') IS NOT NULL DROP TABLE declared
        CREATE TABLE declared (a bigint NOT NULL IDENTITY(5, 2) PRIMARY KEY,
            b nvarchar(20), c varchar(max), d decimal(9, 3) NOT NULL DEFAULT 1.5,
            e datetime2(3), f datetime, g [uniqueidentifier] NOT NULL)
        """
    )
    rows = run(
        "SELECT column_name, data_type, is_nullable, character_maximum_length, "
        "numeric_precision, numeric_scale, datetime_precision, column_default "
        "FROM information_schema.columns WHERE table_schema = 'dbo' "
        "AND table_name = 'DECLARED' ORDER BY ordinal_position"
    )
    assert rows == [
        ("a", "bigint", "NO", None, 19, 0, None, None),
        ("b", "nvarchar", "YES", 20, None, None, None, None),
        ("c", "varchar", "YES", -1, None, None, None, None),
        ("d", "decimal", "NO", None, 9, 3, None, "(1.5)"),
        ("e", "datetime2", "YES", None, None, None, 3, None),
        ("f", "datetime", "YES", None, None, None, 3, None),
        ("g", "uniqueidentifier", "NO", None, None, None, None, None),
    ]
    rows = run(
        "SELECT c.name, t.name, c.max_length, c.is_identity FROM sys.columns c "
        "JOIN sys.types t ON t.user_type_id = c.user_type_id "
        "WHERE c.object_id = OBJECT_ID(N'[dbo].[declared]') AND c.column_id < 3 "
        "ORDER BY c.column_id"
    )
    assert rows == [("a", "bigint", 8, True), ("b", "nvarchar", 40, False)]
    assert ("declared",) in run("SELECT name FROM sys.tables WHERE type = 'U'")
    assert ("dbo", "declared", "BASE TABLE") in run(
        "SELECT table_schema, table_name, table_type FROM INFORMATION_SCHEMA.TABLES"
    )
    names = {row[0] for row in run("SELECT name FROM sys.databases")}
    assert {"master", "tempdb", "shop", "other"} <= names
    assert run(
        "SELECT object_name(object_id) FROM sys.tables WHERE name='declared'"
    ) == [("declared",)]


def test_double_quotes_are_names_or_strings(server: Server) -> None:
    with server.cursor(conn_properties="SET QUOTED_IDENTIFIER ON") as cursor:
        cursor.execute('SELECT "a" FROM (SELECT 1 AS a) x')
        assert cursor.fetchall() == [(1,)]
    with server.cursor(conn_properties="SET QUOTED_IDENTIFIER OFF") as cursor:
        cursor.execute('SELECT "a"')
        assert cursor.fetchall() == [("a",)]


def test_a_long_string_costs_little_memory(run: Run) -> None:
    long = "it''s " * 200_000
    run("SELECT 1")
    tracemalloc.start()
    try:
        assert run(f"SELECT len(N'{long}-')") == [(5 * 200_000 + 1,)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * len(long)
