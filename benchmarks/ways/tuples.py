"""The product's own load, of rows that pymssql gives as tuples."""

from __future__ import annotations

from benchmarks import product
from benchmarks.loads import Place
from benchmarks.ways.fast import load_with


def load(place: Place) -> int:
    """Load a day as a task does; returns how many rows were sent."""
    options = product.settings(place)
    as_tuples = options.load.model_copy(update={"rows": "tuples"})
    return load_with(options.model_copy(update={"load": as_tuples}), place)
