from __future__ import annotations

import re
import threading
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from dateutil.relativedelta import relativedelta
from vertica_python import errors

from tests.kit.vertica_client import Client

if TYPE_CHECKING:
    from tests.kit.vertica_client import Vertica

EVERY_TYPE = """CREATE TABLE every_type (
    a BOOLEAN, b INT NOT NULL, c FLOAT, d CHAR(5), e VARCHAR(128), f DATE, g TIMESTAMP,
    h TIMESTAMPTZ, i INTERVAL DAY TO SECOND(4), j INTERVAL YEAR TO MONTH, k TIME,
    l TIMETZ, m VARBINARY, n UUID, o LONG VARCHAR(65536), p LONG VARBINARY(65536),
    q BINARY(3), r NUMERIC(38,18))"""
DESCRIPTION = [
    ("a", 5, 1, 1, None, None, True),
    ("b", 6, 20, 8, None, None, False),
    ("c", 7, 22, 8, None, None, True),
    ("d", 8, 5, -1, None, None, True),
    ("e", 9, 128, -1, None, None, True),
    ("f", 10, 13, 8, None, None, True),
    ("g", 12, 29, 8, 6, None, True),
    ("h", 13, 35, 8, 6, None, True),
    ("i", 14, 24, 8, 4, None, True),
    ("j", 114, 22, 8, 0, None, True),
    ("k", 11, 15, 8, 6, None, True),
    ("l", 15, 21, 8, 6, None, True),
    ("m", 17, 80, -1, None, None, True),
    ("n", 20, 36, 16, None, None, True),
    ("o", 115, 65536, -1, None, None, True),
    ("p", 116, 65536, -1, None, None, True),
    ("q", 117, 3, -1, None, None, True),
    ("r", 16, 40, -1, 38, 18, True),
]
VALUES: list[Any] = [
    True,
    2**63 - 1,
    -1.5e300,
    "é   ",
    "| \" \\ \n ' 🚕",
    date(1, 1, 1),
    datetime(9999, 12, 31, 23, 59, 59, 999999),
    datetime(2020, 1, 2, 1, 4, 5, 6, tzinfo=UTC),
    relativedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=500),
    relativedelta(years=1, months=10),
    time(23, 59, 59, 999999),
    time(1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
    b"a\\\x00\xff",
    UUID("80010203-0405-0607-0809-0a0b0c0d0e0f"),
    "long",
    b"\x80",
    b"a\0\0",
    Decimal("-12345678901234567890.123456789012345678"),
]
INSERTED = """INSERT INTO every_type VALUES (true, 9223372036854775807, -1.5e300, 'é',
    E'| " \\\\ \\n '' 🚕', '0001-01-01', '9999-12-31 23:59:59.999999',
    '2020-01-02 03:04:05.000006+02', '1 day 02:03:04.0005', '1 year 10 months',
    '23:59:59.999999', '01:02:03.000004-05:30', X'615c00ff',
    '80010203-0405-0607-0809-0a0b0c0d0e0f', 'long', X'80', 'a',
    -12345678901234567890.123456789012345678)"""
TOO_LONG_MERGE = """MERGE INTO t USING (SELECT 1 a) s ON t.a = s.a
    WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, 'too long')"""


@pytest.fixture(params=[False, True], ids=["text", "binary"])
def reader(vertica: Vertica, request: pytest.FixtureRequest) -> Client:
    return Client(vertica.connect(binary_transfer=request.param))


def test_every_type_is_described_as_declared(reader: Client) -> None:
    reader.run(EVERY_TYPE)
    reader.cursor.execute("SELECT * FROM every_type")
    assert [tuple(column) for column in reader.cursor.description] == DESCRIPTION
    assert reader.cursor.description[0].table_name == "every_type"


def test_every_type_keeps_its_value_in_text_and_binary(reader: Client) -> None:
    reader.run(EVERY_TYPE)
    reader.run(INSERTED)
    assert reader.run("SELECT * FROM every_type") == [VALUES]


