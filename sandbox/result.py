"""A query's answer as it streams from DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


class Result:
    """A streaming answer: a schema and an iterator of Arrow batches.

    Memory stays flat whatever the number of rows. The session's next statement
    closes it.
    """

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        """Take over DuckDB's stream."""
        self.schema: pa.Schema = reader.schema
        self.failed = False
        self._reader: pa.RecordBatchReader | None = reader

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches once.

        Raises:
            duckdb.Error: The statement failed on a later row.
        """
        while self._reader is not None:
            try:
                batch = self._reader.read_next_batch()
            except StopIteration:
                self.close()
                return
            except (pa.ArrowException, OSError, duckdb.Error) as failure:
                self.failed = True
                self.close()
                raise duckdb.Error(str(failure)) from failure
            if batch.num_rows:
                yield batch

    def table(self) -> pa.Table:
        """All remaining rows at once."""
        return pa.Table.from_batches(list(self), self.schema)

    def rows(self) -> list[tuple[object, ...]]:
        """All remaining rows as Python values."""
        table = self.table()
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def close(self) -> None:
        """Give up what has not been read."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
