"""Rows in bulk; the driver keeps the GIL, so the server is another process's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal

import pymssql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymssql import _mssql

from sandbox.process import SandboxProcess


@pytest.fixture
def connection(
    sandbox: SandboxProcess, fresh_database: Callable[..., str]
) -> Iterator[pymssql.Connection]:
    address = sandbox.addresses.mssql["mssql_0"]
    with closing(
        pymssql.connect(
            server=address.host,
            port=str(address.port),
            user=sandbox.addresses.user,
            password=sandbox.addresses.password,
            database=fresh_database(),
            autocommit=True,
        )
    ) as connected:
        yield connected


def rows_in(connection: pymssql.Connection, table: str) -> list[tuple[object, ...]]:
    cursor = connection.cursor()
    cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
    return list(cursor.fetchall())


def test_values_of_each_kind_arrive(connection: pymssql.Connection) -> None:
    connection.cursor().execute(
        "CREATE TABLE t (a int, b decimal(9, 2), c datetime, d varchar(20),"
        " e float, f bit)"
    )
    rows = [
        (
            *(1, Decimal("-12.50"), datetime(2019, 3, 14, 5, 6, 7)),
            *("text", 0.5, True),
        ),
        (2, None, None, None, None, None),
    ]
    connection.bulk_copy("t", [rows[0]])
    connection.bulk_copy("t", [rows[1]])
    assert rows_in(connection, "t") == rows


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    numbers=st.lists(
        st.integers(-(2**31), 2**31 - 1), unique=True, min_size=1, max_size=200
    )
)
def test_any_numbers_arrive(connection: pymssql.Connection, numbers: list[int]) -> None:
    connection.cursor().execute("DROP TABLE IF EXISTS n; CREATE TABLE n (a int)")
    connection.bulk_copy("n", [(number,) for number in numbers], batch_size=50)
    assert rows_in(connection, "n") == [(number,) for number in sorted(numbers)]


def test_a_batch_with_a_duplicate_leaves_nothing(
    connection: pymssql.Connection,
) -> None:
    connection.cursor().execute("CREATE TABLE k (a int PRIMARY KEY)")
    with pytest.raises(_mssql.MSSQLDatabaseException) as failed:
        connection.bulk_copy("k", [(1,), (2,), (1,)])
    assert failed.value.number == 2627
    assert rows_in(connection, "k") == []


def test_columns_that_are_left_out_take_their_defaults(
    connection: pymssql.Connection,
) -> None:
    connection.cursor().execute("CREATE TABLE d (a int, b int DEFAULT 7)")
    connection.bulk_copy("d", [(1,)], column_ids=[1])
    assert rows_in(connection, "d") == [(1, 7)]
