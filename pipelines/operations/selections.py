"""Which tables, days and shards of the catalog some arguments are about."""

from __future__ import annotations

from pydantic import Field

from pipelines.config import WAREHOUSE, Settings
from pipelines.operations.arguments import Arguments, Days, Shards, Tables
from pipelines.planning import Selection, select


class RangeArguments(Arguments):
    """Which tables, days and shards."""

    tables: Tables = Field(
        default=(),
        description="Tables, by name or a pattern such as 'o*'; all without.",
    )
    days: Days = Field(description="The days.")
    shards: Shards = Field(
        default=(),
        description="Shards, by name or a pattern such as 'm*'; all without.",
    )


def selected(settings: Settings, arguments: RangeArguments) -> Selection:
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
