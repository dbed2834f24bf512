from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pymssql
import pytest

from tests.kit.tds_server import Run, Server, number_of


@pytest.fixture
def stock(run: Run) -> Run:
    run("DROP TABLE IF EXISTS stock, prices")
    run("CREATE TABLE stock (id int NOT NULL PRIMARY KEY, name varchar(5), n int)")
    run("INSERT stock VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30)")
    run("CREATE TABLE prices (id int, price decimal(9, 2))")
    run("INSERT INTO prices (price, id) VALUES (1.5, 1), (2.5, 2)")
    return run


def test_counts_of_changed_rows(stock: Run, cursor: pymssql.Cursor) -> None:
    for sql, count in [
        ("INSERT stock VALUES (4, 'd', 1), (5, 'e', 2)", 2),
        ("UPDATE stock SET n = n + 1 WHERE id > 3", 2),
        ("UPDATE stock SET n += 1, name = DEFAULT WHERE id = 1", 1),
        ("DELETE FROM stock WHERE id > 3", 2),
        ("DELETE stock WHERE id = 99", 0),
        ("INSERT INTO stock (id) SELECT id + 10 FROM stock", 3),
    ]:
        cursor.execute(sql)
        assert cursor.rowcount == count, sql
    assert stock("SELECT * FROM stock WHERE id IN (1, 11) ORDER BY id") == [
        (1, None, 11),
        (11, None, None),
    ]


def test_nocount_hides_the_count(stock: Run, cursor: pymssql.Cursor) -> None:
    stock("SET NOCOUNT ON")
    cursor.execute("UPDATE stock SET n = 1")
    assert cursor.rowcount == -1


def test_update_and_delete_with_other_tables(stock: Run) -> None:
    stock(
        "UPDATE s SET n = s.n * 2, name = cast(p.price as varchar(5)) FROM stock AS s "
        "JOIN prices p ON p.id = s.id WHERE p.price > 2"
    )
    assert stock("SELECT name, n FROM stock ORDER BY id") == [
        ("a", 10),
        ("2.50", 40),
        ("c", 30),
    ]
    stock("DELETE s FROM stock s LEFT JOIN prices p ON p.id = s.id WHERE p.id IS NULL")
    assert stock("SELECT id FROM stock ORDER BY id") == [(1,), (2,)]
    stock("DELETE FROM stock WHERE id IN (SELECT id FROM prices WHERE price < 2)")
    assert stock("SELECT id FROM stock") == [(2,)]
    stock(
        "WITH c AS (SELECT id FROM prices) DELETE stock WHERE id IN (SELECT id FROM c)"
    )
    assert stock("SELECT id FROM stock") == []


def test_parameters_as_the_driver_writes_them(run: Run, cursor: pymssql.Cursor) -> None:
    run("CREATE TABLE #p (a int, b nvarchar(9), c varbinary(9), d datetime2, e date)")
    rows = [
        (
            1,
            "it's",
            bytearray(b"\xff\0"),
            dt.datetime(2020, 1, 2, 3, 4, 5, 678000),
            None,
        ),
        (2, "%s ж", None, None, dt.date(2020, 1, 2)),
    ]
    cursor.executemany("INSERT #p VALUES (%s, %s, %s, %s, %s)", rows)
    found = run("SELECT * FROM #p ORDER BY a")
    assert found == [(1, "it's", b"\xff\0", rows[0][3], None), rows[1]]
    assert run("SELECT a FROM #p WHERE d = %s", (rows[0][3],)) == [(1,)]
    assert run("SELECT a FROM #p WHERE b = %(b)s", {"b": "%S Ж"}) == [(2,)]
    assert run("SELECT count(*) FROM #p WHERE a IN %s", ((1, 2, 3),)) == [(2,)]


