"""What the catalog knows of a table: T-SQL's side of what DuckDB holds."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.engine import quoted
from sandbox.tds.types import SqlType

DEFAULT_SCHEMA = "dbo"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it was declared.

    Attributes:
        default: The T-SQL text of its default, '' for none.
        identity: Seed and step, None without.
    """

    name: str
    type: SqlType
    nullable: bool = True
    default: str = ""
    identity: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key, a unique constraint or an index.

    Attributes:
        columns: Their names, in order.
        unique: Whether it refuses duplicates; other indexes do nothing.
        primary: Whether it is the primary key.
        constraint: Whether a constraint made it, rather than CREATE INDEX.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool = True
    primary: bool = False
    constraint: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint, by the T-SQL text of its condition."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        object_id: Its number in sys.objects.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    object_id: int = 0
    keys: tuple[Key, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def rowversion(self) -> Column | None:
        """The column of type timestamp, which changes with its row."""
        return next((c for c in self.columns if c.type.name == "timestamp"), None)

    @property
    def identity_column(self) -> Column | None:
        """The column whose values the server counts."""
        return next((c for c in self.columns if c.identity), None)

    @property
    def is_temporary(self) -> bool:
        """Whether it is a session's own, a #table."""
        return self.name.startswith("#")

    @property
    def relation(self) -> str:
        """Its name in DuckDB's SQL."""
        if self.is_temporary:
            return f"temp.main.{quoted(self.name)}"
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def title(self) -> str:
        """Its name in messages."""
        return self.name if self.is_temporary else f"{self.schema}.{self.name}"

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it: names compare without regard to case."""
        return table_key(self.schema, self.name)

    def column(self, name: str) -> Column | None:
        """The column of a name, in any case."""
        folded = name.casefold()
        return next((c for c in self.columns if c.name.casefold() == folded), None)


def table_key(schema: str, name: str) -> tuple[str, str]:
    """The identity of a table; temporary tables have no schema."""
    return ("" if name.startswith("#") else schema.casefold(), name.casefold())
