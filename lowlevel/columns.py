"""What the encoder is told of a source's columns."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal[
    "bigint",
    "int",
    "smallint",
    "tinyint",
    "bit",
    "datetime2",
    "uniqueidentifier",
    "varchar",
    "varbinary",
    "decimal",
    "float",
    "date",
    "time",
    "datetimeoffset",
]

VARIABLE: Final = -1
"""The width that a NATIVE header gives for text and bytes."""

VARIABLE_KINDS: Final = frozenset({"varchar", "varbinary"})

MOST_DIGITS: Final = 38
"""SQL Server's greatest precision of a decimal."""

MOST_OCTETS: Final = 32_000_000
"""What LONG VARCHAR holds at most."""

MOST_COLUMNS: Final = 65_535 - 3
"""What a NATIVE header can count, less the columns that a load adds."""

WIDTHS: Final[dict[Kind, int]] = {
    "bigint": 8,
    "int": 4,
    "smallint": 2,
    "tinyint": 2,
    "bit": 1,
    "datetime2": 8,
    "uniqueidentifier": 16,
    "varchar": VARIABLE,
    "varbinary": VARIABLE,
    "float": 8,
    "date": 8,
    "time": 8,
    "datetimeoffset": 8,
}
"""Octets of a NATIVE value of each kind; of a decimal its precision decides."""

RANGES: Final[dict[Kind, tuple[int, int]]] = {
    "bigint": (-(2**63) + 1, 2**63 - 1),  # -2^63 is NULL to Vertica
    "int": (-(2**31), 2**31 - 1),
    "smallint": (-(2**15), 2**15 - 1),
    "tinyint": (0, 255),
}
"""The lowest and the highest value of each kind of integer."""


class Column(NamedTuple):
    """A column of the source.

    Attributes:
        name: Its name, for errors and to find the key.
        kind: Its SQL Server type; all text is `varchar` here, all bytes `varbinary`,
            money a `decimal`, real a `float`, and every moment without time zone a
            `datetime2`.
        nullable: Whether NULL may be sent for it.
        width: For `varchar` the most octets of UTF-8, which is what Vertica counts;
            for `varbinary` the most octets; for `decimal` its precision, the most
            digits; 0 for all others.
        scale: For `decimal` how many of its digits follow the point; otherwise 0.
    """

    name: str
    kind: Kind
    nullable: bool
    width: int = 0
    scale: int = 0


def check_columns(columns: Sequence[Column], key: str | None) -> None:
    """Refuse columns that no NATIVE row can be made of.

    Args:
        columns: The source's columns in the order of the rows' values.
        key: The name of the column that hash_id is made of, if it is wanted.

    Raises:
        ValueError: A kind is unknown, a width does not suit its kind, two columns
            share a name, there are none or too many of them, a row may have too
            many octets, or the key is no integer column.
    """
    if not 1 <= len(columns) <= MOST_COLUMNS:
        raise ValueError(f"a source has 1 to {MOST_COLUMNS} columns")
    names = [column.name for column in columns]
    if len(set(names)) < len(names):
        raise ValueError(f"two columns have one name: {names}")
    for column in columns:
        _check_width(column)
    if sum(max(column.width, 24) + 4 for column in columns) >= 2**31:
        raise ValueError("a row of these columns may pass the 2 GiB of a NATIVE row")
    if key is not None and not any(
        column.name == key and column.kind in RANGES for column in columns
    ):
        raise ValueError(f"the key {key!r} is no integer column of the source")


def _check_width(column: Column) -> None:
    name, kind, _, width, scale = column
    if kind == "decimal":
        if not (1 <= width <= MOST_DIGITS and 0 <= scale <= width):
            raise ValueError(
                f"column {name!r}: a decimal has 1 to {MOST_DIGITS} digits, and no more"
                f" of them after the point; not {width} and {scale}"
            )
        return
    if kind not in WIDTHS:
        raise ValueError(f"column {name!r}: unknown kind {kind!r}")
    if kind in VARIABLE_KINDS:
        if not 1 <= width <= MOST_OCTETS:
            raise ValueError(
                f"column {name!r}: a {kind} is 1 to {MOST_OCTETS} octets wide, "
                f"not {width}"
            )
    elif width != 0:
        raise ValueError(f"column {name!r}: {kind} takes no width")
    if scale != 0:
        raise ValueError(f"column {name!r}: {kind} takes no scale")


def native_width(column: Column) -> int:
    """Return the octets of a column's NATIVE value; `VARIABLE` where they vary.

    A decimal of p digits takes p // 19 + 1 words of 8 octets. Source: Vertica's
    documentation, "Creating native binary format files".
    """
    if column.kind == "decimal":
        return (column.width // 19 + 1) * 8
    return WIDTHS[column.kind]


def native_header(columns: Sequence[Column]) -> bytes:
    """Return the file header of NATIVE rows of these columns and the etl columns.

    Source: Vertica's documentation, "Creating native binary format files".
    """
    widths = [native_width(column) for column in columns]
    widths += [VARIABLE, 8, 8]  # etl_source, etl_id, hash_id
    area = struct.pack(f"<HBH{len(widths)}i", 1, 0, len(widths), *widths)
    return b"NATIVE\n\xff\r\n\0" + struct.pack("<I", len(area)) + area
