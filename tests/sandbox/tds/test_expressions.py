from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from tests.kit.tds_server import Run

D = Decimal
M = dt.datetime


def cases(*pairs: tuple[str, object]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("sql", "expected"), pairs, ids=[p[0] for p in pairs]
    )


@cases(
    ("5 / 2", 2),
    ("-5 / 2", -2),
    ("7 % 3", 1),
    ("5.0 / 2", D("2.500000")),
    ("2.0 / 3", D("0.666666")),
    ("0.3 / 0.1", D("3.000000")),
    ("1 + 2.50", D("3.50")),
    ("1.5 * 1.5", D("2.25")),
    ("1 / 4e0", 0.25),
    ("5 & 3", 1),
    ("5 | 3", 7),
    ("5 ^ 3", 6),
    ("~5", -6),
    ("-(-3)", 3),
    ("'5' + 1", 6),
    ("2147483648", D(2147483648)),
    ("cast(2147483647 as bigint) + 1", 2147483648),
    ("$1.5 + 1", D("2.5000")),
    ("cast(10 as money) / 4", D("2.5000")),
)
def test_arithmetic_follows_the_types_of_its_operands(
    run: Run, sql: str, expected: object
) -> None:
    ((value,),) = run(f"SELECT {sql}")
    assert value == expected
    assert type(value) is type(expected)


@cases(
    ("'a' + 'b'", "ab"),
    ("N'ж' + 'b'", "жb"),
    ("'a' + NULL", None),
    ("len('ab  ')", 2),
    ("len(N'😀')", 2),
    ("datalength(N'ab ')", 6),
    ("datalength('ab ')", 3),
    ("upper('aé')", "AÉ"),
    ("left('abc', 2)", "ab"),
    ("right('abc', 2)", "bc"),
    ("substring('abcd', 2, 2)", "bc"),
    ("substring('abcd', 0, 2)", "a"),
    ("replace('aXbx', 'x', '-')", "a-b-"),
    ("charindex('B', 'abc')", 2),
    ("charindex('a', 'abca', 2)", 4),
    ("ltrim('  a ')", "a "),
    ("rtrim(' a  ')", " a"),
    ("replicate('ab', 2)", "abab"),
    ("reverse('abc')", "cba"),
    ("stuff('abcd', 2, 2, 'X')", "aXd"),
    ("concat('a', NULL, 1, N'b')", "a1b"),
    ("space(2) + 'x'", "  x"),
    ("char(65)", "A"),
    ("nchar(1078)", "ж"),
    ("ascii('A')", 65),
    ("unicode(N'ж')", 1078),
    ("quotename('a]b')", "[a]]b]"),
    ("'it''s'", "it's"),
    ("isnull(NULL, 'x')", "x"),
)
def test_text_functions(run: Run, sql: str, expected: object) -> None:
    assert run(f"SELECT {sql}") == [(expected,)]


@cases(
    ("coalesce(NULL, NULL, 3)", 3),
    ("nullif(1, 1)", None),
    ("iif(1 > 2, 'a', 'b')", "b"),
    ("choose(2, 'a', 'b')", "b"),
    ("case when 1 = 1 then 1 else 2.5 end", D("1.0")),
    ("case 'A' when 'a' then 'same' else 'other' end", "same"),
    ("abs(-3)", 3),
    ("round(2.345, 2)", D("2.350")),
    ("ceiling(1.2)", D(2)),
    ("floor(-1.2)", D(-2)),
    ("power(2, 10)", 1024),
    ("sqrt(16)", 4.0),
    ("sign(-5)", -1),
    ("square(3)", 9.0),
    ("isnumeric('1.5')", 1),
    ("isnumeric('x')", 0),
)
def test_conditional_and_numeric_functions(
    run: Run, sql: str, expected: object
) -> None:
    assert run(f"SELECT {sql}") == [(expected,)]


@cases(
    ("dateadd(day, 1, '2020-02-28')", M(2020, 2, 29)),
    ("dateadd(month, 1, cast('2020-01-31' as date))", dt.date(2020, 2, 29)),
    (
        "dateadd(ms, 5, cast('2020-01-01 00:00:00.0000001' as datetime2))",
        M(2020, 1, 1, 0, 0, 0, 5000),
    ),
    ("datediff(day, '2020-01-01 23:59', '2020-01-02 00:01')", 1),
    ("datediff(month, '2020-01-31', '2020-02-01')", 1),
    ("datediff(year, '2019-12-31', '2020-01-01')", 1),
    ("datediff(week, '2020-01-04', '2020-01-05')", 1),
    ("datediff(second, '2020-01-01', '2020-01-02')", 86400),
    ("datepart(weekday, '2020-01-05')", 1),
    ("datepart(dayofyear, '2020-12-31')", 366),
    ("datepart(week, '2020-01-05')", 2),
    ("datepart(ns, cast('2020-01-01 00:00:00.1234567' as datetime2))", 123456700),
    ("datename(month, '2020-01-05')", "January"),
    ("datename(weekday, '2020-01-05')", "Sunday"),
    ("year('2020-01-05') * 100 + month('2020-01-05')", 202001),
    ("eomonth('2020-02-03')", dt.date(2020, 2, 29)),
    ("datefromparts(2020, 2, 3)", dt.date(2020, 2, 3)),
    ("isdate('2020-13-01')", 0),
    ("cast('2020-01-01' as datetime) + 1", M(2020, 1, 2)),
)
def test_date_functions(run: Run, sql: str, expected: object) -> None:
    assert run(f"SELECT {sql}") == [(expected,)]


