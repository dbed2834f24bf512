from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any

import pymssql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kit.tds_server import Run, Server

FIRST, LAST = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
# the driver ends a statement at a NUL
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
WIDE = Context(prec=60)


def latin(text: str) -> str:
    return text.encode("cp1252", "ignore").decode("cp1252")


def decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    limit = 10**precision - 1
    return st.integers(-limit, limit).map(lambda n: Decimal(n).scaleb(-scale, WIDE))


COLUMNS = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "tinyint": st.integers(0, 255),
    "bit": st.booleans(),
    "decimal(5, 2)": decimals(5, 2),
    "decimal(19, 0)": decimals(19, 0),
    "decimal(28, 10)": decimals(28, 10),
    "numeric(38, 12)": decimals(38, 12),
    "money": st.integers(-(2**63), 2**63 - 1).map(lambda n: Decimal(n).scaleb(-4)),
    "smallmoney": st.integers(-(2**31), 2**31 - 1).map(lambda n: Decimal(n).scaleb(-4)),
    "float": st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
    "real": st.floats(
        allow_nan=False, allow_infinity=False, width=32, allow_subnormal=False
    ),
    "date": st.dates(),
    "datetime2": st.datetimes(FIRST, LAST),
    "datetime2(6)": st.datetimes(FIRST, LAST),
    "datetime2(3)": st.datetimes(FIRST, LAST).map(
        lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000)
    ),
    "datetime2(0)": st.datetimes(FIRST, LAST).map(lambda m: m.replace(microsecond=0)),
    "time": st.times(),
    "uniqueidentifier": st.uuids(),
    "nvarchar(60)": TEXT,
    "nvarchar(max)": TEXT,
    "varchar(30)": TEXT.map(latin),
    "varchar(max)": TEXT.map(latin),
    "varbinary(30)": st.binary(max_size=30),
    "varbinary(max)": st.binary(max_size=30),
    "image": st.binary(max_size=30),
    "ntext": TEXT,
}


def literal(value: object) -> str:  # noqa: PLR0911 - a type a line
    match value:
        case None:
            return "NULL"
        case bool():
            return str(int(value))
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case float():
            return repr(value) if "e" in repr(value) else f"{value!r}e0"
        case bytes():
            return "0x" + value.hex()
        case dt.datetime() | dt.date() | dt.time():
            return f"'{value.isoformat()}'"
        case uuid.UUID():
            return f"'{value}'"
        case _:
            return "N'" + str(value).replace("'", "''") + "'"


@pytest.fixture(scope="module")
def every_type(server: Server) -> Iterator[pymssql.Cursor]:
    with server.cursor() as cursor:
        columns = ", ".join(f"c{n} {kind} NULL" for n, kind in enumerate(COLUMNS))
        cursor.execute(f"CREATE TABLE every_type (n int, {columns})")
        yield cursor


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(*(st.none() | strategy for strategy in COLUMNS.values())),
        min_size=1,
        max_size=4,
    )
)
def test_values_of_every_type_come_back_as_they_were_inserted(
    every_type: pymssql.Cursor, rows: list[tuple[Any, ...]]
) -> None:
    every_type.execute("TRUNCATE TABLE every_type")
    shown = (
        f"({', '.join([str(n), *map(literal, row)])})" for n, row in enumerate(rows)
    )
    every_type.execute(f"INSERT INTO every_type VALUES {', '.join(shown)}")
    every_type.execute("SELECT * FROM every_type ORDER BY n")
    assert [row[1:] for row in every_type.fetchall()] == rows


def test_the_seventh_digit_is_kept_and_compared(run: Run) -> None:
    rows = run(
        """
        CREATE TABLE #t (v datetime2);
        INSERT #t VALUES ('9999-12-31 23:59:59.9999999'), ('0001-01-01'),
            ('2019-03-14 00:00:00.0000001'), ('2019-03-14 00:00:00.0000002');
        """
    )
    assert rows == []
    rows = run("SELECT convert(varchar(30), v) FROM #t ORDER BY v DESC")
    assert [row[0] for row in rows] == [
        "9999-12-31 23:59:59.9999999",
        "2019-03-14 00:00:00.0000002",
        "2019-03-14 00:00:00.0000001",
        "0001-01-01 00:00:00.0000000",
    ]
    assert run("SELECT count(*) FROM #t WHERE v = '2019-03-14 00:00:00.0000001'") == [
        (1,)
    ]
    assert run("SELECT max(v), min(v) FROM #t") == [(LAST, FIRST)]
    day = "v >= CAST('2019-03-14T00:00:00' AS datetime2)"
    day += " AND v < CAST('2019-03-15T00:00:00' AS datetime2)"
    assert run(f"SELECT count(*) FROM #t WHERE {day}") == [(2,)]


def test_datetime_is_rounded_to_three_hundredths(run: Run) -> None:
    rows = run(
        "SELECT cast('2020-01-01 00:00:00.001' as datetime),"
        " cast('2020-01-01 00:00:00.002' as datetime),"
        " cast('2020-01-01 23:59:59.999' as datetime)"
    )
    assert rows == [
        (
            dt.datetime(2020, 1, 1),
            dt.datetime(2020, 1, 1, 0, 0, 0, 3000),
            dt.datetime(2020, 1, 2),
        )
    ]


