"""The product's rows, given to the driver's `cursor.copy` instead of its socket."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from benchmarks import product
from benchmarks.loads import Place
from pipelines.catalog import Span
from pipelines.config import Settings
from pipelines.load import DayEncoders
from pipelines.source import Octets, compare_columns, connect_source, extract_encoded
from pipelines.warehouse import (
    Connection,
    Markers,
    connect_warehouse,
    copy_statement,
)


class Batches:
    """Encoded rows as the file that the driver reads."""

    def __init__(self, encoded: Iterator[Octets]) -> None:
        """Give these."""
        self._encoded = encoded

    def read(self, _size: int, /) -> bytes:
        """The next ones, which the driver only takes as `bytes`; none at the end."""
        return bytes(next(self._encoded, b""))


def load(place: Place) -> int:
    """Load a day with the product's own steps; returns how many rows were sent."""
    options = product.settings(place)
    span = Span.of(product.partition(options, place.day, place.table))
    encoders = DayEncoders(span, {place.day: product.ETL_ID})
    with connect_warehouse(options.warehouse) as warehouse:
        markers = Markers(warehouse, options.warehouse.markers)
        markers.of_span(span)
        _copy(warehouse, span, options, encoders)
        markers.insert_all(span, encoders.markers)
        warehouse.commit()
    return encoders.rows


def _copy(
    warehouse: Connection, span: Span, options: Settings, encoders: DayEncoders
) -> None:
    with connect_source(options.servers[span.shard.server], span.shard) as source:
        compare_columns(source, span)
        rows = extract_encoded(source, span, options.load, encoders)
        stream = Batches(chain([encoders.header], rows))
        warehouse.copy(copy_statement(span.table), stream)
