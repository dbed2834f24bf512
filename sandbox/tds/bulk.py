"""Rows in bulk: what follows INSERT BULK in a message of its own ([MS-TDS] 2.2.6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from sandbox.tds.incoming import Incoming, Reader, read_type
from sandbox.tds.literal_rows import constant_array
from sandbox.tds.packets import ProtocolError
from sandbox.tds.tokens import Token

if TYPE_CHECKING:
    from sandbox.tds.login import TdsVersion
    from sandbox.tds.types import SqlType
    from sandbox.tds.values import Constant


class BulkRows:
    """The rows of a message.

    Attributes:
        kinds: The type of each column, as the client announced it.
        data: An Arrow table with columns c0, c1 ...; constants as `values` has them.
    """

    def __init__(self, message: bytes, version: TdsVersion) -> None:
        """Read them.

        Raises:
            ProtocolError: It is no message of rows.
        """
        reader = Reader(message)
        types = _columns(reader, version)
        self.kinds: list[SqlType] = [one.kind for one in types]
        columns = _read_rows(reader, types)
        arrays = [
            constant_array(values, kind)
            for values, kind in zip(columns, self.kinds, strict=True)
        ]
        self.data = pa.table(arrays, names=[f"c{at}" for at in range(len(arrays))])


def _columns(reader: Reader, version: TdsVersion) -> list[Incoming]:
    if reader.number(1) != Token.COLUMN_METADATA:
        raise ProtocolError("rows in bulk without their columns")
    found = []
    for _ in range(reader.number(2)):
        reader.take(4 if version.has_headers else 2)  # user type
        reader.take(2)  # flags
        found.append(read_type(reader, has_collations=version.has_collations))
        reader.text(reader.number(1))
    return found


def _read_rows(reader: Reader, types: list[Incoming]) -> list[list[Constant | None]]:
    columns: list[list[Constant | None]] = [[] for _ in types]
    steps = [
        (one.read, column.append) for one, column in zip(types, columns, strict=True)
    ]
    while not reader.is_at_end:
        token = reader.number(1)
        if token == Token.ROW:
            for read, append in steps:
                append(read(reader))
        elif token == Token.ROW_WITH_NULLS:
            nulls = reader.number((len(steps) + 7) // 8)
            for at, (read, append) in enumerate(steps):
                append(None if nulls >> at & 1 else read(reader))
        elif token == Token.DONE:
            break
        else:
            raise ProtocolError(f"token {token:#x} among rows in bulk")
    return columns
