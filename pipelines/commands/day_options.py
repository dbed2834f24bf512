"""The days of a command that takes them singly, as a range, or as the last ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import click

from pipelines.catalog import DayRange
from pipelines.commands.options import DAY, LAST_HELP
from pipelines.config import Settings
from pipelines.planning import last_days

PARAMETERS = ("days", "newest", "first", "last_day")
"""The parameters of a command that are of these options."""


def day_options(command: Any) -> Any:  # noqa: ANN401 - as click's own decorators
    """Add the options; `days_asked_for` reads what they are given."""
    options = [
        click.option(
            "--date",
            "days",
            type=DAY,
            multiple=True,
            metavar="YYYY-MM-DD",
            help="A day; may be given several times.",
        ),
        click.option(
            *("--last", "newest"),
            type=click.IntRange(1, 366),
            metavar="N",
            help=LAST_HELP,
        ),
        click.option(
            "--from",
            "first",
            type=DAY,
            metavar="YYYY-MM-DD",
            help="The first day of a range.",
        ),
        click.option(
            "--to",
            "last_day",
            type=DAY,
            metavar="YYYY-MM-DD",
            help="The last day of a range, included.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def days_asked_for(
    values: Mapping[str, Any], settings: Callable[[], Settings]
) -> list[DayRange]:
    """The days that were asked for, in the one way that was chosen.

    Args:
        values: What the options were given, by parameter.
        settings: Reads the options, whose shards tell which days are over.

    Raises:
        click.UsageError: None was chosen, or several.
    """
    days, newest = values.get("days") or (), values.get("newest")
    first, last = values.get("first"), values.get("last_day")
    is_range = first is not None and last is not None
    ways = [bool(days), newest is not None, is_range]
    if sum(ways) != 1 or (not is_range and (first or last)):
        raise click.UsageError(
            "give days by --date or --last, or a range by --from and --to"
        )
    if newest is not None:
        over = last_days(newest, settings())
        return [DayRange(over[0], over[-1])]
    if first is not None and last is not None:
        return [DayRange(first.date(), last.date())]
    return [DayRange(day.date(), day.date()) for day in dict.fromkeys(days)]


def one_range(ranges: Sequence[DayRange]) -> DayRange:
    """All of them as one.

    Raises:
        click.UsageError: They do not follow each other.
    """
    if len(ranges) == 1:
        return ranges[0]
    every: list[date] = sorted(day for days in ranges for day in days)
    if every[-1] - every[0] != timedelta(days=len(every) - 1):
        raise click.UsageError("give days that follow each other, or a job for each")
    return DayRange(every[0], every[-1])
