"""Which tables, shards and days a command is asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase

from pipelines.catalog import (
    ALL_TABLES,
    Catalog,
    DayRange,
    Shard,
    Table,
    last_day_over,
    unknown_name,
)
from pipelines.config import Settings
from pipelines.errors import ConfigurationError

SHARDS_NAMED = 3
"""Most shards that a line names."""


@dataclass(frozen=True)
class Selection:
    """Tables and shards of the catalog, and days, both ends included."""

    tables: tuple[Table, ...]
    shards: tuple[Shard, ...]
    first: date
    last: date

    @property
    def days(self) -> DayRange:
        """The days."""
        return DayRange(self.first, self.last)


def select(
    catalog: Catalog,
    tables: Sequence[str],
    shards: Sequence[str],
    first: date,
    last: date,
) -> Selection:
    """What some patterns name in the catalog; without any, everything.

    Args:
        catalog: What there is.
        tables: Names or patterns of tables; `all` is every table.
        shards: Names or patterns of shards.
        first: The first day.
        last: The last day.

    Raises:
        ConfigurationError: A pattern names nothing, or the days end before they begin.
    """
    if last < first:
        raise ConfigurationError(
            f"the days end on {last}, before they begin on {first}",
            step="give the earlier day as --from",
        )
    named_tables = matching_names(tables, catalog.tables, "table")
    named_shards = matching_names(shards, catalog.shards, "shard")
    return Selection(
        tuple(catalog.tables[name] for name in named_tables),
        tuple(catalog.shards[name] for name in named_shards),
        first,
        last,
    )


def matching_names(
    patterns: Sequence[str], names: Iterable[str], what: str
) -> list[str]:
    """The names that are, or match, one of the patterns; all without a pattern.

    A name counts as it is first, since a shard's may hold characters of a pattern.

    Args:
        patterns: What is asked for, in whose order the answer is; `all` is every table.
        names: What there is.
        what: `table` or `shard`.

    Raises:
        ConfigurationError: A pattern names nothing.
    """
    known = list(names)
    everything = what == "table" and ALL_TABLES in patterns
    patterns = [one for one in patterns if not everything or one != ALL_TABLES]
    found: dict[str, None] = {}
    for pattern in patterns:
        exact = pattern in known
        these = [pattern] if exact else [n for n in known if fnmatchcase(n, pattern)]
        if not these:
            raise unknown_name(what, pattern)
        found.update(dict.fromkeys(these))
    return list(found) if patterns and not everything else known


def name_some(shards: Sequence[str]) -> str:
    """Some shards' names, and how many more there are."""
    more = len(shards) - SHARDS_NAMED
    shown = ", ".join(shards[:SHARDS_NAMED])
    return f"{shown} and {more} more shards" if more > 0 else shown


def last_days(count: int, settings: Settings) -> list[date]:
    """The last days that may be loaded of every shard, in order.

    Args:
        count: How many.
        settings: The shards, whose time zones tell when a day is over.
    """
    zones = {shard.time_zone for shard in settings.catalog.shards.values()}
    newest = last_day_over(zones, settings.load.settle)
    return [newest - timedelta(days=back) for back in reversed(range(count))]
