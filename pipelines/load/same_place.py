"""An end to attempts that break off at the same row each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from pipelines.errors import PermanentError
from pipelines.source import LostLinkError


class SamePlace:
    """Knows where the last attempt lost its connection to the shard.

    A broken link may pass, but not if what breaks it is in the rows.
    """

    def __init__(self) -> None:
        """Know of no attempt."""
        self._last: tuple[date | None, int] | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch an attempt.

        Raises:
            PermanentError: It ended where the one before did.
        """
        before, self._last = self._last, None
        try:
            yield
        except LostLinkError as error:
            if error.rows is None:
                raise
            self._last = error.first, error.rows
            if self._last == before:
                raise _lasting(error, error.rows) from error
            raise


def _lasting(error: LostLinkError, rows: int) -> PermanentError:
    after = f"after the same {rows} rows" if rows else "before the first row"
    return PermanentError(
        f"{error.cause}, and so it was {after} when it was tried before",
        step="look in the shard at the row that comes next: where rows are read as"
        " tuples, text that ends in half a surrogate pair, which is no UTF-8, breaks"
        " the driver's connection; or look for what else may cut it there, such as"
        " [sqlserver] timeout",
        code=error.code,
    )
