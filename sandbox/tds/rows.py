"""Arrow batches into ROW tokens.

Values of fixed width are written by numpy, a matrix of bytes for a whole batch: a
million rows cost a few tenths of a second. Where a column is of varying width, rows
are joined one by one.
"""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np

from sandbox.tds.cells import Cells, FixedCells, cells_of
from sandbox.tds.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from sandbox.tds.login import TdsVersion
    from sandbox.tds.wire_types import OutputColumn

_ROW = bytes([Token.ROW])


def encode_rows(
    batch: pa.RecordBatch, columns: Sequence[OutputColumn], version: TdsVersion
) -> bytes:
    """The ROW tokens of a batch.

    Args:
        batch: One Arrow array a column, as DuckDB stores the column's type.
        columns: What they are.
        version: Decides how dates and times travel.
    """
    cells = [
        cells_of(array, column.type, version)
        for array, column in zip(batch.columns, columns, strict=True)
    ]
    fixed = [one for one in cells if isinstance(one, FixedCells)]
    if len(fixed) == len(cells):
        return _matrix_rows(fixed, batch.num_rows)
    return _joined_rows(cells, batch.num_rows)


def _matrix_rows(cells: Sequence[FixedCells], count: int) -> bytes:
    width = 1 + sum(one.matrix.shape[1] for one in cells)
    rows: npt.NDArray[np.uint8] = np.empty((count, width), dtype=np.uint8)
    rows[:, 0] = Token.ROW
    keep = None
    start = 1
    for one in cells:
        end = start + one.matrix.shape[1]
        rows[:, start:end] = one.matrix
        if one.nulls is not None:
            if keep is None:
                keep = np.ones((count, width), dtype=np.bool_)
            rows[one.nulls, start] = 0
            # of a NULL only the length, zero, stays
            keep[one.nulls, start + 1 : end] = False
        start = end
    return rows.tobytes() if keep is None else rows[keep].tobytes()


def _joined_rows(cells: Sequence[Cells], count: int) -> bytes:
    columns = [one.listed() for one in cells]
    rows = zip(repeat(_ROW, count), *columns, strict=True)
    return b"".join(chain.from_iterable(rows))
