"""The product's own load, as it is."""

from __future__ import annotations

from benchmarks import product
from benchmarks.loads import Place
from pipelines.catalog import Span
from pipelines.config import Settings
from pipelines.load import load_missing_days


def load(place: Place) -> int:
    """Load a day as a task does; returns how many rows were sent."""
    return load_with(product.settings(place), place)


def load_with(options: Settings, place: Place) -> int:
    """The same with other options."""
    span = Span.of(product.partition(options, place.day, place.table))
    etl_ids = {place.day: product.ETL_ID}
    (found,) = load_missing_days(span, options, etl_ids, product.Silence())
    return found[place.day].rows
