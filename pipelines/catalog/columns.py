"""Column types: SQL Server's names, what they are in Vertica and to the encoder."""

from __future__ import annotations

import re
from typing import Self

from pydantic import BaseModel, ConfigDict

import lowlevel
from lowlevel.columns import Kind

MAX = -1
"""The size of a ``(max)`` type."""

MAX_DIGITS = 38
"""Most digits of SQL Server's decimal."""

SHORT_OCTETS = 65_000
"""Most octets in a Vertica VARCHAR or VARBINARY."""

LONG_OCTETS = 32_000_000
"""Most octets in a Vertica LONG VARCHAR or LONG VARBINARY."""

OCTETS_PER_UNIT = 3
"""Most UTF-8 octets that one UTF-16 unit of SQL Server becomes."""

INTEGER_TYPES = ("tinyint", "smallint", "int", "bigint")
"""The integers, each of which holds those before it."""

TEXT_TYPES = {"char": 0, "nchar": 0, "varchar": 0, "nvarchar": 0}
TEXT_TYPES |= {"text": MAX, "ntext": MAX, "xml": MAX}
BINARY_TYPES = {
    "binary": 0,
    "varbinary": 0,
    "image": MAX,
    "rowversion": 8,
    "timestamp": 8,
}
"""Text and bytes; the size of those that are declared without one, otherwise 0."""

VARYING_TYPES = {"varchar", "nvarchar", "varbinary"}
"""Those that may be declared ``(max)``."""

DECIMAL_TYPES = {
    "decimal": (0, 0),
    "numeric": (0, 0),
    "money": (19, 4),
    "smallmoney": (10, 4),
}
"""Exact numbers: digits, and how many of them follow the point; 0 where declared."""

PLAIN_TYPES: dict[str, tuple[Kind, str]] = {
    "tinyint": ("tinyint", "INTEGER"),
    "smallint": ("smallint", "INTEGER"),
    "int": ("int", "INTEGER"),
    "bigint": ("bigint", "INTEGER"),
    "bit": ("bit", "BOOLEAN"),
    "float": ("float", "FLOAT"),
    "real": ("float", "FLOAT"),
    "date": ("date", "DATE"),
    "time": ("time", "TIME"),
    "smalldatetime": ("datetime2", "TIMESTAMP"),
    "datetime": ("datetime2", "TIMESTAMP"),
    "datetime2": ("datetime2", "TIMESTAMP"),
    "datetimeoffset": ("datetimeoffset", "TIMESTAMPTZ"),
    "uniqueidentifier": ("uniqueidentifier", "UUID"),
}
"""The other types: what they are to the encoder, and in Vertica."""

WIDENINGS = {
    ("float", "real"),
    ("datetime2", "datetime"),
    ("datetime2", "smalldatetime"),
    ("datetime", "smalldatetime"),
}
"""Plain types that hold every value of another."""

_DECLARED = re.compile(
    r"(?P<kind>[a-z0-9]+)"
    r"\s*(\(\s*(?P<size>\d+|max)\s*(,\s*(?P<scale>\d+)\s*)?\))?"
    r"(?P<null>\s+null)?",
    re.IGNORECASE,
)


