"""The types of Vertica: how they are declared, told on the wire, and stored.

OIDs, sizes and type modifiers are those of the frontend/backend protocol as
vertica-python's `datatypes` module reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from sandbox.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Sequence

BOOL, INT, FLOAT, CHAR, VARCHAR, DATE, TIME, TIMESTAMP = 5, 6, 7, 8, 9, 10, 11, 12
TIMESTAMPTZ, INTERVAL, TIMETZ, NUMERIC, VARBINARY, UUID = 13, 14, 15, 16, 17, 20
INTERVAL_YM, LONG_VARCHAR, LONG_VARBINARY, BINARY = 114, 115, 116, 117

CHARACTER = frozenset({CHAR, VARCHAR, LONG_VARCHAR})
BYTES = frozenset({BINARY, VARBINARY, LONG_VARBINARY})

MAX_LENGTH = 65_000
MAX_LONG_LENGTH = 32_000_000
_LONG_LENGTH = 1_048_576  # of LONG VARCHAR declared without a length
_MAX_PRECISION = 1024
STORED_PRECISION = 38  # the widest DECIMAL of DuckDB

_NAMES = {
    BOOL: "boolean",
    INT: "int",
    FLOAT: "float",
    CHAR: "char",
    VARCHAR: "varchar",
    DATE: "date",
    TIME: "time",
    TIMETZ: "timetz",
    TIMESTAMP: "timestamp",
    TIMESTAMPTZ: "timestamptz",
    INTERVAL: "interval",
    INTERVAL_YM: "interval",
    NUMERIC: "numeric",
    BINARY: "binary",
    VARBINARY: "varbinary",
    UUID: "uuid",
    LONG_VARCHAR: "long varchar",
    LONG_VARBINARY: "long varbinary",
}
_STORED = {
    BOOL: "BOOLEAN",
    INT: "BIGINT",
    FLOAT: "DOUBLE",
    DATE: "DATE",
    TIME: "TIME",
    TIMETZ: "TIMETZ",
    TIMESTAMP: "TIMESTAMP",
    TIMESTAMPTZ: "TIMESTAMPTZ",
    INTERVAL: "INTERVAL",
    INTERVAL_YM: "INTERVAL",
    UUID: "UUID",
}
_SIZES = {BOOL: 1, UUID: 16} | dict.fromkeys(
    (INT, FLOAT, DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL, INTERVAL_YM), 8
)
_SYNONYMS = {
    "bool": BOOL,
    "boolean": BOOL,
    **dict.fromkeys(("int", "integer", "int8", "bigint", "smallint", "tinyint"), INT),
    **dict.fromkeys(("float", "float8", "real", "double precision"), FLOAT),
    **dict.fromkeys(("char", "character"), CHAR),
    **dict.fromkeys(("varchar", "character varying"), VARCHAR),
    "long varchar": LONG_VARCHAR,
    "date": DATE,
    **dict.fromkeys(("time", "time without time zone"), TIME),
    **dict.fromkeys(("timetz", "time with time zone"), TIMETZ),
    **dict.fromkeys(
        ("timestamp", "datetime", "smalldatetime", "timestamp without time zone"),
        TIMESTAMP,
    ),
    **dict.fromkeys(("timestamptz", "timestamp with time zone"), TIMESTAMPTZ),
    **dict.fromkeys(("numeric", "decimal", "number", "money"), NUMERIC),
    "binary": BINARY,
    **dict.fromkeys(("varbinary", "binary varying", "bytea", "raw"), VARBINARY),
    "long varbinary": LONG_VARBINARY,
    "uuid": UUID,
}
_LENGTHS = {
    CHAR: 1,
    VARCHAR: 80,
    BINARY: 1,
    VARBINARY: 80,
    LONG_VARCHAR: _LONG_LENGTH,
    LONG_VARBINARY: _LONG_LENGTH,
}
_PRECISIONS = {"money": (18, 4), "number": (38, 0)}
# Type modifiers of intervals: which fields the declaration names.
_FIELDS = {
    "month": 1 << 17,
    "year": 1 << 18,
    "day": 1 << 19,
    "hour": 1 << 26,
    "minute": 1 << 27,
    "second": 1 << 28,
}
_ORDER = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True)
class SqlType:
    """One type with what its declaration fixes.

    Args:
        oid: The protocol's number of the type.
        length: Octets of character and binary types.
        precision: Digits of NUMERIC; of the seconds' fraction in time types.
        scale: Digits of NUMERIC after the point.
        fields: An interval's fields, as bits of its type modifier.
    """

    oid: int
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    fields: int = 0

    @property
    def name(self) -> str:
        """The name without modifiers, as system tables write it."""
        return _NAMES[self.oid]

    @property
    def title(self) -> str:
        """The name as messages write it: `Varchar`."""
        return "Integer" if self.oid == INT else self.name.title()

    @property
    def declaration(self) -> str:
        """The name with modifiers: `varchar(80)`, `numeric(37,15)`."""
        if self.length is not None:
            return f"{self.name}({self.length})"
        if self.oid == NUMERIC:
            return f"{self.name}({self.precision},{self.scale})"
        if self.oid in {INTERVAL, INTERVAL_YM}:
            digits = f"({self.precision})" if self.precision else ""
            return "interval " + self._range().replace("/", " to ") + digits
        if self.precision is not None:
            return f"{self.name}({self.precision})"
        return self.name

    @property
    def size(self) -> int:
        """Bytes of a fixed width, else -1."""
        return _SIZES.get(self.oid, -1)

    @property
    def typmod(self) -> int:
        """The type modifier, -1 if there is none."""
        if self.oid == NUMERIC:
            return ((self.precision or 0) << 16 | (self.scale or 0)) + 4
        if self.length is not None:
            return self.length + 4
        if self.fields:
            return self.fields | (6 if self.precision is None else self.precision)
        return -1 if self.precision is None else self.precision

    @property
    def stored(self) -> str:
        """The type of the DuckDB column that holds it."""
        if self.oid == NUMERIC:
            digits = min(self.precision or 0, STORED_PRECISION)
            return f"DECIMAL({digits}, {self.scale})"
        if self.oid in CHARACTER:
            return "VARCHAR"
        return _STORED.get(self.oid, "BLOB")

    @property
    def field_names(self) -> list[str]:
        """An interval's fields, the widest first."""
        named = [name for name in _ORDER if self.fields & _FIELDS[name]]
        if named:
            return named
        if self.oid == INTERVAL_YM:
            return ["year", "month"]
        return ["day", "hour", "minute", "second"]

    def _range(self) -> str:
        named = self.field_names
        return named[0] if len(named) == 1 else f"{named[0]}/{named[-1]}"