def test_every_type_may_be_null(reader: Client) -> None:
    reader.run(EVERY_TYPE)
    reader.run("INSERT INTO every_type (b) VALUES (0)")
    rest = [None] * (len(VALUES) - 2)
    assert reader.run("SELECT * FROM every_type") == [[None, 0, *rest]]


def test_integers_of_all_names_have_64_bits(client: Client) -> None:
    names = ["INT", "INTEGER", "INT8", "BIGINT", "SMALLINT", "TINYINT"]
    columns = ", ".join(f"c{i} {name}" for i, name in enumerate(names))
    client.run(f"CREATE TABLE t ({columns})")
    values = [-(2**63) + 1] * len(names)
    client.run(f"INSERT INTO t VALUES ({', '.join(map(str, values))})")
    assert client.run("SELECT * FROM t") == [values]
    assert {column.type_code for column in client.cursor.description} == {6}


def test_text_may_hold_every_character_but_nul(client: Client) -> None:
    every = "".join(map(chr, range(1, 0x3000))) + "\U0001f695"
    client.cursor.execute("SELECT :a", {"a": every})
    assert client.cursor.fetchall() == [[every]]


def test_computed_columns_have_vertica_s_titles(client: Client) -> None:
    client.run("SELECT 1, COUNT(*), 'x' AS \"Named\", MAX(2)")
    titles = [column.name for column in client.cursor.description]
    assert titles == ["?column?", "count", "Named", "max"]


def test_several_statements_answer_one_after_another(client: Client) -> None:
    client.cursor.execute("SELECT 1; SELECT 'a;b' -- c;d\n; SELECT 3;")
    assert client.cursor.fetchall() == [[1]]
    assert client.cursor.nextset()
    assert client.cursor.fetchall() == [["a;b"]]
    assert client.cursor.nextset()
    assert client.cursor.fetchall() == [[3]]
    assert not client.cursor.nextset()


def test_an_error_skips_the_statements_after_it(client: Client) -> None:
    client.run("CREATE TABLE t (a INT)")
    client.cursor.execute("SELECT 1; SELECT missing; INSERT INTO t VALUES (1)")
    assert client.cursor.fetchall() == [[1]]
    with pytest.raises(errors.MissingColumn):
        client.cursor.nextset()
    assert client.run("SELECT COUNT(*) FROM t") == [[0]]


@pytest.mark.parametrize("empty", ["", ";", "-- nothing", "/* nothing */ ;"])
def test_an_empty_query_is_no_error(client: Client, empty: str) -> None:
    assert client.run(empty) == []


@pytest.mark.parametrize(
    ("statement", "sqlstate", "code"),
    [
        ("SELECT * FROM missing", "42V01", 4566),
        ("INSERT INTO missing VALUES (1)", "42V01", 4566),
        ("SELECT missing FROM t", "42703", 2624),
        ("INSERT INTO t (missing) VALUES (1)", "42703", 2624),
        ("SELECT * FROM missing.t", "3F000", 4650),
        ("CREATE TABLE missing.t (a INT)", "3F000", 4650),
        ("DROP TABLE missing", "42V01", 4566),
        ("DROP SCHEMA missing", "3F000", 4650),
        ("SELEC 1", "42601", 4856),
        ("SELECT FROM", "42601", 4856),
        ("SELECT 'open", "42601", 4856),
        ("CREATE TABLE u (a INT,,)", "42601", 4856),
        ("CREATE TABLE t (a INT)", "42710", 4213),
        ("CREATE SCHEMA public", "42710", 4213),
        ("CREATE TABLE u (a NOTHING)", "42704", 5108),
        ("SELECT 'x'::INT", "22V02", 3681),
        ("INSERT INTO t VALUES ('x')", "22V02", 3681),
        ("SELECT 1/0", "22012", 3117),
        ("INSERT INTO t VALUES (NULL, 'x')", "22004", 2501),
        ("INSERT INTO t (b) VALUES ('x')", "22004", 2501),
        ("INSERT INTO t VALUES (1, 'éé')", "22001", 4800),
        ("INSERT INTO t VALUES (1, 'x', 2)", "42601", 3483),
        ("SELECT no_such_function(1)", "42883", 3457),
        ("EXPLAIN SELECT 1", "0A000", 5366),
        ("ALTER TABLE t ADD COLUMN c INT", "0A000", 5366),
        ("INSERT INTO t VALUES (1, 'x') RETURNING a", "0A000", 5366),
        ("SELECT a INTO u FROM t", "0A000", 5366),
        ("SELECT * FROM read_csv('/etc/passwd')", "0A000", 5366),
        (TOO_LONG_MERGE, "22001", 4800),
        ("SET SESSION RESOURCE POOL p", "0A000", 5366),
        ("COPY t FROM '/etc/passwd'", "0A000", 5366),
        ("COPY t FROM STDIN PARSER fcsvparser()", "0A000", 5366),
        ("CREATE TABLE u (a INT CHECK (a > 0))", "0A000", 5366),
        ("CREATE TABLE u (a IDENTITY)", "0A000", 5366),
    ],
)
def test_each_error_has_its_sqlstate_and_code(
    client: Client, statement: str, sqlstate: str, code: int
) -> None:
    client.run("CREATE TABLE t (a INT NOT NULL, b VARCHAR(3))")
    assert client.fails(statement) == (sqlstate, code)
    assert client.run("SELECT COUNT(*) FROM t") == [[0]]


