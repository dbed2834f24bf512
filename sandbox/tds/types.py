"""T-SQL types: what they are called, how they rank, what DuckDB stores for them.

Storage. Every moment (datetime, smalldatetime, datetime2(n)) is a BIGINT of ticks,
100 ns each, since 0001-01-01 00:00, and time(n) one of ticks since midnight:
DuckDB's TIMESTAMP stops at microseconds, its TIMESTAMP_NS at the year 2262, while
ticks hold all of 0001-01-01 to 9999-12-31 23:59:59.9999999 and compare, sort, group
and index as the numbers they are. datetimeoffset is a struct of UTC ticks and of
minutes, compared by its ticks. The compiler knows each expression's type, so a
number of ticks is never taken for a bigint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from sandbox.tds.collations import DEFAULT_COLLATION, find_collation

MAX = -1
"""The length of varchar(max), nvarchar(max) and varbinary(max)."""

MAXIMUM_PRECISION = 38


class Family(Enum):
    """Types that are converted and compared alike."""

    INTEGER = "integer"
    BIT = "bit"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    BINARY = "binary"
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"
    OFFSET = "offset"
    GUID = "guid"


_FAMILIES = {
    "bigint": Family.INTEGER,
    "int": Family.INTEGER,
    "smallint": Family.INTEGER,
    "tinyint": Family.INTEGER,
    "bit": Family.BIT,
    "decimal": Family.DECIMAL,
    "numeric": Family.DECIMAL,
    "money": Family.DECIMAL,
    "smallmoney": Family.DECIMAL,
    "float": Family.FLOAT,
    "real": Family.FLOAT,
    "date": Family.DATE,
    "time": Family.TIME,
    "datetime": Family.MOMENT,
    "smalldatetime": Family.MOMENT,
    "datetime2": Family.MOMENT,
    "datetimeoffset": Family.OFFSET,
    "uniqueidentifier": Family.GUID,
    "char": Family.TEXT,
    "varchar": Family.TEXT,
    "text": Family.TEXT,
    "nchar": Family.TEXT,
    "nvarchar": Family.TEXT,
    "ntext": Family.TEXT,
    "xml": Family.TEXT,
    "binary": Family.BINARY,
    "varbinary": Family.BINARY,
    "image": Family.BINARY,
    "timestamp": Family.BINARY,
}

# The order in which one operand's type gives way to the other's, highest first.
_PRECEDENCE = [
    "xml",
    "datetimeoffset",
    "datetime2",
    "datetime",
    "smalldatetime",
    "date",
    "time",
    "float",
    "real",
    "decimal",
    "numeric",
    "money",
    "smallmoney",
    "bigint",
    "int",
    "smallint",
    "tinyint",
    "bit",
    "ntext",
    "text",
    "image",
    "timestamp",
    "uniqueidentifier",
    "nvarchar",
    "nchar",
    "varchar",
    "char",
    "varbinary",
    "binary",
]

_STORAGE = {
    "bigint": "BIGINT",
    "int": "INTEGER",
    "smallint": "SMALLINT",
    "tinyint": "UTINYINT",
    "bit": "BOOLEAN",
    "money": "DECIMAL(19,4)",
    "smallmoney": "DECIMAL(10,4)",
    "float": "DOUBLE",
    "real": "FLOAT",
    "date": "DATE",
    "uniqueidentifier": "UUID",
}
OFFSET_STORAGE = 'STRUCT("utc" BIGINT, "minutes" SMALLINT)'

_INTEGER_RANGES = {
    "bigint": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "smallint": (-(2**15), 2**15 - 1),
    "tinyint": (0, 255),
}
_INTEGER_DIGITS = {"bigint": 19, "int": 10, "smallint": 5, "tinyint": 3, "bit": 1}
_UNICODE = {"nchar", "nvarchar", "ntext", "xml"}
_BLANK_PADDED = {"char", "nchar"}
_LARGE = {"text", "ntext", "image", "xml"}
_SCALED = {"time", "datetime2", "datetimeoffset"}


@dataclass(frozen=True, slots=True)
class SqlType:
    """A T-SQL type with its facets.

    Attributes:
        name: The type's own name, lower case; `decimal` for DEC and so on.
        length: Characters or bytes, `MAX` for (max); 0 where there is none.
        precision: Digits of a decimal.
        scale: Digits after the point, of decimals and of times.
        collation: Of text: which letters are alike, and varchar's code page.
    """

    name: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    collation: str = DEFAULT_COLLATION

    @property
    def family(self) -> Family:
        """The family the type belongs to."""
        return _FAMILIES[self.name]

    @property
    def rank(self) -> int:
        """Its place in the data type precedence; smaller wins."""
        return _PRECEDENCE.index(self.name)

    @property
    def storage(self) -> str:
        """The DuckDB type of its values."""
        if self.name in ("decimal", "numeric"):
            return f"DECIMAL({self.precision},{self.scale})"
        if self.family in (Family.MOMENT, Family.TIME):
            return "BIGINT"
        if self.family is Family.OFFSET:
            return OFFSET_STORAGE
        if self.family is Family.TEXT:
            return "VARCHAR"
        if self.family is Family.BINARY:
            return "BLOB"
        return _STORAGE[self.name]

    @property
    def is_unicode(self) -> bool:
        """Whether text travels as UTF-16 rather than in a code page."""
        return self.name in _UNICODE

    @property
    def is_padded(self) -> bool:
        """Whether values are filled up to the length: char, nchar, binary."""
        return self.name in _BLANK_PADDED or self.name == "binary"

    @property
    def is_max(self) -> bool:
        """Whether values may be larger than a row: (max), text, image, xml."""
        return self.length == MAX

    @property
    def ignores_case(self) -> bool:
        """Whether the collation takes `a` and `A` for equal."""
        return (
            self.family is Family.TEXT and find_collation(self.collation).ignores_case
        )

    @property
    def code_page(self) -> str:
        """The Python codec of varchar values."""
        return find_collation(self.collation).code_page

    @property
    def range(self) -> tuple[int, int]:
        """The least and the greatest value of an integer type."""
        return _INTEGER_RANGES[self.name]

    def __str__(self) -> str:
        """Write the type as T-SQL does."""
        if self.name in ("decimal", "numeric"):
            return f"{self.name}({self.precision},{self.scale})"
        if self.name in _SCALED:
            return f"{self.name}({self.scale})"
        if self.length and self.name not in _LARGE and self.name != "timestamp":
            return f"{self.name}({'max' if self.is_max else self.length})"
        return self.name


BIGINT = SqlType("bigint")
INT = SqlType("int")
SMALLINT = SqlType("smallint")
TINYINT = SqlType("tinyint")
BIT = SqlType("bit")
FLOAT = SqlType("float")
REAL = SqlType("real")
MONEY = SqlType("money", precision=19, scale=4)
SMALLMONEY = SqlType("smallmoney", precision=10, scale=4)
DATE = SqlType("date")
DATETIME = SqlType("datetime", scale=3)
SMALLDATETIME = SqlType("smalldatetime")
DATETIME2 = SqlType("datetime2", scale=7)
DATETIMEOFFSET = SqlType("datetimeoffset", scale=7)
TIME = SqlType("time", scale=7)
GUID = SqlType("uniqueidentifier")
SYSNAME = SqlType("nvarchar", length=128)

_PLAIN = {
    t.name: t
    for t in (
        BIGINT,
        INT,
        SMALLINT,
        TINYINT,
        BIT,
        REAL,
        MONEY,
        SMALLMONEY,
        DATE,
        DATETIME,
        SMALLDATETIME,
        GUID,
        SqlType("text", length=MAX),
        SqlType("ntext", length=MAX),
        SqlType("image", length=MAX),
        SqlType("xml", length=MAX),
    )
}
_SYNONYMS = {
    "integer": "int",
    "dec": "decimal",
    "character": "char",
    "rowversion": "timestamp",
    "double precision": "float",
}
_MAXIMUM_LENGTH = {
    "char": 8000,
    "varchar": 8000,
    "binary": 8000,
    "varbinary": 8000,
    "nchar": 4000,
    "nvarchar": 4000,
}
_REAL_DIGITS = 24
_DEFAULT_DECIMAL = 18
_DEFAULT_SCALE = 7


class UnknownTypeError(Exception):
    """No such type, or facets it cannot have."""


def text(length: int, *, unicode: bool, collation: str = DEFAULT_COLLATION) -> SqlType:
    """(n)varchar of a length, (max) where it is too long for another."""
    name = "nvarchar" if unicode else "varchar"
    fits = 0 <= length <= _MAXIMUM_LENGTH[name]
    return SqlType(name, max(1, length) if fits else MAX, collation=collation)


def binary(length: int) -> SqlType:
    """Varbinary of a length, (max) where it is too long for another."""
    fits = 0 <= length <= _MAXIMUM_LENGTH["varbinary"]
    return SqlType("varbinary", max(1, length) if fits else MAX)


def decimal(precision: int, scale: int) -> SqlType:
    """A decimal cut to 38 digits as SQL Server does: the scale gives way, to 6."""
    if precision > MAXIMUM_PRECISION:
        whole = precision - scale
        scale = max(min(scale, 6), min(scale, MAXIMUM_PRECISION - whole))
        precision = MAXIMUM_PRECISION
    return SqlType("decimal", precision=max(1, precision), scale=scale)


def as_decimal(kind: SqlType) -> SqlType:
    """The decimal that holds every value of an exact number's type."""
    if kind.family is Family.DECIMAL:
        return decimal(kind.precision, kind.scale)
    return decimal(_INTEGER_DIGITS.get(kind.name, MAXIMUM_PRECISION), 0)


