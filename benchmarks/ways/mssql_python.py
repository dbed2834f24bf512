"""A load with Microsoft's driver: record batches of Arrow's, each as CSV."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from benchmarks.loads import Place
from benchmarks.product import ETL_ID, HOST, LOGIN, SHARD
from benchmarks.ways.tutorial import ADDED, COLUMNS, TARGET, connect_vertica
from sandbox.options import USER

NEEDED = "libltdl.so.7"
BATCH_ROWS = 10_000
QUERY = """\
SELECT id, start_time, end_time, type, data FROM dbo.Orders
WHERE CONVERT(DATE, start_time) = ?
"""
COPY = f"""\
COPY {TARGET} ({", ".join((*COLUMNS, *ADDED))})
FROM STDIN DELIMITER '|' ENCLOSED '"' NULL '' ABORT ON ERROR
"""
CSV = csv.WriteOptions(include_header=False, delimiter="|")


class Lines:
    """Batches as the file that vertica-python reads.

    Attributes:
        rows: How many have been read.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        """Give these."""
        self._batches = batches
        self.rows = 0

    def read(self, _size: int, /) -> bytes:
        """The next batch; nothing at the end."""
        batch = next(self._batches, None)
        if batch is None:
            return b""
        self.rows += batch.num_rows
        text = BytesIO()
        csv.write_csv(with_added_columns(batch), text, CSV)
        return text.getvalue()


def lacking() -> str:
    """Why it cannot be run here; "" if it can."""
    if importlib.util.find_spec("mssql_python") is None:
        return "mssql-python is not installed"
    try:
        ctypes.CDLL(NEEDED)
    except OSError:
        return f"mssql-python's driver needs {NEEDED} of the system"
    return ""


def load(place: Place) -> int:
    """Load a day of orders; returns how many rows were sent."""
    with closing(_mssql(place)) as source:
        cursor = source.cursor()
        cursor.execute(QUERY, place.day.isoformat())
        lines = Lines(iter(cursor.arrow_reader(batch_size=BATCH_ROWS)))
        with connect_vertica(place) as connection:
            connection.cursor().copy(COPY, lines)
    return lines.rows


def with_added_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch, and what the load itself says of each row."""
    keys = pd.DataFrame({"etl_source": SHARD.name, "id": batch["id"].to_numpy()})
    hashes = pd.util.hash_pandas_object(keys, index=False)
    added = (
        pa.repeat(SHARD.name, batch.num_rows),
        pa.repeat(ETL_ID, batch.num_rows),
        pa.array(hashes.to_numpy()),
    )
    for name, values in zip(ADDED, added, strict=True):
        batch = batch.append_column(name, values)
    return batch


def _mssql(place: Place) -> Any:  # noqa: ANN401 - a driver that may not be here
    driver = importlib.import_module("mssql_python")
    return driver.connect(
        f"Server={HOST},{place.mssql_port};Database={SHARD.database};UID={USER};"
        f"PWD={LOGIN.get_secret_value()};Encrypt=no",
        autocommit=True,
    )
