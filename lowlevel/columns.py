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
]

VARIABLE: Final = -1
"""The width that a NATIVE header gives for VARCHAR."""

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
}
"""Octets of a NATIVE value of each kind."""

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
        kind: Its SQL Server type; nvarchar is `varchar` here.
        nullable: Whether NULL may be sent for it.
        width: For `varchar` the most octets of UTF-8, which is what Vertica counts;
            0 for all others.
    """

    name: str
    kind: Kind
    nullable: bool
    width: int = 0


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
    if sum(max(column.width, 16) + 4 for column in columns) >= 2**31:
        raise ValueError("a row of these columns may pass the 2 GiB of a NATIVE row")
    if key is not None and not any(
        column.name == key and column.kind in RANGES for column in columns
    ):
        raise ValueError(f"the key {key!r} is no integer column of the source")


def _check_width(column: Column) -> None:
    if column.kind not in WIDTHS:
        raise ValueError(f"column {column.name!r}: unknown kind {column.kind!r}")
    if column.kind == "varchar":
        if not 1 <= column.width <= MOST_OCTETS:
            raise ValueError(
                f"column {column.name!r}: a varchar is 1 to {MOST_OCTETS} octets wide, "
                f"not {column.width}"
            )
    elif column.width != 0:
        raise ValueError(f"column {column.name!r}: {column.kind} takes no width")


def native_header(columns: Sequence[Column]) -> bytes:
    """Return the file header of NATIVE rows of these columns and the etl columns.

    Source: Vertica's documentation, "Creating native binary format files".
    """
    widths = [WIDTHS[column.kind] for column in columns]
    widths += [VARIABLE, 8, 8]  # etl_source, etl_id, hash_id
    area = struct.pack(f"<HBH{len(widths)}i", 1, 0, len(widths), *widths)
    return b"NATIVE\n\xff\r\n\0" + struct.pack("<I", len(area)) + area
