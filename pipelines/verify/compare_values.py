"""A day of a shard value by value: what the source has, what the warehouse has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any

from lowlevel import EncodeError, NativeEncoder, row_hash
from lowlevel.columns import Column
from pipelines.catalog import Partition, Span, in_batches
from pipelines.config import Settings
from pipelines.load import read_with_retries
from pipelines.source import connect_source, extract_rows
from pipelines.verify.differences import Found, Kind
from pipelines.warehouse import Marker, log_in_warehouse, partition_values

NAMED = 10
"""Most differing rows of a day that are named; the others are counted."""

SHOWN = 60
"""Most characters of a value that are shown."""

Row = Sequence[Any]
Group = tuple[Any, list[Row]]
"""The rows of one key."""


def compare_values(
    partition: Partition, source: Marker, settings: Settings
) -> list[Found]:
    """The rows of a day that differ, and in which columns.

    The warehouse's rows are read back and encoded as the source's were, so that one
    checksum speaks for both; only if it differs are both read in the order of their
    keys and compared. Nothing holds a whole day.

    Args:
        partition: The day.
        source: Count and checksum of what the source has.
        settings: Where both are, and how often to try.

    Raises:
        ShardlineError: One of them cannot be read.
    """
    return read_with_retries(
        lambda: list(_differences(partition, source, settings)), settings
    )


def _differences(
    partition: Partition, source: Marker, settings: Settings
) -> Iterator[Found]:
    warehouse = log_in_warehouse(settings.warehouse, autocommit=True, binary=True)
    try:
        if _is_same(
            partition, source, partition_values(warehouse, partition), settings
        ):
            return
        shard = partition.shard
        with connect_source(settings.servers[shard.server], shard) as link:
            span, batch = Span.of(partition), settings.load.batch
            batches = extract_rows(link, span, batch, by_key=True)
            theirs = chain.from_iterable(batches)
            compared = _Compared.of(partition)
            found = compared.differences(theirs, partition_values(warehouse, partition))
            yield from _limited(found)
    finally:
        warehouse.close()


def _is_same(
    partition: Partition, source: Marker, rows: Iterator[Row], settings: Settings
) -> bool:
    """Whether count and checksum of the warehouse's rows are those of the source."""
    encoder = NativeEncoder(
        _columns(partition),
        key=partition.table.key,
        source=partition.shard.name,
        etl_id=1,
    )
    same = True
    wide = [at for at, column in enumerate(partition.table.columns) if column.octets]
    for batch in in_batches(rows, settings.load.batch, wide):
        try:
            encoder.encode(batch)
        except EncodeError:  # nothing that a source has; still read to the end
            same = False
    return same and (encoder.rows, encoder.checksum) == (source.rows, source.checksum)


def _columns(partition: Partition) -> list[Column]:
    """The columns, with room for a NULL that somebody put where none may be."""
    key = partition.table.key
    return [
        column.encoded._replace(nullable=column.name != key)
        for column in partition.table.columns
    ]


def _limited(found: Iterator[Found]) -> Iterator[Found]:
    """The first of the differences, and how many more there are."""
    yield from islice(found, NAMED)
    more = sum(1 for _ in found)
    if more:
        yield Kind.VALUES, f"and {more:,} more"


@dataclass(frozen=True)
class _Compared:
    columns: list[Column]
    key: int

    @classmethod
    def of(cls, partition: Partition) -> _Compared:
        columns = _columns(partition)
        names = [column.name for column in columns]
        return cls(columns, names.index(partition.table.key))

    def differences(
        self, source: Iterable[Row], warehouse: Iterable[Row]
    ) -> Iterator[Found]:
        """Compare rows of both sides, each in the order of its keys."""
        ours, theirs = self._by_key(warehouse), self._by_key(source)
        our, their = next(ours, None), next(theirs, None)
        while our or their:
            if their is None or (our and our[0] < their[0]):
                yield self._only(our, "the warehouse")
                our = next(ours, None)
            elif our is None or their[0] < our[0]:
                yield self._only(their, "the source")
                their = next(theirs, None)
            else:
                yield from self._of_one_key(their, our)
                our, their = next(ours, None), next(theirs, None)

    def _by_key(self, rows: Iterable[Row]) -> Iterator[Group]:
        for key, group in groupby(rows, itemgetter(self.key)):
            yield key, list(group)

    def _only(self, group: Group | None, where: str) -> Found:
        key, rows = group or (None, [])
        times = f", {len(rows)} times" if len(rows) > 1 else ""
        return Kind.VALUES, f"{self._name} {key} is only in {where}{times}"

    def _of_one_key(self, source: Group, warehouse: Group) -> Iterator[Found]:
        key, theirs = source
        _, ours = warehouse
        if len(theirs) != len(ours):
            times = f"{len(theirs)} times in the source, {len(ours)} in the warehouse"
            yield Kind.VALUES, f"{self._name} {key} is {times}"
        elif Counter(map(self._hash, theirs)) != Counter(map(self._hash, ours)):
            differing = [
                self._describe(*pair) for pair in zip(theirs, ours, strict=True)
            ]
            yield (
                Kind.VALUES,
                f"{self._name} {key}: {'; '.join(filter(None, differing))}",
            )

    def _describe(self, theirs: Row, ours: Row) -> str:
        """The columns in which two rows differ, with both values."""
        return ", ".join(
            f"{column.name} is {_shown(their)} in the source and {_shown(our)} in the"
            " warehouse"
            for column, their, our in zip(self.columns, theirs, ours, strict=True)
            if _hash([column], [their]) != _hash([column], [our])
        )

    def _hash(self, row: Row) -> int | None:
        return _hash(self.columns, row)

    @property
    def _name(self) -> str:
        return self.columns[self.key].name


def _hash(columns: Sequence[Column], row: Row) -> int | None:
    """What tells a row from another; None for one that no source could have."""
    try:
        return row_hash(columns, row)
    except EncodeError:
        return None


def _shown(value: object) -> str:
    if value is None:
        return "NULL"
    text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
