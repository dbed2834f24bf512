"""Every type of SQL Server, some of its values, and what they are in Vertica."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from tests.kit.project import DAY

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
