"""What can be asked of a fill, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sandbox.faults import SandboxError
from sandbox.fill.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping


class FillError(SandboxError):
    """Nothing was filled; the message is one line."""


@dataclass
class Filled:
    """What a fill made.

    Attributes:
        shards: The names of the shards, in order.
        rows: Rows of all shards.
        shard_days: Days with rows, counted in each shard.
    """

    shards: list[str] = field(default_factory=list)
    rows: int = 0
    shard_days: int = 0


@dataclass(frozen=True)
class Days:
    """Days, both ends included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse days that end before they begin.

        Raises:
            ValueError: They do.
        """
        if self.last < self.first:
            raise ValueError(f"{self.last} is before {self.first}")

    @property
    def end(self) -> date:
        """The first day after these."""
        return self.last + timedelta(days=1)

    def __len__(self) -> int:
        """Count them."""
        return (self.end - self.first).days


@dataclass(frozen=True)
class CsvFill:
    """How a CSV file becomes the rows of a table.

    Attributes:
        table: The table's name, one of TABLES.
        file: The file, with a header; its types are found by reading all of it.
        shard_column: The column whose values name the shards.
        empty_shard: The shard of the rows where that column is empty; None if
            there must be none.
        mapping: For each column of the table an SQL expression (DuckDB's) over the
            file's columns, whose rows keep their order.
        server: The SQL Server that gets the databases.
    """

    table: str
    file: str
    shard_column: str
    mapping: Mapping[str, str]
    empty_shard: str | None = None
    server: str = "mssql_0"

    def __post_init__(self) -> None:
        """Refuse a mapping that is not of this table.

        Raises:
            FillError: A column is unknown or lacks an expression.
        """
        table = TABLES[self.table]
        unknown = sorted(self.mapping.keys() - table.columns.keys())
        if unknown:
            raise FillError(f"the table has no column {', '.join(unknown)}")
        missing = [one for one in table.required if one not in self.mapping]
        if missing:
            raise FillError(f"no expression is given for {', '.join(missing)}")
