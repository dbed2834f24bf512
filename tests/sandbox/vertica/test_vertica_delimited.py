from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vertica_python import errors

from sandbox.vertica.delimited import DelimitedParser, Delimiters
from sandbox.vertica.incoming import Field
from sandbox.vertica.types import declared

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.vertica_client import Client

CELLS = st.none() | st.text(
    st.sampled_from(list("ab|\\'\"\n\r\0\tN é🚕")) | st.characters(codec="utf-8"),
    max_size=8,
)


def parse(data: bytes, columns: int, rules: Delimiters, cuts: list[int]) -> list[Any]:
    fields = [Field(f"c{i}", declared("varchar", [65000])) for i in range(columns)]
    parser = DelimitedParser(fields, rules)
    batches = []
    edges = [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    for start, end in pairwise(edges):
        batches += list(parser.feed(data[start:end]))
    batches += list(parser.finish())
    assert [reject for batch in batches for reject in batch.rejects] == []
    return [
        row
        for batch in batches
        for row in zip(*(a.to_pylist() for a in batch.arrays), strict=True)
    ]


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, st.just("end")), max_size=8),
    cuts=st.lists(st.integers(0, 10**6), max_size=4),
)
def test_escaped_fields_survive(rows: list[Any], cuts: list[int]) -> None:
    def escape(value: str | None) -> str:
        if value is None:
            return "NULL"
        special = {c: "\\" + c for c in "\\|\n\r"}
        text = "".join(special.get(c, c) for c in value)
        return "\\" + text if text.upper() == "NULL" else text

    data = "\n".join("|".join(map(escape, row)) for row in rows).encode()
    assert parse(data, 3, Delimiters(null=b"NULL"), cuts) == rows


@settings(deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS, st.just("end")), max_size=8))
def test_enclosed_fields_tell_null_from_empty(rows: list[Any]) -> None:
    def enclose(value: str | None) -> str:
        if value is None:
            return ""
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    data = "\n".join("|".join(map(enclose, row)) for row in rows).encode()
    assert parse(data, 3, Delimiters(enclosure=b"'"), []) == rows


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            *[st.text(st.characters(min_codepoint=8, codec="utf-8"), max_size=8)] * 2
        ),
        max_size=8,
    )
)
def test_control_characters_need_no_escape(rows: list[Any]) -> None:
    rules = Delimiters(delimiter=b"\1", null=b"\2", terminator=b"\3", escape=b"")
    data = "\3".join("\1".join(row) for row in rows).encode()
    expected = [row for row in rows if row]
    assert parse(data, 2, rules, []) == expected


TYPED = """CREATE TABLE t (a INT, b BOOLEAN, c FLOAT, d NUMERIC(6,2), e DATE,
    f TIMESTAMP, g TIMESTAMPTZ, h TIME, i UUID, j VARBINARY(9), k CHAR(3))"""


def test_every_type_is_read_from_text(client: Client) -> None:
    client.run(TYPED)
    client.copy(
        "COPY t FROM STDIN DELIMITER ';' ABORT ON ERROR",
        " 42 ;yes;1e3;1.005;2019-03-14;2019-03-14 10:11:12.5;2019-03-14 10:00:00+02;"
        "23:59:59.999999;00010203-0405-0607-0809-0a0b0c0d0e0f;a\\\\303;x\n",
    )
    (row,) = client.run("SELECT * FROM t")
    assert row[:8] == [
        42, True, 1000.0, Decimal("1.01"), date(2019, 3, 14),
        datetime(2019, 3, 14, 10, 11, 12, 500000),
        datetime(2019, 3, 14, 8, tzinfo=UTC), time(23, 59, 59, 999999),
    ]  # fmt: skip
    assert [str(row[8]), row[9], row[10]] == [
        "00010203-0405-0607-0809-0a0b0c0d0e0f", b"a\xc3", "x  ",
    ]  # fmt: skip


def test_empty_fields_are_null_for_every_type(client: Client) -> None:
    client.run(TYPED)
    client.copy("COPY t FROM STDIN DELIMITER ','", ",,,,,,,,,,\n")
    assert client.run("SELECT * FROM t") == [[None] * 11]


@pytest.fixture
def table(client: Client) -> Client:
    client.run("CREATE TABLE t (a INT, b VARCHAR(9))")
    return client


@pytest.mark.parametrize(
    ("options", "data", "rows"),
    [
        ("", "1|a\n2|b", [[1, "a"], [2, "b"]]),
        ("", "1|a\r\n2|b\r\n", [[1, "a"], [2, "b"]]),
        ("", "\n1|a\n\n", [[1, "a"]]),
        ("", "1|a\\nb\\|c\\\\", [[1, "anb|c\\"]]),
        ("NO ESCAPE", "1|a\\b", [[1, "a\\b"]]),
        ("ESCAPE AS '^'", "1|a^|b\\", [[1, "a|b\\"]]),
        ("DELIMITER E'\\t'", "1\ta", [[1, "a"]]),
        ("DELIMITER AS ','", "1,a", [[1, "a"]]),
        ("NULL AS 'nil'", "NIL|a\n2|", [[None, "a"], [2, ""]]),
        ("NULL ''", "1|", [[1, None]]),
        ("ENCLOSED BY '\"'", '1|"a|b"\n2|""\n3|\n4|a"b', [
            [1, "a|b"], [2, ""], [3, None], [4, 'a"b']]),
        ("RECORD TERMINATOR '##'", "1|a##2|b##", [[1, "a"], [2, "b"]]),
        ("TRAILING NULLCOLS", "1\n2|b", [[1, None], [2, "b"]]),
        ("SKIP 2", "x|y\nz\n3|c", [[3, "c"]]),
        ("STREAM NAME 'load' DIRECT", "1|a", [[1, "a"]]),
        ("", "1|12345678é", [[1, "12345678"]]),
    ],
)  # fmt: skip
def test_options_say_how_text_is_cut(
    table: Client, options: str, data: str, rows: list[Any]
) -> None:
    table.copy(f"COPY t FROM STDIN {options} ABORT ON ERROR", data)
    assert table.run("SELECT * FROM t ORDER BY a") == rows


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("x|a", r"Invalid integer format 'x' for column 1 \(a\)"),
        ("9223372036854775808|a", "Invalid integer format"),
        ("-9223372036854775808|a", "Invalid integer format"),
        ("1", "Too few columns"),
        ("1|a|b", "Too many columns"),
        (
            "1|1234567890",
            r"10-byte value is too long for type Varchar\(9\), column 2 \(b\)",
        ),
    ],
)
def test_bad_rows_are_refused_with_a_reason(
    table: Client, data: str, reason: str
) -> None:
    with pytest.raises(errors.CopyRejected, match=reason) as failure:
        table.copy("COPY t FROM STDIN ABORT ON ERROR ENFORCELENGTH", f"0|ok\n{data}")
    assert failure.value.error_code == "2035"
    assert table.run("SELECT COUNT(*) FROM t") == [[0]]
    table.copy("COPY t FROM STDIN ENFORCELENGTH", f"0|ok\n{data}\n3|ok")
    assert table.counts() == [2, 1]