def test_datetimeoffset_keeps_its_offset(run: Run) -> None:
    ((value,),) = run("SELECT cast('2020-01-02 03:04:05.6 +05:30' as datetimeoffset)")
    offset = dt.timezone(dt.timedelta(hours=5, minutes=30))
    assert value == dt.datetime(2020, 1, 2, 3, 4, 5, 600000, tzinfo=offset)
    assert value.utcoffset() == dt.timedelta(hours=5, minutes=30)


def test_cyrillic_varchar_travels_in_its_code_page(run: Run) -> None:
    run(
        """
        CREATE TABLE #c (a varchar(10) COLLATE Cyrillic_General_CI_AS, b varchar(10));
        INSERT #c VALUES (N'Привет', N'Привет');
        """
    )
    assert run("SELECT a, b FROM #c WHERE a = N'ПРИВЕТ'") == [("Привет", "??????")]


def test_a_nul_is_a_character(run: Run) -> None:
    run("CREATE TABLE #z (a nvarchar(9), b varchar(9))")
    run("INSERT #z VALUES (N'a' + nchar(0) + N'b', 0x610062)")
    assert run("SELECT a, b, len(a) FROM #z WHERE a = b") == [("a\0b", "a\0b", 3)]


def test_char_and_binary_are_filled_to_their_length(run: Run) -> None:
    run("CREATE TABLE #p (c char(4), n nchar(4), b binary(4))")
    run("INSERT #p VALUES ('ab', N'ж', 0x01)")
    assert run("SELECT * FROM #p WHERE c = 'ab'") == [("ab  ", "ж   ", b"\1\0\0\0")]


def test_a_guid_is_stored_with_its_first_parts_turned(run: Run) -> None:
    # The pair is of Microsoft's own documentation of uniqueidentifier.
    run(
        "CREATE TABLE #t (v uniqueidentifier NULL);"
        " INSERT #t VALUES ('6F9619FF-8B86-D011-B42D-00C04FC964FF'), (NULL)"
    )
    rows = run("SELECT CAST(v AS binary(16)), CAST(v AS binary(4)) FROM #t")
    stored = bytes.fromhex("ff19966f868b11d0b42d00c04fc964ff")
    assert rows == [(stored, stored[:4]), (None, None)]


@pytest.mark.parametrize("text", [None, "", "ab", "Жё", "a\nЖ🚕€", "\u2028", "é" * 99])
def test_nvarchar_has_the_octets_of_utf_16(run: Run, text: str | None) -> None:
    run("CREATE TABLE #u (v nvarchar(100) NULL)")
    run("INSERT INTO #u VALUES (%s)", (text,))
    casts = "CAST(CAST(v AS nvarchar(max)) AS varbinary(max)), CAST(v AS varbinary(4))"
    ((octets, first),) = run(f"SELECT {casts} FROM #u")
    expected = None if text is None else text.encode("utf-16-le")
    assert octets == expected
    assert first == (None if expected is None else expected[:4])


def test_large_values_travel_in_chunks(run: Run) -> None:
    text, data = "ж😀" * 40_000, bytes(range(256)) * 800
    run("CREATE TABLE #l (a nvarchar(max), b varbinary(max), c varchar(max))")
    run("INSERT #l VALUES (%s, %s, %s)", (text, bytearray(data), "x" * 70_000))
    assert run("SELECT * FROM #l") == [(text, data, "x" * 70_000)]


@pytest.mark.parametrize("version", ["7.1", "7.2", "7.3", "7.4"])
def test_dates_are_text_before_tds_7_3(server: Server, version: str) -> None:
    with server.cursor(tds_version=version) as cursor:
        cursor.execute(
            "SELECT cast('2020-01-02' as date), 5, N'ж',"
            " cast('2020-01-02 03:04:05.1234567' as datetime2),"
            " cast('2020-01-02 03:04' as datetime)"
        )
        ((day, number, text, moment, old),) = cursor.fetchall()
    assert (number, text, old) == (5, "ж", dt.datetime(2020, 1, 2, 3, 4))
    if version in ("7.1", "7.2"):
        assert (day, moment) == ("2020-01-02", "2020-01-02 03:04:05.1234567")
    else:
        assert day == dt.date(2020, 1, 2)
        assert moment == dt.datetime(2020, 1, 2, 3, 4, 5, 123456)


def test_rowversion_changes_with_each_change_of_its_row(run: Run) -> None:
    run("CREATE TABLE #v (id int, ts timestamp)")
    run("INSERT #v (id) VALUES (1), (2)")
    run("INSERT #v (id) SELECT id + 2 FROM #v")
    before = dict(run("SELECT id, ts FROM #v"))
    assert len(set(before.values())) == 4
    run("UPDATE #v SET id = id WHERE id < 3")
    after = dict(run("SELECT id, ts FROM #v"))
    assert after[1] > before[1]
    assert len({after[1], after[2]}) == 2
    assert after[3] == before[3]
