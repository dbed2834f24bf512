"""Single values out of results, as constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sandbox.tds.types import Family, SqlType
from sandbox.tds.values import Constant, Typed, constant, null

if TYPE_CHECKING:
    import pyarrow as pa

    from sandbox.result import Result


def scalar(result: Result) -> pa.Scalar:
    """The first value of the first row.

    Raises:
        LookupError: There is no row.
    """
    with result:
        for batch in result:
            return batch.column(0)[0]
    raise LookupError("a value was asked of an empty result")


def stored_constant(value: pa.Scalar, kind: SqlType) -> Typed:
    """A constant of a value that DuckDB answered."""
    known = value.as_py()
    if known is None:
        return null(kind)
    if kind.family is Family.OFFSET:
        known = (known["utc"], known["minutes"])
    elif kind.family is Family.BIT:
        known = bool(known)
    return constant(cast("Constant", known), kind)