def test_rejectmax_allows_so_many(table: Client) -> None:
    table.copy("COPY t FROM STDIN REJECTMAX 3", "x|a\ny|b\n1|c")
    assert table.counts() == [1, 2]
    with pytest.raises(errors.CopyRejected):
        table.copy("COPY t FROM STDIN REJECTMAX 2", "x|a\ny|b\n1|c")
    assert table.run("SELECT COUNT(*) FROM t") == [[1]]


def test_copy_commits_unless_told_otherwise(table: Client, other: Client) -> None:
    table.copy("COPY t FROM STDIN NO COMMIT", "1|a")
    assert other.run("SELECT COUNT(*) FROM t") == [[0]]
    table.copy("COPY t FROM STDIN", "2|b")
    table.connection.rollback()
    assert other.run("SELECT COUNT(*) FROM t") == [[2]]


def test_a_client_that_fails_while_sending_loads_nothing(table: Client) -> None:
    class Broken:
        def __init__(self) -> None:
            self.pieces = iter(["1|a\n", "2|b\n"])

        def read(self, _: int) -> str:
            try:
                return next(self.pieces)
            except StopIteration:
                raise ValueError("no more") from None

    with pytest.raises(errors.DataError, match="no more"):
        table.copy("COPY t FROM STDIN NO COMMIT", Broken())
    table.connection.commit()
    assert table.run("SELECT COUNT(*) FROM t") == [[0]]


def test_an_early_error_is_told_after_all_data_was_read(table: Client) -> None:
    data = "x|a\n" + "1|b\n" * 2_000_000
    with pytest.raises(errors.CopyRejected, match="record 1 "):
        table.copy("COPY t FROM STDIN ABORT ON ERROR", data.encode())
    assert table.run("SELECT 1") == [[1]]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("COPY missing FROM STDIN", errors.MissingRelation),
        ("COPY t (a, missing) FROM STDIN", errors.MissingColumn),
        ("COPY missing.t FROM STDIN", errors.MissingSchema),
        ("COPY t FROM STDIN DELIMITER", errors.VerticaSyntaxError),
    ],
)
def test_errors_of_the_statement_come_before_any_data(
    table: Client, statement: str, error: type[Exception]
) -> None:
    class Unread:
        asked = False

        def read(self, _: int) -> str:
            self.asked = True
            return ""

    source = Unread()
    with pytest.raises(error):
        table.copy(statement, source)
    assert not source.asked


def test_statements_may_follow_a_copy(table: Client) -> None:
    table.copy("COPY t FROM STDIN; SELECT COUNT(*) FROM t", "1|a\n2|b")
    assert table.cursor.nextset()
    assert table.cursor.fetchall() == [[2]]


def test_executemany_is_a_copy(table: Client) -> None:
    rows = [[None, "a|b"], [1, "it's"], [2, "\\\n"], [3, ""]]
    table.cursor.executemany("INSERT INTO t (a, b) VALUES (%s, %s)", rows)
    table.connection.commit()
    assert table.run("SELECT * FROM t ORDER BY a") == rows


def test_local_files_are_loaded_and_refused_rows_written(
    table: Client, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("1|a\nxñ|b\n")
    second.write_text("2|c\n3|1234567890\n")
    rejected, why = tmp_path / "rejected", tmp_path / "why"
    count = table.run(
        f"COPY t FROM LOCAL '{first}', '{second}' ENFORCELENGTH "
        f"REJECTED DATA '{rejected}' EXCEPTIONS '{why}'"
    )
    assert count == [[2]]
    assert rejected.read_text() == "xñ|b\n3|1234567890\n"
    assert "Invalid integer format 'xñ' for column 1 (a)" in why.read_text()
    with pytest.raises(errors.CopyRejected, match="10-byte"):
        table.run(f"COPY t FROM LOCAL '{second}' ENFORCELENGTH ABORT ON ERROR")
    assert table.run("SELECT COUNT(*) FROM t") == [[2]]
    assert table.run(f"COPY t FROM LOCAL '{tmp_path}/fir*'") == [[1]]
    with first.open("rb") as source:
        table.cursor.execute("COPY t FROM LOCAL STDIN; SELECT 7", copy_stdin=source)
    assert table.cursor.fetchall() == [[1]]
    assert table.cursor.nextset()
    assert table.cursor.fetchall() == [[7]]
