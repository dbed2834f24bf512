"""The product's own load, of rows that pymssql gives as tuples."""

from __future__ import annotations

from datetime import date

from benchmarks import product
from pipelines.config import Settings


def load(options: Settings, day: date) -> int:
    """Load a day of orders as a task does; returns how many rows were sent."""
    as_tuples = options.load.model_copy(update={"rows": "tuples"})
    return product.load(options.model_copy(update={"load": as_tuples}), day)