class Column(BaseModel):
    """One column of a table.

    Attributes:
        name: Its name, the same in SQL Server and in Vertica.
        kind: SQL Server's type without its size, in lower case.
        size: Of text and bytes the n, in SQL Server's units, or `MAX`; of a decimal
            its digits; otherwise 0.
        scale: Of a decimal how many digits follow the point; otherwise 0.
        nullable: Whether NULL may occur.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str
    size: int = 0
    scale: int = 0
    nullable: bool = False

    @classmethod
    def parse(cls, name: str, declared: str) -> Self:
        """Read a declaration such as ``datetime2 null`` or ``decimal(10, 2)``.

        Raises:
            ValueError: The type is unknown, or its size is missing or impossible.
        """
        match = _DECLARED.fullmatch(declared.strip())
        kind = match["kind"].lower() if match else ""
        if match is None or not {kind} & {
            *TEXT_TYPES,
            *BINARY_TYPES,
            *DECIMAL_TYPES,
            *PLAIN_TYPES,
        }:
            raise ValueError(f"column {name!r}: unknown type {declared!r}")
        if not name:
            raise ValueError("a column without a name")
        try:
            size, scale = _facets(kind, match["size"], match["scale"])
        except ValueError as error:
            raise ValueError(f"column {name!r}: {declared!r} {error}") from None
        nullable = bool(match["null"])
        return cls(name=name, kind=kind, size=size, scale=scale, nullable=nullable)

    def takes(self, type_: str) -> bool:
        """Whether every value of a type in SQL Server fits this column.

        Args:
            type_: As SQL Server writes it, such as ``nvarchar(400)``.
        """
        try:
            other = self.parse(self.name, type_)
        except ValueError:
            return False
        for kinds in (TEXT_TYPES, BINARY_TYPES):
            if self.kind in kinds and other.kind in kinds:
                return self.size == MAX or 0 < other.size <= self.size
        if self.kind in DECIMAL_TYPES and other.kind in DECIMAL_TYPES:
            whole = other.size - other.scale <= self.size - self.scale
            return whole and other.scale <= self.scale
        if self.kind in INTEGER_TYPES and other.kind in INTEGER_TYPES:
            return INTEGER_TYPES.index(other.kind) <= INTEGER_TYPES.index(self.kind)
        return self.kind == other.kind or (self.kind, other.kind) in WIDENINGS

    @property
    def declared(self) -> str:
        """The type as it is declared, without NULL."""
        if TEXT_TYPES.get(self.kind) == 0 or BINARY_TYPES.get(self.kind) == 0:
            return f"{self.kind}({'max' if self.size == MAX else self.size})"
        if DECIMAL_TYPES.get(self.kind) == (0, 0):
            return f"{self.kind}({self.size},{self.scale})"
        return self.kind

    @property
    def octets(self) -> int:
        """Most octets of a value of text or bytes in Vertica; 0 for other types."""
        if self.size == MAX:
            return LONG_OCTETS
        if self.kind in TEXT_TYPES:
            return self.size * OCTETS_PER_UNIT
        return self.size if self.kind in BINARY_TYPES else 0

    @property
    def vertica(self) -> str:
        """The type in Vertica's DDL."""
        if self.kind in DECIMAL_TYPES:
            return f"NUMERIC({self.size},{self.scale})"
        if self.octets:
            long = "LONG " if self.octets > SHORT_OCTETS else ""
            short = "VARCHAR" if self.kind in TEXT_TYPES else "VARBINARY"
            return f"{long}{short}({self.octets})"
        return PLAIN_TYPES[self.kind][1]

    @property
    def encoded(self) -> lowlevel.Column:
        """The column as the encoder takes it."""
        if self.kind in DECIMAL_TYPES:
            return lowlevel.Column(
                self.name, "decimal", self.nullable, self.size, self.scale
            )
        if self.kind in TEXT_TYPES:
            return lowlevel.Column(self.name, "varchar", self.nullable, self.octets)
        if self.kind in BINARY_TYPES:
            return lowlevel.Column(self.name, "varbinary", self.nullable, self.octets)
        return lowlevel.Column(self.name, PLAIN_TYPES[self.kind][0], self.nullable)


def _facets(kind: str, size: str | None, scale: str | None) -> tuple[int, int]:
    """The size and the scale of a type, from what stands in its parentheses."""
    if kind in DECIMAL_TYPES and DECIMAL_TYPES[kind] == (0, 0):
        return _decimal(size or "18", scale or "0")
    if kind in DECIMAL_TYPES:
        return DECIMAL_TYPES[kind]
    if kind not in TEXT_TYPES and kind not in BINARY_TYPES:
        return 0, 0
    fixed = TEXT_TYPES.get(kind) or BINARY_TYPES.get(kind)
    if fixed:
        return fixed, 0
    if (size or "").lower() == "max" and kind in VARYING_TYPES:
        return MAX, 0
    most = SHORT_OCTETS // (OCTETS_PER_UNIT if kind in TEXT_TYPES else 1)
    if not (size or "").isdecimal() or not 1 <= int(size or 0) <= most:
        raise ValueError(f"needs a size from 1 to {most}")
    return int(size or 0), 0


def _decimal(size: str, scale: str) -> tuple[int, int]:
    if not size.isdecimal() or not 1 <= int(size) <= MAX_DIGITS:
        raise ValueError(f"has from 1 to {MAX_DIGITS} digits")
    if int(scale) > int(size):
        raise ValueError("has more digits after the point than in all")
    return int(size), int(scale)
