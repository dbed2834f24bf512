"""What is measured: a way to load, and where its rows can be had and put."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

Way = Literal[
    "tutorial",
    "tuples",
    "driver_copy",
    "fast",
    "small_packets",
    "large_packets",
    "mssql_python",
    "python_tds",
]
"""The modules of `benchmarks.ways`."""

TableName: TypeAlias = Literal["orders", "text", "wide"]

RECORDED = 100_000
"""Rows that are recorded; of more, they come several times."""

ALL_UP_TO = 1_000_000
"""Beyond so many rows only ways of pymssql's are measured, without TLS."""


@dataclass(frozen=True)
class Load:
    """One of the loads that are compared.

    Attributes:
        way: How the rows are loaded.
        rows: How many they are.
        table: Whose rows.
        tls: Whether both connections are encrypted.
    """

    way: Way
    rows: int
    table: TableName = "orders"
    tls: bool = False


@dataclass(frozen=True)
class Place:
    """Where some rows can be had and put.

    Attributes:
        table: Whose rows.
        day: Their day.
        rows: How many they are.
        mssql_port: The SQL Server that has them.
        vertica_port: The Vertica that takes them.
        authorities: Whose word is taken for who both are; None without TLS.
    """

    table: str
    day: date
    rows: int
    mssql_port: int
    vertica_port: int
    authorities: Path | None = None
