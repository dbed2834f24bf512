"""Stored procedures, views, TRY and OUTPUT, as pymssql sees them."""

from __future__ import annotations

import pymssql
import pytest

from tests.kit.tds_server import Run, Server, number_of

ADD = """
CREATE PROCEDURE {name} @a int, @b nvarchar(10) = N'none', @sum int = 0 OUTPUT AS
BEGIN
    SET NOCOUNT ON;
    SELECT @a AS a, @b AS b;
    SET @sum = @sum + @a;
    RETURN @a * 2
END"""


@pytest.fixture
def table(run: Run, request: pytest.FixtureRequest) -> str:
    """An empty table of two columns for each test."""
    name = f"t_{abs(hash(request.node.name))}"
    run(f"CREATE TABLE {name} (a int PRIMARY KEY, b nvarchar(20))")
    return name


def test_exec_gives_rows_an_output_and_a_status(run: Run, table: str) -> None:
    run(ADD.format(name=f"p_{table}"))
    run(
        f"CREATE PROCEDURE q_{table} AS DECLARE @status int, @sum int = 40;"
        f" EXEC @status = p_{table} @a = 2, @b = N'é', @sum = @sum OUTPUT;"
        f" INSERT {table} VALUES (@status, @sum)"
    )
    found = run(f"EXEC q_{table}")
    assert found == [(2, "é")]
    assert run(f"SELECT * FROM {table}") == [(4, "42")]


def test_callproc_gives_outputs_back_and_the_status(server: Server, table: str) -> None:
    with server.cursor() as cursor:
        cursor.execute(
            f"CREATE PROCEDURE p_{table} @a int, @sum int OUTPUT AS"
            " BEGIN SET @sum = @a + 40; RETURN @a * 2 END"
        )
        given = cursor.callproc(f"p_{table}", (2, pymssql.output(int)))
        assert tuple(given) == (2, 42)
        assert not cursor.nextset()
        assert cursor.returnvalue == 4


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("EXEC {p}", 201),
        ("EXEC {p} 1, N'x', 2, 3", 8144),
        ("EXEC {p} 1, @nothing = 2", 8145),
        ("EXEC {p} @a = 1, N'x'", 119),
        ("DECLARE @b nvarchar(9); EXEC {p} 1, @b OUTPUT", 8162),
        ("CREATE PROCEDURE {p} AS SELECT 1", 2714),
        ("DROP VIEW {p}", 3705),
        ("SELECT 1; CREATE PROCEDURE other AS SELECT 1", 111),
    ],
)
def test_a_wrong_call_has_its_number(
    run: Run, table: str, call: str, number: int
) -> None:
    run(ADD.format(name=f"p_{table}"))
    with pytest.raises(pymssql.Error) as failed:
        run(call.format(p=f"p_{table}"))
    assert number_of(failed) == number


def test_a_procedure_is_replaced_told_of_and_dropped(run: Run, table: str) -> None:
    run(f"CREATE PROCEDURE p_{table} AS SELECT 1")
    text = f"CREATE OR ALTER PROCEDURE p_{table} AS SELECT 2"
    run(text)
    assert run(f"EXEC p_{table}") == [(2,)]
    assert run(f"SELECT OBJECT_DEFINITION(OBJECT_ID('p_{table}', 'P'))") == [(text,)]
    told = f"SELECT type FROM sys.objects WHERE name = 'p_{table}'"
    assert run(told) == [("P ",)]
    run(f"DROP PROCEDURE p_{table}")
    assert run(told) == []
    with pytest.raises(pymssql.ProgrammingError) as failed:
        run(f"EXEC p_{table}")
    assert number_of(failed) == 2812


def test_a_procedure_without_an_end_is_stopped_at_level_32(
    run: Run, table: str
) -> None:
    run(f"CREATE PROCEDURE p_{table} AS EXEC p_{table}")
    with pytest.raises(pymssql.OperationalError) as failed:
        run(f"EXEC p_{table}")
    assert number_of(failed) == 217


def test_a_view_shows_its_query_as_it_is_now(run: Run, table: str) -> None:
    run(f"CREATE VIEW v_{table} (n, text) AS SELECT a, b FROM {table} WHERE a > 1")
    run(f"INSERT {table} VALUES (1, 'one'), (2, 'two')")
    assert run(f"SELECT v.text, v.n FROM v_{table} AS v") == [("two", 2)]
    assert run(f"WITH {table} AS (SELECT 9 AS a) SELECT n FROM v_{table}") == [(2,)]
    run(f"ALTER VIEW v_{table} AS SELECT a FROM {table}")
    assert run(f"SELECT * FROM v_{table} ORDER BY 1") == [(1,), (2,)]
    assert run(
        f"SELECT TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES"
        f" WHERE TABLE_NAME = 'v_{table}'"
    ) == [("VIEW",)]
    with pytest.raises(pymssql.OperationalError) as failed:
        run(f"DELETE v_{table}")
    assert number_of(failed) == 50100
    run(f"DROP VIEW v_{table}")
    with pytest.raises(pymssql.ProgrammingError) as gone:
        run(f"SELECT * FROM v_{table}")
    assert number_of(gone) == 208


def test_catch_tells_of_the_error_and_throw_passes_it_on(run: Run, table: str) -> None:
    run(f"INSERT {table} VALUES (1, 'one')")
    told = "SELECT ERROR_NUMBER(), ERROR_SEVERITY(), ERROR_PROCEDURE()"
    again = f"BEGIN TRY INSERT {table} VALUES (1, 'again') END TRY BEGIN CATCH "
    assert run(again + told + " END CATCH") == [(2627, 14, None)]
    assert run(told) == [(None, None, None)]
    with pytest.raises(pymssql.Error) as failed:
        run(again + "THROW END CATCH")
    assert number_of(failed) == 2627


def test_catch_names_the_procedure_of_the_error(run: Run, table: str) -> None:
    run(f"CREATE PROCEDURE p_{table} AS DECLARE @a int = 1 / 0")
    found = run(
        f"BEGIN TRY EXEC p_{table} END TRY"
        " BEGIN CATCH SELECT ERROR_PROCEDURE(), ERROR_MESSAGE() END CATCH"
    )
    assert found == [(f"p_{table}", "Divide by zero error encountered.")]


def test_output_tells_what_was_changed(run: Run, table: str) -> None:
    insert = f"INSERT {table} (a, b) OUTPUT inserted.a, inserted.b VALUES (1, 'x')"
    assert run(insert) == [(1, "x")]
    update = f"UPDATE {table} SET b = 'y' OUTPUT deleted.b, inserted.b WHERE a = 1"
    assert run(update) == [("x", "y")]
    assert run(f"DELETE {table} OUTPUT deleted.b") == [("y",)]


def test_a_database_is_dropped(run: Run) -> None:
    run("CREATE DATABASE short_lived")
    run("DROP DATABASE short_lived")
    assert run("SELECT name FROM sys.databases WHERE name = 'short_lived'") == []
