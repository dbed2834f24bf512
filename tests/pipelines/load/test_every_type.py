"""Every type of SQL Server arrives in Vertica value by value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest

from tests.kit.project import DAY, Project

DAY_START = f"CAST('{DAY}T00:00:00' AS datetime2)"
UTC = dt.UTC


@dataclass(frozen=True)
class Case:
    """A type, T-SQL of some values, and what they are in Vertica."""

    declared: str
    values: dict[str, object]
    in_vertica: str


def moment(*parts: int) -> dt.datetime:
    return dt.datetime(*parts)  # type: ignore[arg-type]  # these types have no zone


CASES = [
    Case("bigint", {str(-(2**63) + 1): -(2**63) + 1, str(2**63 - 1): 2**63 - 1}, "int"),
    Case("int", {"-2147483648": -(2**31), "2147483647": 2**31 - 1}, "int"),
    Case("smallint", {"-32768": -32768, "32767": 32767}, "int"),
    Case("tinyint", {"0": 0, "255": 255}, "int"),
    Case("bit", {"0": False, "1": True}, "boolean"),
    Case(
        "decimal(9,2)",
        {"-1234567.89": Decimal("-1234567.89"), "0.01": Decimal("0.01")},
        "numeric(9,2)",
    ),
    Case("decimal(19,0)", {"-" + "9" * 19: Decimal(1 - 10**19)}, "numeric(19,0)"),
    Case(
        "numeric(38,10)",
        {"9" * 28 + "." + "9" * 10: Decimal("9" * 28 + "." + "9" * 10)},
        "numeric(38,10)",
    ),
    Case(
        "decimal(38,38)", {"-0." + "0" * 37 + "1": Decimal("-1E-38")}, "numeric(38,38)"
    ),
    Case(
        "money",
        {
            "-922337203685477.5808": Decimal("-922337203685477.5808"),
            "0.0001": Decimal("0.0001"),
        },
        "numeric(19,4)",
    ),
    Case("smallmoney", {"214748.3647": Decimal("214748.3647")}, "numeric(10,4)"),
    Case("float", {"1.5e308": 1.5e308}, "float"),
    Case("float(53)", {"-2.3e-308": -2.3e-308, "0.1": 0.1}, "float"),
    Case("real", {"0.5": 0.5, "-1.5e38": -1.5000000027488779e38}, "float"),
    Case("date", {"'0001-01-01'": dt.date(1, 1, 1)}, "date"),
    Case("date null", {"'9999-12-31'": dt.date(9999, 12, 31)}, "date"),
    Case("time", {"'23:59:59.9999999'": dt.time(23, 59, 59, 999999)}, "time"),
    Case("time(0)", {"'00:00:00'": dt.time(0)}, "time"),
    Case(
        "datetime",
        {"'2019-03-14T23:59:59.997'": moment(2019, 3, 14, 23, 59, 59, 997000)},
        "timestamp",
    ),
    Case(
        "smalldatetime",
        {"'2079-06-06T23:59:00'": moment(2079, 6, 6, 23, 59)},
        "timestamp",
    ),
    Case(
        "datetime2(7)",
        {
            "'9999-12-31T23:59:59.9999999'": dt.datetime.max,
            "'0001-01-01T00:00:00'": dt.datetime.min,
        },
        "timestamp",
    ),
    Case(
        "datetime2(3)",
        {"'1999-12-31T23:59:59.999'": moment(1999, 12, 31, 23, 59, 59, 999000)},
        "timestamp",
    ),
    Case(
        "datetimeoffset",
        {
            "'2019-03-14T01:02:03.1234567+14:00'": dt.datetime(
                2019, 3, 13, 11, 2, 3, 123456, tzinfo=UTC
            ),
            "'2019-03-14T01:02:03-05:30'": dt.datetime(
                2019, 3, 14, 6, 32, 3, tzinfo=UTC
            ),
        },
        "timestamptz",
    ),
    Case("char(5)", {"'ab'": "ab   "}, "varchar(15)"),
    Case("nchar(4)", {"N'Жё'": "Жё  "}, "varchar(12)"),
    Case("varchar(10)", {"''": "", "'NULL'": "NULL", "'a|b'": "a|b"}, "varchar(30)"),
    Case("nvarchar(4)", {"N'🚕🚕'": "🚕🚕", "N'жжжж'": "жжжж"}, "varchar(12)"),
    Case(
        "varchar(max)",
        {"REPLICATE(CAST('x' AS varchar(max)), 70000)": "x" * 70_000},
        "long varchar(32000000)",
    ),
    Case(
        "nvarchar(max)",
        {"REPLICATE(CAST(N'ж' AS nvarchar(max)), 70000)": "ж" * 70_000},
        "long varchar(32000000)",
    ),
    Case("ntext", {"N'Ж'": "Ж"}, "long varchar(32000000)"),
    Case("text", {"'x'": "x"}, "long varchar(32000000)"),
    Case("binary(3)", {"0xABCD": b"\xab\xcd\0"}, "varbinary(3)"),
    Case("varbinary(4)", {"0x": b"", "0x00FF00": b"\0\xff\0"}, "varbinary(4)"),
    Case("varbinary(max)", {"0x5C": b"\\"}, "long varbinary(32000000)"),
    Case("image", {"0x5C00": b"\\\0"}, "long varbinary(32000000)"),
]


LONG = [case for case in CASES if case.in_vertica.startswith("long")]
"""A row of Vertica holds one of these."""

TABLES = [
    pytest.param([case for case in CASES if case not in LONG], id="short"),
    *(
        pytest.param(
            [case],
            id=case.declared,
            marks=pytest.mark.long,
        )
        for case in LONG
    ),
]


@pytest.mark.parametrize("cases", TABLES)
def test_every_type_arrives_value_by_value(
    project: Project, cases: Sequence[Case]
) -> None:
    height = max(len(case.values) for case in cases) + 1
    each = {f"v{at}": case for at, case in enumerate(cases)}
    columns = {name: case.declared.removesuffix(" null") for name, case in each.items()}
    declared = ", ".join(f'{name} = "{kind} null"' for name, kind in columns.items())
    project.tables = (
        f'[orders]\nquery = "SELECT id, at, {", ".join(columns)} FROM dbo.T"\n'
        'date_column = "at"\nkey = "id"\ntarget = "{schema}.orders"\n'
        f'columns = {{{{ id = "int", at = "datetime2", {declared} }}}}\n'
    )
    made = ", ".join(f"{name} {kind} NULL" for name, kind in columns.items())
    shard = project.add_shard(
        ddl=f"CREATE TABLE dbo.T (id int NOT NULL, at datetime2 NOT NULL, {made})"
    )
    for row in range(height):
        values = [(*case.values, *["NULL"] * height)[row] for case in each.values()]
        project.on_shard(
            shard,
            f"INSERT INTO dbo.T VALUES ({row}, {DAY_START}, {', '.join(values)})",
        )
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    for name, case in each.items():
        rows = project.on_warehouse(f"SELECT {name} FROM {project.target} ORDER BY id")
        expected = (*case.values.values(), *[None] * height)[:height]
        # Vertica writes 15 digits of a float.
        assert [value for (value,) in rows] == [
            pytest.approx(value, rel=1e-14) if isinstance(value, float) else value
            for value in expected
        ], case.declared
        assert [type(value) for (value,) in rows] == [
            type(value) for value in expected
        ], case.declared
    stored = project.on_warehouse(
        "SELECT column_name, data_type FROM v_catalog.columns"
        f" WHERE table_schema = '{project.schema}' AND table_name = 'orders'"
    )
    kinds = {str(name): str(kind).lower() for name, kind in stored}
    assert {name: kinds[name] for name in each} == {
        name: case.in_vertica for name, case in each.items()
    }


def test_every_type_of_the_catalog_is_tried_here() -> None:
    from pipelines.catalog.columns import (  # noqa: PLC0415
        BINARY_TYPES,
        DECIMAL_TYPES,
        PLAIN_TYPES,
        TEXT_TYPES,
    )

    tried = {case.declared.partition("(")[0].removesuffix(" null") for case in CASES}
    known = {*TEXT_TYPES, *BINARY_TYPES, *DECIMAL_TYPES, *PLAIN_TYPES}
    assert known - tried == {"xml", "rowversion", "timestamp", "uniqueidentifier"}