def declared(name: str, modifiers: Sequence[int] = ()) -> SqlType:
    """The type a declaration names.

    Args:
        name: In lower case, words separated by one space.
        modifiers: The numbers in parentheses.

    Raises:
        SqlError: There is no such type, or it cannot be so long or precise.
    """
    if name not in _SYNONYMS:
        raise SqlError(f'Type "{name}" does not exist', number=5108, sqlstate="42704")
    oid = _SYNONYMS[name]
    if oid in _LENGTHS:
        return _with_length(oid, modifiers[0] if modifiers else _LENGTHS[oid])
    if oid == NUMERIC:
        return _numeric(name, modifiers)
    if oid in {TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ} and modifiers:
        return SqlType(oid, precision=min(modifiers[0], 6))
    return SqlType(oid)


def interval(first: str, last: str, precision: int | None = None) -> SqlType:
    """An interval of the fields from `first` to `last`; both may be empty."""
    if not first:
        return SqlType(INTERVAL, precision=precision)
    low, high = _ORDER.index(first), _ORDER.index(last or first)
    fields = sum(_FIELDS[name] for name in _ORDER[low : high + 1])
    oid = INTERVAL_YM if first in {"year", "month"} else INTERVAL
    digits = 0 if oid == INTERVAL_YM else precision
    return SqlType(oid, precision=digits, fields=fields)


def from_arrow(kind: pa.DataType) -> SqlType:
    """The type a computed column has, from what DuckDB answers.

    Raises:
        SqlError: Vertica's sandbox has nothing like it (lists, structures).
    """
    if isinstance(kind, pa.BaseExtensionType):
        return _from_extension(kind)
    if pa.types.is_decimal(kind):
        return SqlType(NUMERIC, precision=kind.precision, scale=kind.scale)
    if pa.types.is_timestamp(kind):
        return SqlType(TIMESTAMPTZ if kind.tz else TIMESTAMP)
    for test, answer in _ARROW:
        if test(kind):
            return answer
    raise SqlError(f"Values of type {kind} are not supported", sqlstate="0A000")


def _from_extension(kind: pa.BaseExtensionType) -> SqlType:
    if kind.extension_name == "arrow.uuid":
        return SqlType(UUID)
    if kind.extension_name == "arrow.bool8":
        return SqlType(BOOL)
    vendor = getattr(kind, "type_name", "")
    if vendor == "time_tz":
        return SqlType(TIMETZ)
    if vendor in {"hugeint", "uhugeint"}:
        return SqlType(INT)
    raise SqlError(f"Values of type {kind} are not supported", sqlstate="0A000")


_ARROW = (
    (pa.types.is_boolean, SqlType(BOOL)),
    (pa.types.is_integer, SqlType(INT)),
    (pa.types.is_floating, SqlType(FLOAT)),
    (pa.types.is_string, SqlType(VARCHAR, length=MAX_LENGTH)),
    (pa.types.is_large_string, SqlType(VARCHAR, length=MAX_LENGTH)),
    (pa.types.is_date, SqlType(DATE)),
    (pa.types.is_time, SqlType(TIME)),
    (pa.types.is_interval, SqlType(INTERVAL)),
    (pa.types.is_binary, SqlType(VARBINARY, length=MAX_LENGTH)),
    (pa.types.is_null, SqlType(VARCHAR, length=1)),
)


def _with_length(oid: int, length: int) -> SqlType:
    longest = MAX_LONG_LENGTH if oid in {LONG_VARCHAR, LONG_VARBINARY} else MAX_LENGTH
    if not 1 <= length <= longest:
        raise SqlError(
            f"Length for type {_NAMES[oid]} must be between 1 and {longest}",
            number=3852 if length > longest else 3853,
            sqlstate="22023",
        )
    return SqlType(oid, length=length)


def _numeric(name: str, modifiers: Sequence[int]) -> SqlType:
    whole = _PRECISIONS.get(name, (37, 15))
    precision = modifiers[0] if modifiers else whole[0]
    scale = modifiers[1] if len(modifiers) > 1 else 0 if modifiers else whole[1]
    if not 1 <= precision <= _MAX_PRECISION or not 0 <= scale <= precision:
        raise SqlError(
            f"NUMERIC({precision},{scale}) is out of range", sqlstate="22023"
        )
    if scale > STORED_PRECISION:
        raise SqlError(
            f"NUMERIC of a scale above {STORED_PRECISION} is not supported",
            sqlstate="0A000",
        )
    return SqlType(NUMERIC, precision=precision, scale=scale)
