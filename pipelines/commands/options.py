"""The options that commands have in common."""

from __future__ import annotations

from datetime import datetime

import click

from pipelines.operations import check_year


class _Day(click.DateTime):
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """As click does, and of a year that verbs take."""
        day: datetime = super().convert(value, param, ctx)
        try:
            check_year(day.date())
        except ValueError as error:
            self.fail(str(error), param, ctx)
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
