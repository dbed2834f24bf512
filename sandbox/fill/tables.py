"""The tables that can be filled: what they hold, and how a shard declares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        made: The DuckDB type its values are made in.
        declared: Its T-SQL type.
        nullable: Whether it takes NULL.
        length: Most UTF-16 units of a text; 0 for other types.
    """

    made: str
    declared: str
    nullable: bool = False
    length: int = 0

    @property
    def ddl(self) -> str:
        """What follows its name in the table's declaration."""
        return f"{self.declared} {'NULL' if self.nullable else 'NOT NULL'}"


@dataclass(frozen=True)
class Table:
    """One table of a shard; its key is the column `id`.

    Attributes:
        name: What it is called in commands.
        title: Its name in the schema dbo.
        date_column: The moment that gives a row its day.
        columns: Its columns, by name and in order.
    """

    name: str
    title: str
    date_column: str
    columns: Mapping[str, Column]

    @property
    def required(self) -> list[str]:
        """The columns that take no NULL."""
        return [name for name, column in self.columns.items() if not column.nullable]

    @property
    def ddl(self) -> str:
        """The CREATE TABLE, in T-SQL."""
        lines = (f"{name} {column.ddl}" for name, column in self.columns.items())
        return f"CREATE TABLE dbo.{self.title} ({', '.join(lines)}, PRIMARY KEY (id))"


_ID = Column("BIGINT", "bigint")
_MOMENT = Column("TIMESTAMP", "datetime2")

ORDERS = Table(
    "orders",
    "Orders",
    "start_time",
    {
        "id": _ID,
        "start_time": _MOMENT,
        "end_time": Column("TIMESTAMP", "datetime2", nullable=True),
        "type": Column("INTEGER", "int"),
        "data": Column("UUID", "uniqueidentifier"),
    },
)
CALLS = Table(
    "calls",
    "Calls",
    "started",
    {
        "id": _ID,
        "started": _MOMENT,
        "order_id": Column("BIGINT", "bigint", nullable=True),
        "duration_s": Column("INTEGER", "int"),
        "answered": Column("BOOLEAN", "bit"),
    },
)
RATES = Table(
    "rates",
    "Rates",
    "rated",
    {
        "id": _ID,
        "rated": _MOMENT,
        "order_id": Column("BIGINT", "bigint"),
        "score": Column("UTINYINT", "tinyint"),
        "comment": Column("VARCHAR", "nvarchar(400)", nullable=True, length=400),
    },
)
TABLES = {table.name: table for table in (ORDERS, CALLS, RATES)}
"""All of them, by the name that commands use."""