def named(
    name: str, facets: tuple[int, ...] = (), *, default_length: int = 1
) -> SqlType:
    """The type that T-SQL writes as `name(facets)`.

    Args:
        name: In any case; synonyms are known.
        facets: What stands in the parentheses, `MAX` for max.
        default_length: Of text and binary without one: 1 in a declaration, 30 in
            CAST and CONVERT.

    Raises:
        UnknownTypeError: There is no such type.
    """
    name = _SYNONYMS.get(name.lower(), name.lower())
    if name == "sysname":
        return SYSNAME
    if name == "timestamp":
        return SqlType("timestamp", length=8)
    if name == "float":
        return REAL if facets and facets[0] <= _REAL_DIGITS else FLOAT
    if name in ("decimal", "numeric"):
        return _named_decimal(name, *facets)
    if name in _SCALED:
        return _named_time(name, *facets)
    if name in _MAXIMUM_LENGTH:
        return _named_length(name, *(facets or (default_length,)))
    if name not in _PLAIN or facets:
        raise UnknownTypeError(name)
    return _PLAIN[name]


def _named_decimal(
    name: str, precision: int = _DEFAULT_DECIMAL, scale: int = 0
) -> SqlType:
    if not (1 <= precision <= MAXIMUM_PRECISION and 0 <= scale <= precision):
        raise UnknownTypeError(f"{name}({precision},{scale})")
    return SqlType(name, precision=precision, scale=scale)


