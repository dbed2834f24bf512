"""Which tables, days and shards of the catalog some arguments are about."""

from __future__ import annotations

from typing import Protocol

from pipelines.catalog import DayRange
from pipelines.config import WAREHOUSE, Settings
from pipelines.planning import Selection, select


class Ranged(Protocol):
    """Arguments with days of tables and shards."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Names or patterns; all if there are none."""

    @property
    def shards(self) -> tuple[str, ...]:
        """Names or patterns; all if there are none."""

    @property
    def days(self) -> DayRange:
        """The days."""


def selected(settings: Settings, arguments: Ranged) -> Selection:
    """What the arguments name.

    Raises:
        ConfigurationError: A name or a pattern names nothing.
    """
    days = arguments.days
    return select(
        settings.catalog, arguments.tables, arguments.shards, days.first, days.last
    )


def servers_of(settings: Settings, selection: Selection) -> tuple[str, ...]:
    """The servers that whoever loads a selection keeps busy, by name."""
    sources = {shard.server for shard in selection.shards}
    return (*(name for name in settings.servers if name in sources), WAREHOUSE)
