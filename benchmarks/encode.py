"""Encoding alone: what is done with a day's rows between the two drivers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

import pandas as pd

from benchmarks import product
from benchmarks.loads import Place
from benchmarks.ways import tutorial
from lowlevel import Column, NativeEncoder

FRAME = "tutorial: tuples to DataFrame"
COLUMNS = "tutorial: add columns and hash"
CSV = "tutorial: to_csv"
TRANSFORM = (FRAME, COLUMNS, CSV)
ENCODE = "shardline: NATIVE rows, hash_id, checksum"
PANDAS_HASH = "pandas: hash_pandas_object"
HASH = "shardline: rows of the key alone"

Rows: TypeAlias = list[tuple[object, ...]]
Times: TypeAlias = dict[str, list[float]]
"""Of each step the processor time of every round, in seconds."""


@dataclass(frozen=True)
class Encoding:
    """What encoding cost.

    Attributes:
        rows: How many rows were encoded.
        times: What each step took.
        csv: Octets of the tutorial's CSV.
        native: Octets of the product's NATIVE file.
    """

    rows: int
    times: Times
    csv: int
    native: int

    def each(self, *steps: str) -> float:
        """Nanoseconds of processor time a row for some steps, the median."""
        return median(self._sums(steps)) / self.rows * 1e9

    def ratio(self, of: Sequence[str], to: str) -> float:
        """How many times one step some others are: the median of each round's."""
        pairs = zip(self._sums(of), self.times[to], strict=True)
        return median(theirs / ours for theirs, ours in pairs)

    def _sums(self, steps: Sequence[str]) -> list[float]:
        return [sum(each) for each in zip(*(self.times[s] for s in steps), strict=True)]


def encode(place: Place, rounds: int) -> Encoding:
    """Fetch rows once, as tuples, then encode them in both ways, again and again.

    Args:
        place: Where the tutorial's query is answered.
        rounds: How often.
    """
    options = product.settings(place)
    fetched = Fetched(*tutorial.fetch(place))
    columns = [column.encoded for column in product.table(options).columns]
    batches = list(_cut(fetched.rows, options.load.batch_rows))
    keys = [[row[:1] for row in batch] for batch in batches]
    times: Times = {}
    csv = native = 0
    for _ in range(rounds):
        csv = _tutorial(fetched, place, times)
        native = _product(columns, batches, times, ENCODE)
        _product(columns[:1], keys, times, HASH)
    return Encoding(place.rows, times, csv, native)


def _tutorial(fetched: Fetched, place: Place, times: Times) -> int:
    """Returns the octets of its CSV."""
    with _timed(times, FRAME):
        frame = tutorial.read(fetched, place.day)
    with _timed(times, COLUMNS):
        tutorial.add_columns(frame)
    with _timed(times, CSV):
        text = tutorial.to_csv(frame)
    keys = frame[["etl_source", "id"]]
    with _timed(times, PANDAS_HASH):
        pd.util.hash_pandas_object(keys, index=False)
    return len(text.getvalue().encode())


def _product(
    columns: Sequence[Column], batches: Sequence[Rows], times: Times, step: str
) -> int:
    """Returns the octets of its rows."""
    encoder = NativeEncoder(
        columns, key="id", source=product.SHARD.name, etl_id=product.ETL_ID
    )
    octets = 0
    with _timed(times, step):
        for batch in batches:
            octets += len(encoder.encode(batch))
    return octets


class Fetched:
    """A connection, and its cursor, to rows that are here already."""

    def __init__(self, description: Sequence[Sequence[object]], rows: Rows) -> None:
        """Have this result for whatever is executed."""
        self.description = description
        self.rows = rows

    def cursor(self) -> Fetched:
        """Return itself."""
        return self

    def execute(self, sql: str, parameters: object) -> None:
        """Do nothing."""

    def fetchall(self) -> Rows:
        """All rows."""
        return self.rows

    def close(self) -> None:
        """Do nothing."""


def _cut(rows: Rows, size: int) -> Iterator[Rows]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


@contextmanager
def _timed(times: Times, step: str) -> Iterator[None]:
    started = time.process_time()
    yield
    times.setdefault(step, []).append(time.process_time() - started)
