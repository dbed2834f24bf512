"""The table dbo.Orders of one shard, and how its rows are replaced."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pymssql

from sandbox.clients import connect_mssql
from sandbox.engine import DATA
from sandbox.fill.requests import FillError
from sandbox.tds.types import TICKS_PER_DAY

if TYPE_CHECKING:
    import pyarrow as pa

    from sandbox.addresses import Addresses
    from sandbox.engine import Engine, Session

_CREATE = """\
CREATE TABLE dbo.Orders (
    id bigint NOT NULL PRIMARY KEY,
    start_time datetime2 NOT NULL,
    end_time datetime2 NULL,
    type int NOT NULL,
    data uniqueidentifier NOT NULL
)"""


# The SQL Servers store moments as ticks of 100 ns since 0001-01-01.
_EPOCH = (date(1970, 1, 1).toordinal() - 1) * TICKS_PER_DAY
_EXISTS = """\
SELECT 1 FROM information_schema.tables
WHERE table_catalog = current_database() AND table_schema = 'dbo'
    AND lower(table_name) = 'orders'"""
_DELETE = 'DELETE FROM "Orders"'
_DELETE_DAYS = 'DELETE FROM "Orders" WHERE start_time >= ? AND start_time < ?'
_INSERT = f"""\
INSERT INTO "Orders" (id, start_time, end_time, type, data)
SELECT id,
    epoch_us(start_time) * 10 + {_EPOCH},
    epoch_us(end_time) * 10 + {_EPOCH},
    type, data
FROM {DATA}"""  # noqa: S608 - made of two constants


class Shards:
    """The databases that are filled."""

    def __init__(self, engine: Engine, addresses: Addresses) -> None:
        """Fill them through the engine, but declare tables as a client does.

        Args:
            engine: Holds the databases.
            addresses: Where the SQL Servers listen, which alone know T-SQL's types.
        """
        self._engine = engine
        self._addresses = addresses

    def open(self, server: str, database: str) -> Session:
        """Open one with an Orders table in it, and the database too if it is new.

        Raises:
            FillError: The SQL Server refuses.
        """
        self._engine.create_database(server, database)
        session = self._engine.session(server, database, schema="dbo")
        try:
            if not session.read(_EXISTS).rows():
                self._create_table(server, database)
        except BaseException:
            session.close()
            raise
        return session

    def _create_table(self, server: str, database: str) -> None:
        try:
            connection = connect_mssql(self._addresses, server, database)
            with closing(connection), connection.cursor() as cursor:
                cursor.execute(_CREATE)
        except pymssql.Error as error:
            raise FillError(f"{database} on {server}: {error}") from None


def replace_rows(
    session: Session,
    rows: pa.Table,
    *,
    first: date | None = None,
    end: date | None = None,
) -> None:
    """Put rows in place of all, or of those that started in some days.

    Args:
        session: The shard's, with or without an open transaction.
        rows: The new rows, columns as in COLUMNS.
        first: The first of the days; None for all rows.
        end: The first day after them.
    """
    if first is None or end is None:
        session.write(_DELETE)
    else:
        session.write(_DELETE_DAYS, [_ticks(first), _ticks(end)])
    session.write(_INSERT, data=rows)


def _ticks(day: date) -> int:
    return (day.toordinal() - 1) * TICKS_PER_DAY


def first_line(error: BaseException) -> str:
    """The line of DuckDB's message that tells what is wrong."""
    return str(error).strip().partition("\n")[0]