def test_identity_counts_on(run: Run, cursor: pymssql.Cursor) -> None:
    run("CREATE TABLE #i (id int IDENTITY(10, 5), v varchar(9))")
    cursor.execute("INSERT #i (v) VALUES ('a'), ('b')")
    assert cursor.lastrowid == 15
    run("INSERT #i SELECT v FROM #i ORDER BY id")
    assert run("SELECT id, v FROM #i ORDER BY id") == [
        (10, "a"),
        (15, "b"),
        (20, "a"),
        (25, "b"),
    ]
    assert run("SELECT SCOPE_IDENTITY(), @@IDENTITY") == [(Decimal(25), Decimal(25))]
    with pytest.raises(pymssql.Error) as refused:
        run("INSERT #i (id, v) VALUES (1, 'x')")
    assert number_of(refused) == 544
    run("SET IDENTITY_INSERT #i ON INSERT #i (id, v) VALUES (100, 'x')")
    run("SET IDENTITY_INSERT #i OFF INSERT #i (v) VALUES ('y')")
    assert run("SELECT max(id) FROM #i") == [(105,)]
    run("TRUNCATE TABLE #i INSERT #i DEFAULT VALUES")
    assert run("SELECT id, v FROM #i") == [(10, None)]


def test_a_rolled_back_insert_leaves_a_gap_in_the_identity(run: Run) -> None:
    run("CREATE TABLE #g (id int IDENTITY, v int)")
    run("BEGIN TRAN INSERT #g VALUES (1) ROLLBACK INSERT #g VALUES (2)")
    assert run("SELECT id FROM #g") == [(2,)]


def test_defaults(run: Run) -> None:
    run(
        "CREATE TABLE #d (a int DEFAULT 5, b datetime2 NOT NULL DEFAULT GETDATE(), "
        "c uniqueidentifier DEFAULT (newid()), e nvarchar(9) CONSTRAINT x DEFAULT N'ж')"
    )
    run("INSERT #d (a) VALUES (1), (DEFAULT)")
    rows = run("SELECT a, e, c FROM #d ORDER BY a")
    assert [row[:2] for row in rows] == [(1, "ж"), (5, "ж")]
    assert len({row[2] for row in rows}) == 2


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("INSERT stock VALUES (1, 'x', 1)", 2627),
        ("INSERT stock SELECT 1, 'x', 1", 2627),
        ("UPDATE stock SET id = 1 WHERE id = 2", 2627),
        ("INSERT stock (name) VALUES ('x')", 515),
        ("INSERT stock SELECT NULL, 'x', 1", 515),
        ("UPDATE stock SET id = NULL", 515),
        ("INSERT stock VALUES (9, 'toolong', 1)", 2628),
        ("UPDATE stock SET name = name + 'longer'", 2628),
        ("INSERT stock VALUES (9, 'x')", 109),
        ("INSERT stock VALUES (9, 'x', 1, 1)", 110),
        ("INSERT stock SELECT 9, 'x'", 213),
        ("INSERT stock (id, nope) VALUES (9, 'x')", 207),
        ("INSERT stock VALUES ('x', 'x', 1)", 245),
        ("INSERT nope VALUES (1)", 208),
        ("UPDATE stock SET nope = 1", 207),
        ("DELETE nope", 208),
    ],
)
def test_refused_changes(stock: Run, sql: str, number: int) -> None:
    with pytest.raises(pymssql.Error) as refused:
        stock(sql)
    assert number_of(refused) == number
    assert stock("SELECT sum(n), sum(id), count(*) FROM stock") == [(60, 6, 3)]


def test_keys_see_text_as_the_collation_does(run: Run) -> None:
    run("CREATE TABLE #k (v nvarchar(9) PRIMARY KEY)")
    run("INSERT #k VALUES (N'Ann')")
    with pytest.raises(pymssql.IntegrityError) as refused:
        run("INSERT #k VALUES (N'ANN ')")
    assert number_of(refused) == 2627
    assert b"Violation of PRIMARY KEY constraint" in refused.value.args[1]
    run("CREATE TABLE #c (v varchar(9) COLLATE Latin1_General_CS_AS UNIQUE)")
    run("INSERT #c VALUES ('a'), ('A'), (NULL)")
    with pytest.raises(pymssql.IntegrityError):  # NULL equals NULL in a key
        run("INSERT #c VALUES (NULL)")


def test_values_inserted_through_the_engine_are_served(server: Server) -> None:
    with server.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS direct CREATE TABLE direct (id bigint)")
        session = server.engine.session("mssql_0", "shop", schema="dbo")
        session.write("INSERT INTO direct SELECT range FROM range(10)")
        session.close()
        cursor.execute("SELECT sum(id) FROM direct")
        assert cursor.fetchall() == [(45,)]
