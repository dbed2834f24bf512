"""The product's encoder, of rows that python-tds gives as tuples."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from typing import Any

from benchmarks import product
from benchmarks.loads import Place
from benchmarks.ways.tutorial import QUERY
from pipelines.catalog import Span
from pipelines.load import DayEncoders
from pipelines.warehouse import connect_warehouse, copy_rows, copy_statement
from sandbox.options import USER


def lacking() -> str:
    """Why it cannot be run here; "" if it can."""
    found = importlib.util.find_spec("pytds")
    return "" if found else "python-tds is not installed"


def load(place: Place) -> int:
    """Load a day of orders; returns how many rows were sent."""
    options = product.settings(place)
    span = Span.of(product.partition(options, place.day))
    encoders = DayEncoders(span, {place.day: product.ETL_ID})
    with (
        closing(_mssql(place)) as source,
        connect_warehouse(options.warehouse) as warehouse,
    ):
        batches = _batches(source.cursor(), place, options.load.batch_rows)
        stream = chain([encoders.header], encoders.encode_tuples(batches))
        copy_rows(warehouse, copy_statement(span.table), stream)
        warehouse.commit()
    return encoders.rows


def _batches(cursor: Any, place: Place, rows: int) -> Iterator[Any]:  # noqa: ANN401
    cursor.execute(QUERY, {"day": place.day.isoformat()})
    while batch := cursor.fetchmany(rows):
        yield batch


def _mssql(place: Place) -> Any:  # noqa: ANN401 - a driver that may not be here
    return importlib.import_module("pytds").connect(
        dsn=product.HOST,
        port=place.mssql_port,
        user=USER,
        password=product.LOGIN.get_secret_value(),
        database=product.SHARD.database,
        autocommit=True,
    )
