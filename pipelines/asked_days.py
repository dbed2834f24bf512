"""Which days a command is for: named by their dates, or the last that are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pipelines.days import last_over
from pipelines.errors import ConfigurationError
from pipelines.settings import Settings

LAST_HELP = "The last N days that are over for every shard."


def asked_days(
    named: Sequence[datetime], last: int | None, settings: Settings
) -> list[date]:
    """The days of ``--date`` or of ``--last``, each once.

    Args:
        named: What ``--date`` gave.
        last: What ``--last`` gave: how many days.
        settings: The shards, whose time zones tell when a day is over.

    Raises:
        ConfigurationError: Neither is given, or both are.
    """
    if bool(named) == (last is not None):
        raise ConfigurationError(
            "either days or a number of days must be given",
            step="write --date YYYY-MM-DD or --last N",
        )
    if last is None:
        return list(dict.fromkeys(day.date() for day in named))
    zones = {shard.time_zone for shard in settings.catalog.shards.values()}
    newest = last_over(zones, settings.load.settle)
    return [newest - timedelta(days=back) for back in reversed(range(last))]
