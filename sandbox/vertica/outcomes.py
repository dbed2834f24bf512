"""What a statement answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from sandbox.vertica.messages import Column


@dataclass
class Rows:
    """A statement answered with rows."""

    columns: list[Column]
    batches: Iterable[pa.RecordBatch]
    tag: str


@dataclass
class Done:
    """A statement answered with its tag alone.

    Attributes:
        parameter: A changed parameter of the session to tell the client.
    """

    tag: str
    parameter: tuple[str, str] | None = None


Outcome = Rows | Done
