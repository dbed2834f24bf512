"""The options that commands have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click

from pipelines.catalog import Catalog
from pipelines.planning import Selection, select

YEARS = range(1753, 3000)
"""Of days that commands take: from the first that SQL Server's datetime has."""


class _Day(click.DateTime):
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """As click does, and within `YEARS`."""
        day: datetime = super().convert(value, param, ctx)
        if day.year not in YEARS:
            self.fail(
                f"{day.date()} is not from {YEARS[0]}-01-01 to {YEARS[-1]}-12-31",
                param,
                ctx,
            )
        return day


DAY = _Day(["%Y-%m-%d"])
"""A day as commands take it."""

LAST_HELP = "The last N days that are over for every shard."

table_option = click.option(
    *("--table", "--tables", "tables"),
    multiple=True,
    metavar="NAME",
    help="A table, by name or by a pattern such as 'o*', instead of all; may be given"
    " several times.",
)

shard_option = click.option(
    *("--shard", "--shards", "shards"),
    multiple=True,
    metavar="NAME",
    help="A shard, by name or by a pattern such as 'm*', instead of all; may be given"
    " several times.",
)


def range_options(*, required: bool = True) -> Callable[[Any], Any]:
    """The options of a command over a range: first, last, tables and shards.

    Args:
        required: Whether the days must be given.
    """
    options = [
        click.option(
            "--from",
            "first",
            type=DAY,
            required=required,
            metavar="YYYY-MM-DD",
            help="The first day.",
        ),
        click.option(
            "--to",
            "last",
            type=DAY,
            required=required,
            metavar="YYYY-MM-DD",
            help="The last day, included.",
        ),
        table_option,
        shard_option,
    ]

    def decorate(command: Any) -> Any:  # noqa: ANN401 - as click's own decorators
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def selection_of(
    catalog: Catalog,
    first: datetime,
    last: datetime,
    tables: Sequence[str],
    shards: Sequence[str],
) -> Selection:
    """What the options of `range_options` name.

    Raises:
        ConfigurationError: As `select` does.
    """
    return select(catalog, tables, shards, first.date(), last.date())
