"""Days of shards as the rows of a table that fits a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pipelines.catalog import consecutive_days

HEADS = ("days", "shards")

ROWS = 8
"""Most rows about days; the others are counted."""

NAMED = 5
"""Most shards that a row names; the others are counted."""


def day_rows(
    shards: Mapping[date, Sequence[str]], count: int
) -> tuple[tuple[str, str], ...]:
    """A row for days that follow each other and have the same shards, below `HEADS`.

    Args:
        shards: For each day, some shards.
        count: How many there are in all.
    """
    runs = list(consecutive_days(sorted(shards), lambda day: shards[day]))
    rows = [(str(days), _named(shards[days.first], count)) for days in runs[:ROWS]]
    hidden = len(runs) - ROWS
    return (*rows, *([("…", f"and {hidden} more rows")] if hidden > 0 else []))


def _named(shards: Sequence[str], count: int) -> str:
    if len(shards) == count > NAMED:
        return f"all {count}"
    more = len(shards) - NAMED
    named = ", ".join(shards[:NAMED])
    return f"{named} and {more} more" if more > 0 else named
