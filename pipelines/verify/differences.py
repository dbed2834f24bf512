"""What can be wrong with a day of a shard, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from pipelines.errors import one_line
from pipelines.warehouse import Marker, RowCount


class Kind(Enum):
    """What is wrong with a day of a shard."""

    NOT_LOADED = "not loaded"
    """It has neither a marker nor rows."""
    NO_MARKER = "no marker"
    """It has rows, all of them orphans."""
    ORPHANS = "orphans"
    """It has rows of another session than the marker's."""
    DELETED = "deleted rows"
    """It has fewer rows than the marker tells of."""
    DUPLICATED = "duplicated rows"
    """It has more rows than the marker tells of."""
    CHANGED = "changed in the source"
    """The source has something else now than was loaded."""
    MOVED = "moved row"
    """A row of it is there under another day too."""
    VALUES = "other values"
    """The warehouse has other values than the source."""
    UNKNOWN_SHARD = "unknown shard"
    """It has rows or a marker, and the catalog does not have the shard."""


@dataclass(frozen=True)
class Difference:
    """Something that is wrong with a day of a shard.

    Attributes:
        table: The table's name.
        day: The day.
        shard: The shard's name.
        kind: What is wrong.
        detail: The same with its figures, in one line.
    """

    table: str
    day: date
    shard: str
    kind: Kind
    detail: str

    def __str__(self) -> str:
        """One line."""
        where = f"{self.table} {self.day} {self.shard}"
        return one_line(f"{where}: {self.kind.value}: {self.detail}")


Found = tuple[Kind, str]
"""A kind of difference, and its detail."""


def compare_counts(
    marker: Marker | None, sessions: Mapping[int, RowCount]
) -> Iterator[Found]:
    """What a day's rows in the warehouse are other than its marker tells.

    Args:
        marker: The marker, if there is one.
        sessions: How many rows there are, by session.
    """
    everything = sum(one.rows for one in sessions.values())
    if marker is None and everything:
        yield Kind.NO_MARKER, f"{everything:,} orphaned rows, and no marker"
    elif marker is None:
        yield Kind.NOT_LOADED, "neither a marker nor rows"
    else:
        yield from _of_marker(marker, sessions)


def _of_marker(marker: Marker, sessions: Mapping[int, RowCount]) -> Iterator[Found]:
    own = sessions.get(marker.etl_id, RowCount(0, 0))
    orphans = sum(
        one.rows for etl_id, one in sessions.items() if etl_id != marker.etl_id
    )
    text = f"the marker tells of {marker.rows:,} rows, the warehouse has {own.rows:,}"
    if own.rows < marker.rows:
        yield Kind.DELETED, text
    if own.rows > marker.rows:
        yield Kind.DUPLICATED, f"{text}, of {own.keys:,} different keys"
    if orphans:
        yield Kind.ORPHANS, f"{orphans:,} rows of other sessions than the marker's"


def compare_source(marker: Marker, now: Marker) -> Iterator[Found]:
    """What the source has now other than what was loaded.

    Args:
        marker: What was loaded.
        now: What would be loaded now.
    """
    if now.rows != marker.rows:
        yield Kind.CHANGED, f"{marker.rows:,} were loaded, it has {now.rows:,} rows now"
    elif now.checksum != marker.checksum:
        yield Kind.CHANGED, f"values of its {now.rows:,} rows, since they were loaded"