@cases(
    ("cast(1.9 as int)", 1),
    ("cast(-1.9e0 as int)", -1),
    ("cast('12' as bigint)", 12),
    ("cast(1.235 as decimal(5, 2))", D("1.24")),
    ("cast('abc' as varchar(2))", "ab"),
    ("cast('ab' as char(4))", "ab  "),
    ("cast(12345 as varchar(2))", "*"),
    ("cast(0.1 as float)", 0.1),
    ("cast(1.5e6 as varchar(20))", "1.5e+006"),
    ("cast(1 as bit)", True),
    ("cast('true' as bit)", True),
    ("convert(varchar(10), cast('2019-03-14' as date), 112)", "20190314"),
    ("convert(varchar(10), cast('2019-03-14' as date), 103)", "14/03/2019"),
    (
        "convert(varchar(30), cast('2019-03-14 13:05' as datetime))",
        "Mar 14 2019  1:05PM",
    ),
    (
        "convert(varchar(30), cast('2019-03-14 13:05:06.7' as datetime), 121)",
        "2019-03-14 13:05:06.700",
    ),
    (
        "convert(varchar(30), cast('2019-03-14 13:05:06.7' as datetime2), 126)",
        "2019-03-14T13:05:06.7000000",
    ),
    ("cast(cast('13:05' as time(0)) as varchar(20))", "13:05:00"),
    ("cast(N'ж' as varchar(5))", "?"),
    ("cast(0x6162 as varchar(5))", "ab"),
    ("cast('ab' as varbinary(5))", b"ab"),
    ("cast(N'ab' as varbinary(5))", b"a\0b\0"),
    ("convert(varchar(10), 0xABCD, 1)", "0xABCD"),
    ("cast(258 as varbinary(4))", b"\x00\x00\x01\x02"),
    ("cast(0x0102 as int)", 258),
    ("try_cast('x' as int)", None),
    ("try_convert(date, 'x')", None),
    ("cast(0 as datetime)", M(1900, 1, 1)),
    (
        "cast('6F9619FF-8B86-D011-B42D-00C04FC964FF' as uniqueidentifier)",
        uuid.UUID("6F9619FF-8B86-D011-B42D-00C04FC964FF"),
    ),
    (
        (
            "cast(cast('6f9619ff-8b86-d011-b42d-00c04fc964ff' as uniqueidentifier) "
            "as varchar(36))"
        ),
        "6F9619FF-8B86-D011-B42D-00C04FC964FF",
    ),
    (
        "cast('2019-03-14 00:00:00.1234567' as datetime2(3))",
        M(2019, 3, 14, 0, 0, 0, 123000),
    ),
    ("cast('2019-03-14 00:00:29.999' as smalldatetime)", M(2019, 3, 14, 0, 1)),
)
def test_conversions_of_constants(run: Run, sql: str, expected: object) -> None:
    assert run(f"SELECT {sql}") == [(expected,)]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("int", "'12'", 12),
        ("bigint", "' -5 '", -5),
        ("bit", "'0'", False),
        ("decimal(6,2)", "'1.235'", D("1.24")),
        ("float", "'1e3'", 1000.0),
        ("date", "'2019-03-14'", dt.date(2019, 3, 14)),
        ("date", "'20190314'", dt.date(2019, 3, 14)),
        ("time(0)", "'13:05'", dt.time(13, 5)),
        (
            "datetime2(6)",
            "'2019-03-14T13:05:06.1234567'",
            M(2019, 3, 14, 13, 5, 6, 123457),
        ),
        ("datetime", "'2019-03-14 13:05:06.004'", M(2019, 3, 14, 13, 5, 6, 3000)),
        ("varbinary(9)", "'ab'", b"ab"),
        ("nvarchar(2)", "'abc'", "ab"),
        ("char(4)", "'ab'", "ab  "),
    ],
)
def test_text_of_columns_is_converted_like_that_of_constants(
    run: Run, kind: str, text: str, expected: object
) -> None:
    ((constant, column),) = run(
        f"SELECT cast({text} as {kind}), cast(q.v as {kind}) FROM (SELECT {text} v) q"
    )
    assert constant == column == expected


@cases(
    ("'a' = 'A'", True),
    ("'a ' = 'a'", True),
    ("'a' = 'b'", False),
    ("'abc' like 'A_C'", True),
    ("'a1' like 'a[0-9]'", True),
    ("'ax' like 'a[^0-9]'", True),
    ("'50%' like '50!%' escape '!'", True),
    ("'a' in ('B', 'A')", True),
    ("1 in (1.0, 2)", True),
    ("2 between 1 and 3", True),
    ("2 not between 1 and 3", False),
    ("NULL is null", True),
    ("'a' collate Latin1_General_CS_AS = 'A'", False),
    ("cast('2020-01-01' as datetime2) = '2020-01-01 00:00:00'", True),
    ("cast('2020-01-01' as date) < '2020-01-02'", True),
    ("cast('2020-01-01 01:00 +01:00' as datetimeoffset) = '2020-01-01'", True),
    ("0x01 = 0x01", True),
    ("0x6100 = N'a'", True),
    ("0x61 = 'b'", False),
    ("1 = '1'", True),
    ("exists (select 1)", True),
    ("1 in (select 1 union all select 2)", True),
    ("not 1 = 2 and (1 = 2 or 2 = 2)", True),
)
def test_conditions(run: Run, sql: str, expected: bool) -> None:
    assert run(f"SELECT 1 WHERE {sql}") == ([(1,)] if expected else [])