def _named_time(name: str, scale: int = _DEFAULT_SCALE) -> SqlType:
    if not 0 <= scale <= _DEFAULT_SCALE:
        raise UnknownTypeError(f"{name}({scale})")
    return SqlType(name, scale=scale)


def _named_length(name: str, length: int) -> SqlType:
    may_be_max = name.startswith(("var", "nvar"))
    if not ((length == MAX and may_be_max) or 1 <= length <= _MAXIMUM_LENGTH[name]):
        raise UnknownTypeError(f"{name}({length})")
    return SqlType(name, length=length)


def common(first: SqlType, second: SqlType) -> SqlType:
    """The type two values take when they meet: CASE, UNION, COALESCE, `=`."""
    winner, other = sorted((first, second), key=lambda kind: kind.rank)
    if winner.family is Family.TEXT and other.family is Family.TEXT:
        return _common_text(winner, other)
    if winner.family is Family.BINARY and other.family is Family.BINARY:
        longest = MAX if MAX in (winner.length, other.length) else 0
        return replace(winner, length=longest or max(winner.length, other.length))
    if winner.name in ("decimal", "numeric"):
        return _common_decimal(winner, other)
    if winner.name in _SCALED and winner.name == other.name:
        return replace(winner, scale=max(winner.scale, other.scale))
    return winner


def _common_decimal(winner: SqlType, other: SqlType) -> SqlType:
    a, b = as_decimal(winner), as_decimal(other)
    scale = max(a.scale, b.scale)
    whole = max(a.precision - a.scale, b.precision - b.scale)
    return replace(decimal(whole + scale, scale), name=winner.name)


def _common_text(winner: SqlType, other: SqlType) -> SqlType:
    collation = winner.collation
    if collation == DEFAULT_COLLATION:
        collation = other.collation
    if winner.is_max or other.is_max:
        name = winner.name if winner.is_max else ("n" * winner.is_unicode + "varchar")
        return SqlType(name, length=MAX, collation=collation)
    return replace(winner, length=max(winner.length, other.length), collation=collation)
