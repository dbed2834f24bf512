"""Column types: SQL Server's names, what they are in Vertica and to the encoder."""

from __future__ import annotations

import re
from typing import Self, cast

from pydantic import BaseModel, ConfigDict

import lowlevel
from lowlevel.columns import Kind

INTEGERS = ("tinyint", "smallint", "int", "bigint")
"""The integers, each of which holds those before it."""

MAX_OCTETS = 65_000
"""Most octets in a Vertica VARCHAR."""

OCTETS_PER_UNIT = 3
"""Most UTF-8 octets that one UTF-16 unit of SQL Server becomes."""

VERTICA = {
    "bigint": "INTEGER",
    "int": "INTEGER",
    "smallint": "INTEGER",
    "tinyint": "INTEGER",
    "bit": "BOOLEAN",
    "datetime2": "TIMESTAMP",
    "uniqueidentifier": "UUID",
}

_DECLARED = re.compile(
    r"(?P<kind>[a-z0-9]+)\s*(\(\s*(?P<size>\d+)\s*\))?(?P<null>\s+null)?", re.IGNORECASE
)


class Column(BaseModel):
    """One column of a table.

    Attributes:
        name: Its name, the same in SQL Server and in Vertica.
        kind: SQL Server's type without its size, in lower case.
        size: The n of varchar(n) and nvarchar(n), in SQL Server's units; otherwise 0.
        nullable: Whether NULL may occur.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str
    size: int = 0
    nullable: bool = False

    @classmethod
    def parse(cls, name: str, declared: str) -> Self:
        """Read a declaration such as ``datetime2 null`` or ``nvarchar(400)``.

        Raises:
            ValueError: The type is unknown, or its size is missing or too large.
        """
        match = _DECLARED.fullmatch(declared.strip())
        kind = match["kind"].lower() if match else ""
        if match is None or kind not in {*VERTICA, "varchar", "nvarchar"}:
            raise ValueError(f"column {name!r}: unknown type {declared!r}")
        if not name:
            raise ValueError("a column without a name")
        size = int(match["size"] or 0) if kind.endswith("varchar") else 0
        if kind.endswith("varchar") and not 1 <= size * OCTETS_PER_UNIT <= MAX_OCTETS:
            most = MAX_OCTETS // OCTETS_PER_UNIT
            raise ValueError(
                f"column {name!r}: {declared!r} needs a size from 1 to {most}"
            )
        return cls(name=name, kind=kind, size=size, nullable=bool(match["null"]))

    def takes(self, type_: str) -> bool:
        """Whether every value of a type in SQL Server fits this column.

        Args:
            type_: As SQL Server writes it, such as ``nvarchar(400)``.
        """
        try:
            other = self.parse(self.name, type_)
        except ValueError:
            return False
        if self.kind in INTEGERS and other.kind in INTEGERS:
            return INTEGERS.index(other.kind) <= INTEGERS.index(self.kind)
        if self.size and other.size:
            return other.size <= self.size
        return self.kind == other.kind

    @property
    def declared(self) -> str:
        """The type as it is declared, without NULL."""
        return f"{self.kind}({self.size})" if self.size else self.kind

    @property
    def octets(self) -> int:
        """Most UTF-8 octets of a text value; 0 for other types."""
        return self.size * OCTETS_PER_UNIT

    @property
    def vertica(self) -> str:
        """The type in Vertica's DDL."""
        return VERTICA.get(self.kind, f"VARCHAR({self.octets})")

    @property
    def encoded(self) -> lowlevel.Column:
        """The column as the encoder takes it."""
        kind = cast(Kind, self.kind if self.kind in VERTICA else "varchar")
        return lowlevel.Column(self.name, kind, self.nullable, self.octets)
