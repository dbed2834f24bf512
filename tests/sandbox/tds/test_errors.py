from __future__ import annotations

import pymssql
import pytest

from tests.kit.tds_server import Run, number_of


@pytest.mark.parametrize(
    ("sql", "number", "kind"),
    [
        ("SELECT * FROM", 102, pymssql.ProgrammingError),
        ("SELECT 1 +", 102, pymssql.ProgrammingError),
        ("SELECT 'open", 105, pymssql.OperationalError),
        ("SELECT N'open", 105, pymssql.OperationalError),
        ("SELECT 1 /* open", 113, pymssql.OperationalError),
        ("SELECT 1 ]", 102, pymssql.ProgrammingError),
        ("SELECT nope", 207, pymssql.ProgrammingError),
        ("SELECT x.a FROM (SELECT 1 b) x", 207, pymssql.ProgrammingError),
        ("SELECT y.b FROM (SELECT 1 b) x", 4104, pymssql.ProgrammingError),
        ("SELECT * FROM nope", 208, pymssql.ProgrammingError),
        ("SELECT * FROM other.dbo.nope", 40515, pymssql.OperationalError),
        ("SELECT * FROM far.other.dbo.nope", 50100, pymssql.OperationalError),
        ("SELECT b FROM (SELECT 1 b) x, (SELECT 1 b) y", 209, pymssql.OperationalError),
        ("SELECT * FROM (SELECT 1) x", 8155, pymssql.OperationalError),
        ("SELECT 1 WHERE 1", 4145, pymssql.OperationalError),
        (
            "CREATE TABLE t (n int CHECK (n > (SELECT 1)))",
            1046,
            pymssql.OperationalError,
        ),
        ("SELECT 1 / 0", 8134, pymssql.OperationalError),
        ("SELECT 1 % q.z FROM (SELECT 0 z) q", 8134, pymssql.OperationalError),
        ("SELECT cast('x' as int)", 245, pymssql.OperationalError),
        (
            "SELECT cast(q.v as int) FROM (SELECT 'x' v) q",
            245,
            pymssql.OperationalError,
        ),
        ("SELECT cast('x' as bigint)", 8114, pymssql.OperationalError),
        ("SELECT cast('x' as datetime2)", 241, pymssql.OperationalError),
        (
            "SELECT cast(q.v as date) FROM (SELECT 'x' v) q",
            241,
            pymssql.OperationalError,
        ),
        ("SELECT cast('1700-01-01' as datetime)", 242, pymssql.OperationalError),
        ("SELECT cast('x' as uniqueidentifier)", 8169, pymssql.OperationalError),
        ("SELECT cast(300 as tinyint)", 220, pymssql.OperationalError),
        ("SELECT cast(q.v as int) FROM (SELECT 3000000000 v) q", 8115, None),
        ("SELECT 2147483647 + 1", 8115, pymssql.OperationalError),
        ("SELECT cast(1000 as decimal(3, 1))", 8115, pymssql.OperationalError),
        ("SELECT cast('99999999999' as int)", 248, pymssql.OperationalError),
        ("SELECT cast(1 as nonsense)", 243, pymssql.OperationalError),
        ("SELECT nonsense(1)", 195, pymssql.OperationalError),
        ("SELECT 'a' COLLATE Nonsense", 448, pymssql.OperationalError),
        ("SELECT @x", 137, pymssql.OperationalError),
        ("SELECT 1 UNION SELECT 1, 2", 205, pymssql.OperationalError),
        ("SELECT (SELECT 1, 2)", 116, pymssql.OperationalError),
        ("SELECT cast('2020-01-01' as date) + 1", 402, None),
        ("EXEC nothing_here 1, 2", 2812, pymssql.ProgrammingError),
        ("USE [no such]", 911, pymssql.OperationalError),
        ("SET NONSENSE ON", 195, pymssql.OperationalError),
        ("RAISERROR('no %s of %d', 16, 1, 'end', 5)", 50000, pymssql.OperationalError),
        ("THROW 51234, 'thrown', 1", 51234, pymssql.OperationalError),
    ],
)
def test_errors_have_their_numbers(
    run: Run, sql: str, number: int, kind: type[pymssql.Error] | None
) -> None:
    with pytest.raises(kind or pymssql.Error) as failed:
        run(sql)
    assert number_of(failed) == number
    assert run("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE", "MERGE INTO a"),
        ("CREATE FUNCTION f() RETURNS int AS BEGIN RETURN 1 END", "CREATE FUNCTION"),
        ("CREATE TRIGGER r ON t AFTER INSERT AS SELECT 1", "CREATE TRIGGER"),
        ("GRANT SELECT ON t TO u", "GRANT SELECT ON t TO u"),
        ("SELECT TOP 5 PERCENT 1", "PERCENT"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SERIALIZABLE"),
        ("SET IMPLICIT_TRANSACTIONS ON", "IMPLICIT_TRANSACTIONS"),
        ("SELECT ERROR_LINE()", "ERROR_LINE"),
        ("SELECT 1 FOR XML PATH", "FOR XML"),
        ("DECLARE @t TABLE (a int)", "DECLARE @t TABLE"),
    ],
)
def test_what_is_not_supported_is_an_error_that_names_it(
    run: Run, sql: str, named: str
) -> None:
    with pytest.raises(pymssql.OperationalError) as failed:
        run(sql)
    assert number_of(failed) == 50100
    assert named in failed.value.args[1].decode()


def test_an_error_on_a_later_row_is_not_lost(run: Run) -> None:
    run("CREATE TABLE #n (n int)")
    run("INSERT #n VALUES (0)")
    for _ in range(17):
        run("INSERT #n SELECT n + 1 FROM #n")
    run("INSERT #n VALUES (-5)")
    with pytest.raises(pymssql.OperationalError) as failed:
        run("SELECT 1 / (n + 5) FROM #n")
    assert number_of(failed) == 8134


def test_raiserror_of_low_severity_and_print_are_messages(
    run: Run, cursor: pymssql.Cursor
) -> None:
    messages = []
    cursor.connection._conn.set_msghandler(
        lambda *message: messages.append((message[1], message[5]))
    )
    run("PRINT 'printed' RAISERROR('told %d', 10, 1, 5) SELECT 1")
    assert (0, b"printed") in messages
    assert b"told 5" in [text for _, text in messages]
