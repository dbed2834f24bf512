"""The last days that are over: what a schedule asks for, which knows no dates."""

from __future__ import annotations

from datetime import date, timedelta

from pipelines.days import last_over
from pipelines.settings import Settings


def last_days(count: int, settings: Settings) -> list[date]:
    """The last days that may be loaded of every shard, in order.

    Args:
        count: How many.
        settings: The shards, whose time zones tell when a day is over.
    """
    zones = {shard.time_zone for shard in settings.catalog.shards.values()}
    newest = last_over(zones, settings.load.settle)
    return [newest - timedelta(days=back) for back in reversed(range(count))]