def test_a_row_that_cannot_be_computed_fails_when_it_is_fetched(
    client: Client,
) -> None:
    client.run("CREATE TABLE t (a INT, b INT)")
    client.run("INSERT INTO t VALUES (2, 0)")
    client.cursor.execute("SELECT 1; SELECT a / b AS c FROM t; SELECT 2")
    assert client.cursor.fetchall() == [[1]]
    assert client.cursor.nextset()
    assert client.cursor.description[0].name == "c"
    with pytest.raises(errors.QueryError, match="Division by zero"):
        client.cursor.fetchall()
    assert client.run("SELECT a FROM t") == [[2]]


@pytest.mark.parametrize(
    "sql", ["EXPLAIN SELECT 42", "SELECT TO_CHAR(DATE '2019-01-01', 'YYYY BC')"]
)
def test_what_is_unsupported_is_named(client: Client, sql: str) -> None:
    with pytest.raises(errors.QueryError, match=re.escape(sql)):
        client.run(sql)


def test_templates_read_and_write_moments(client: Client) -> None:
    written = "2016-05-15 13:15:17.789"
    moment = datetime(2016, 5, 15, 13, 15, 17, 789_000)
    read = f"TO_TIMESTAMP('{written}', 'YYYY-MM-DD HH:MI:SS.MS')"
    assert client.run(f"SELECT {read}") == [[moment]]
    shown = f"TO_CHAR({read}, 'YYYY-MM-DD HH24:MI:SS.MS')"
    assert client.run(f"SELECT {shown}") == [[written]]
    with_zone = f"TO_TIMESTAMP_TZ('{written} UTC', 'YYYY-MM-DD HH:MI:SS.MS TZ')"
    ((zoned,),) = client.run(f"SELECT {with_zone}")
    assert zoned == moment.replace(tzinfo=UTC)


def test_nulls_sort_as_in_vertica(client: Client) -> None:
    client.run("CREATE TABLE t (n INT, s VARCHAR(9))")
    client.run("INSERT INTO t VALUES (1, 'a'), (NULL, NULL), (2, 'b')")
    sorted_by = {
        "n": [None, 1, 2],
        "n DESC": [2, 1, None],
        "n NULLS LAST": [1, 2, None],
        "s": [1, 2, None],
        "s DESC": [None, 2, 1],
    }
    for order, expected in sorted_by.items():
        rows = client.run(f"SELECT n FROM t ORDER BY {order}")
        assert [n for (n,) in rows] == expected, order


def test_casts_cut_strings_on_a_character(client: Client) -> None:
    assert client.run("SELECT 'héllo'::VARCHAR(2), 'héllo'::VARCHAR(3)") == [
        ["h", "hé"]
    ]


