"""Rows in batches that are bounded by their number and by what they take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from sys import getsizeof
from typing import NamedTuple, TypeVar

R = TypeVar("R", bound=Sequence[object])


class BatchSize(NamedTuple):
    """Most of a batch, and a row more than that many octets."""

    rows: int
    octets: int


def in_batches(
    rows: Iterator[R], size: BatchSize, wide: Sequence[int]
) -> Iterator[list[R]]:
    """Gather rows as they come.

    Args:
        rows: They are read no further than the batch needs.
        size: How much a batch has at most. Octets are those of the memory.
        wide: The places of the values that may be large, as text and bytes may; others
            are not looked at.

    Yields:
        Batches, none of them empty.
    """
    if not wide:
        while batch := list(islice(rows, size.rows)):
            yield batch
        return
    batch, octets = [], 0
    for row in rows:
        batch.append(row)
        for at in wide:
            octets += getsizeof(row[at])
        if len(batch) >= size.rows or octets >= size.octets:
            yield batch
            batch, octets = [], 0
    if batch:
        yield batch
