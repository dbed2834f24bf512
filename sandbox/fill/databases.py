"""The databases that are filled, and how the rows of a table are replaced."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pymssql

from sandbox.clients import connect_mssql
from sandbox.engine import quoted
from sandbox.fill.requests import FillError
from sandbox.session import DATA
from sandbox.tds.ticks import TICKS_PER_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from sandbox.addresses import Addresses
    from sandbox.engine import Engine
    from sandbox.fill.tables import Table
    from sandbox.session import Session

# The SQL Servers store moments as ticks of 100 ns since 0001-01-01.
_EPOCH = (date(1970, 1, 1).toordinal() - 1) * TICKS_PER_DAY
_EXISTS = """\
SELECT 1 FROM information_schema.tables
WHERE table_catalog = current_database() AND table_schema = 'dbo'
    AND lower(table_name) = ?"""


class Databases:
    """The databases that are filled."""

    def __init__(self, engine: Engine, addresses: Addresses) -> None:
        """Fill them through the engine, but declare tables as a client does.

        Args:
            engine: Holds the databases.
            addresses: Where the SQL Servers listen, which alone know T-SQL's types.
        """
        self._engine = engine
        self._addresses = addresses

    def open(self, server: str, database: str, tables: Iterable[Table]) -> Session:
        """Open one with these tables in it, and make the database too if it is new.

        Raises:
            FillError: The SQL Server refuses.
        """
        self._engine.create_database(server, database)
        session = self._engine.session(server, database, schema="dbo")
        try:
            for table in tables:
                if not session.read(_EXISTS, [table.title.lower()]).rows():
                    self._create_table(server, database, table)
        except BaseException:
            session.close()
            raise
        return session

    def _create_table(self, server: str, database: str, table: Table) -> None:
        try:
            connection = connect_mssql(self._addresses, server, database)
            with closing(connection), connection.cursor() as cursor:
                cursor.execute(table.ddl)
        except pymssql.Error as error:
            raise FillError(f"{database} on {server}: {error}") from None


def replace_rows(
    session: Session,
    table: Table,
    rows: pa.Table,
    *,
    first: date | None = None,
    end: date | None = None,
) -> None:
    """Put rows in place of all, or of those of some days.

    Args:
        session: The shard's, with or without an open transaction.
        table: Whose rows they are.
        rows: The new rows, columns as the table's.
        first: The first of the days; None for all rows.
        end: The first day after them.
    """
    delete = f"DELETE FROM {quoted(table.title)}"  # noqa: S608 - quoted
    if first is None or end is None:
        session.write(delete)
    else:
        moment = quoted(table.date_column)
        session.write(
            f"{delete} WHERE {moment} >= ? AND {moment} < ?",
            [_ticks(first), _ticks(end)],
        )
    session.write(_insert(table), data=rows)


def _insert(table: Table) -> str:
    stored = (
        f"epoch_us({quoted(name)}) * 10 + {_EPOCH}"
        if column.made == "TIMESTAMP"
        else quoted(name)
        for name, column in table.columns.items()
    )
    return (
        f"INSERT INTO {quoted(table.title)}"  # noqa: S608 - quoted names only
        f" ({', '.join(quoted(name) for name in table.columns)})"
        f" SELECT {', '.join(stored)} FROM {DATA}"
    )


def _ticks(day: date) -> int:
    return (day.toordinal() - 1) * TICKS_PER_DAY


def first_line(error: BaseException) -> str:
    """The line of DuckDB's message that tells what is wrong."""
    return str(error).strip().partition("\n")[0]