def test_window_functions_and_common_table_expressions_work(client: Client) -> None:
    rows = client.run(
        "WITH t AS (SELECT 1 AS a UNION ALL SELECT 2) "
        "SELECT a, ROW_NUMBER() OVER (ORDER BY a DESC), SUM(a) OVER () FROM t "
        "ORDER BY a"
    )
    assert rows == [[1, 2, 3], [2, 1, 3]]


def test_a_large_result_streams(client: Client) -> None:
    client.run("CREATE TABLE t (a INT)")
    client.copy("COPY t FROM STDIN", "\n".join(map(str, range(50_000))))
    client.cursor.execute("SELECT x.a FROM t x, t y")
    assert len(client.cursor.fetchmany(3)) == 3
    client.connection.cancel()
    with pytest.raises(errors.QueryCanceled):
        client.cursor.fetchall()
    assert client.run("SELECT 1") == [[1]]


def test_a_running_statement_can_be_cancelled(client: Client) -> None:
    client.run("CREATE TABLE t (a INT)")
    client.copy("COPY t FROM STDIN", "\n".join(map(str, range(100_000))))
    timer = threading.Timer(0.3, client.connection.cancel)
    timer.start()
    with pytest.raises(errors.QueryCanceled):
        client.run("SELECT COUNT(*) FROM t x, t y, t z WHERE x.a + y.a < z.a * 2")
    timer.join()
    assert client.run("SELECT 1") == [[1]]


def test_cancelling_needs_the_right_key(client: Client) -> None:
    right = client.connection.backend_key
    client.connection.backend_key = right ^ 1
    client.connection.cancel()
    client.connection.backend_key = right
    assert client.run("SELECT 1") == [[1]]


def test_prepared_statements_bind_by_type(vertica: Vertica) -> None:
    client = Client(vertica.connect(use_prepared_statements=True))
    cursor = client.cursor
    cursor.execute(EVERY_TYPE)
    cursor.execute(
        f"INSERT INTO every_type VALUES ({', '.join('?' * len(VALUES))})",
        [
            *VALUES[:8],
            "1 day 02:03:04.0005",
            "1 year 10 months",
            *VALUES[10:],
        ],
    )
    assert cursor.fetchall() == [[1]]
    cursor.execute(
        "SELECT * FROM every_type WHERE b = ? AND e = ?", [VALUES[1], VALUES[4]]
    )
    assert cursor.fetchall() == [VALUES]
    cursor.execute("SELECT ?, b FROM every_type WHERE f < ?", ["x", date(2, 1, 1)])
    assert cursor.fetchall() == [["x", 2**63 - 1]]
    cursor.executemany(
        "INSERT INTO every_type (b, e) VALUES (?, ?)", [[1, "'; --"], [2, None]]
    )
    assert cursor.fetchall() == [[1]]
    assert cursor.nextset()
    assert cursor.fetchall() == [[1]]
    cursor.execute("SELECT e FROM every_type WHERE b < 3 ORDER BY b")
    assert cursor.fetchall() == [["'; --"], [None]]


def test_a_failing_prepared_statement_leaves_the_connection_usable(
    vertica: Vertica,
) -> None:
    connection = vertica.connect(use_prepared_statements=True)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE t (a INT NOT NULL)")
    with pytest.raises(errors.QueryError) as failure:
        cursor.execute("INSERT INTO t VALUES (?)", [None])
    assert failure.value.sqlstate == "22004"
    cursor.execute("INSERT INTO t VALUES (?)", [1])
    assert cursor.fetchall() == [[1]]
    with pytest.raises(errors.VerticaSyntaxError, match="multiple commands"):
        cursor.execute("SELECT 1; SELECT 2")


def test_a_prepared_nothing_is_empty(vertica: Vertica) -> None:
    cursor = vertica.connect(use_prepared_statements=True).cursor()
    with pytest.raises(errors.EmptyQueryError):
        cursor.execute("-- nothing")
