"""One attempt to bring one partition into the warehouse, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Protocol

from lowlevel import EncodeError, NativeEncoder
from pipelines.catalog import Partition
from pipelines.errors import (
    PermanentError,
    ShardlineError,
    TransientError,
    UnknownOutcomeError,
)
from pipelines.settings import Settings
from pipelines.source.connection import connect as connect_source
from pipelines.source.extract import Row, extract
from pipelines.source.shape import compare
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.connection import connect as connect_warehouse
from pipelines.warehouse.copy import copy_rows
from pipelines.warehouse.faults import DuplicateKeyError
from pipelines.warehouse.markers import Marker, Markers


class Watcher(Protocol):
    """Who is told how a transfer goes on."""

    def sent(self, rows: int) -> None:
        """So many rows have been sent so far."""

    def warn(self, why: str) -> None:
        """Someone should see to this, although nothing failed."""


def transfer(
    partition: Partition, settings: Settings, etl_id: int, watcher: Watcher
) -> Marker:
    """Load a partition, unless its marker is there.

    The rows and their marker become visible by one commit. An error before the
    marker's INSERT leaves nothing. After one that comes later the commit may have
    happened, so a new connection reads the marker, and its word counts.

    Args:
        partition: What to load.
        settings: Where from, where to.
        etl_id: The session; it is in every row and in the marker.
        watcher: Who is told how it goes on.

    Returns:
        The partition's marker, which has another `etl_id` if another attempt was
        first.

    Raises:
        UnknownOutcomeError: The commit may have happened; the marker could not be read.
        TransientError: Nothing is known to be loaded, and trying again may help. The
            next attempt reads the marker before it does anything.
        PermanentError: Nothing is loaded, and someone must act first.
    """
    options = settings.warehouse
    with connect_warehouse(options) as connection:
        markers = Markers(connection, options.markers)
        if present := markers.find(partition):
            return present
        marker = _copy(connection, partition, settings, etl_id, watcher)
        failure = _finish(connection, markers, partition, marker)
    return _settle(partition, settings, failure) if failure else marker


def _copy(
    connection: Connection,
    partition: Partition,
    settings: Settings,
    etl_id: int,
    watcher: Watcher,
) -> Marker:
    """Copy the partition's rows into the open transaction."""
    table, shard = partition.table, partition.shard
    encoder = NativeEncoder(
        [column.encoded for column in table.columns],
        key=table.key,
        source=shard.name,
        etl_id=etl_id,
    )
    with connect_source(settings.servers[shard.server], shard) as link:
        for warning in compare(link, partition):
            watcher.warn(warning)
        batches = extract(link, partition, settings.load.batch_rows)
        first = next(batches, None)
        if first is None:
            return Marker(etl_id, rows=0, checksum=0)
        encoded = _encode(encoder, chain([first], batches), watcher)
        accepted = copy_rows(connection, table, encoded)
    if accepted != encoder.rows:
        raise PermanentError(
            f"Vertica took {accepted} rows of {encoder.rows}",
            step="compare the target's columns with the catalog",
        )
    return Marker(etl_id, encoder.rows, encoder.checksum)


def _encode(
    encoder: NativeEncoder, batches: Iterator[Sequence[Row]], watcher: Watcher
) -> Iterator[bytes]:
    yield encoder.header
    try:
        for batch in batches:
            yield encoder.encode(batch)
            watcher.sent(encoder.rows)
    except EncodeError as error:
        raise PermanentError(
            f"a value cannot be stored: {error}",
            step="correct it in the shard, or the column in the catalog",
        ) from error


def _finish(
    connection: Connection, markers: Markers, partition: Partition, marker: Marker
) -> ShardlineError | None:
    """Insert the marker and commit; what went wrong, if anything did."""
    try:
        markers.insert(partition, marker)
        connection.commit()
    except ShardlineError as error:
        with suppress(ShardlineError):
            connection.rollback()
        return error
    return None


def _settle(partition: Partition, settings: Settings, error: ShardlineError) -> Marker:
    """Find out how a transaction ended whose end was not seen."""
    options = settings.warehouse
    try:
        with connect_warehouse(options) as connection:
            present = Markers(connection, options.markers).find(partition)
    except ShardlineError as unasked:
        raise UnknownOutcomeError(
            f"{error.cause}, and whether the commit happened cannot be asked:"
            f" {unasked.cause}",
            step="the next attempt asks before it loads",
        ) from unasked
    if present is not None:
        return present
    if isinstance(error, DuplicateKeyError):
        raise TransientError(
            "another load of the same day was rolled back after it had been in the way",
            step="run it again",
        ) from error
    raise error
