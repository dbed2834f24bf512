"""How many rows are at both ends, asked of the servers by the real drivers."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from vertica_python.errors import MissingRelation, MissingSchema

from sandbox.clients import connect_mssql, connect_vertica
from sandbox.fill.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox.addresses import Addresses
    from sandbox.shards import Shard

# Where the product's catalog lands a table, and where it marks the days it has loaded.
_LANDED = "SELECT etl_source, COUNT(*), SUM(id) FROM stage.{} GROUP BY etl_source"
_MARKED = 'SELECT COUNT(*), SUM("rows") FROM stage.markers'
_HELD = "SELECT COUNT(*), SUM(id) FROM dbo.{}"

# The reports of the product's catalog, and the table that each is made from.
_REPORTS = {
    "city_orders": "orders",
    "client_calls": "calls",
    "client_rates": "rates",
    "daily_orders": "orders",
    "order_duration": "orders",
}
_REPORTED = "SELECT COUNT(*) FROM reports.{}"

Totals = dict[tuple[str, str], tuple[int, int]]
"""By table and shard, of those that have any: how many rows, the sum of their ids."""


class Marked(NamedTuple):
    """What the warehouse's markers tell.

    Attributes:
        partitions: Days of shards that are complete.
        rows: The rows they have.
    """

    partitions: int
    rows: int


class Warehouse:
    """Questions to Vertica, over one connection."""

    def __init__(self, addresses: Addresses) -> None:
        """Connect."""
        self._connection = connect_vertica(addresses)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def marked(self) -> Marked:
        """Count what is marked as loaded; nothing before the first load."""
        try:
            ((partitions, rows),) = self._ask(_MARKED)
        except (MissingRelation, MissingSchema):
            return Marked(0, 0)
        return Marked(partitions, int(rows or 0))

    def totals(self) -> Totals:
        """Count the rows of each table and shard."""
        return {
            (table, shard): (count, int(ids))
            for table in TABLES
            for shard, count, ids in self._ask(_LANDED.format(table))
        }

    def reports(self) -> dict[str, tuple[str, int]]:
        """Tell the table of each report, and count the report's rows."""
        return {
            name: (table, self._ask(_REPORTED.format(name))[0][0])
            for name, table in _REPORTS.items()
        }

    def _ask(self, sql: str) -> list[list[Any]]:
        cursor = self._connection.cursor()
        cursor.execute(sql)
        rows: list[list[Any]] = cursor.fetchall()
        return rows


def totals_of_shards(addresses: Addresses, shards: Sequence[Shard]) -> Totals:
    """Count the rows of each table and shard in its SQL Server."""
    return {
        (table, shard.name): held
        for shard in shards
        for table, held in _held(addresses, shard)
        if held[0]
    }


def _held(addresses: Addresses, shard: Shard) -> Iterator[tuple[str, tuple[int, int]]]:
    connection = connect_mssql(addresses, shard.server, shard.database)
    with closing(connection), connection.cursor() as cursor:
        for name, table in TABLES.items():
            cursor.execute(_HELD.format(table.title))
            rows: list[Any] = cursor.fetchall()
            ((count, ids),) = rows
            yield name, (count, int(ids or 0))
