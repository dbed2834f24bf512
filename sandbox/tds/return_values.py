"""RETURNVALUE: an output parameter on its way back ([MS-TDS] 2.2.7.19)."""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from sandbox.tds.cells import cells_of
from sandbox.tds.literal_rows import literal_table
from sandbox.tds.tokens import Token, short_text
from sandbox.tds.types import Family
from sandbox.tds.values import Typed
from sandbox.tds.wire_types import as_sent, type_info

if TYPE_CHECKING:
    from sandbox.tds.login import TdsVersion

_OUTPUT_PARAMETER = 1
_NULLABLE = 1


@dataclass(frozen=True, slots=True)
class ReturnValue:
    """An output parameter's value when its procedure ended.

    Attributes:
        place: The parameter's place in the call.
        name: As the client wrote it.
        value: A constant.
    """

    place: int
    name: str
    value: Typed


def return_value(returned: ReturnValue, version: TdsVersion) -> bytes:
    """The token that carries a value to the client."""
    kind = returned.value.kind
    head = struct.pack("<BH", Token.RETURN_VALUE, returned.place)
    user_type = "<BIH" if version.has_headers else "<BHH"
    facts = struct.pack(user_type, _OUTPUT_PARAMETER, 0, _NULLABLE)
    (cell,) = cells_of(_array(returned.value), kind, version).listed()
    info = type_info(as_sent(kind, version), version)
    return head + short_text(returned.name) + facts + info + cell


def _array(value: Typed) -> pa.Array:
    """A constant as DuckDB would answer it."""
    if value.kind.family is Family.GUID:
        known = value.constant
        raw = known.bytes if isinstance(known, uuid.UUID) else None
        return pa.array([raw], pa.binary(16))
    table = literal_table([[value]], [value.kind])
    if table is None:
        raise TypeError(f"not a constant: {value.sql}")
    return table.column(0).chunk(0)
