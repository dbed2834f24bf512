"""Which tables, shards and days a command is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

import click

from pipelines.catalog import Catalog, Shard, Table, unknown
from pipelines.errors import ConfigurationError
from pipelines.grouping import Group

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

NAMED = 3
"""Most shards that a line names."""

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


@dataclass(frozen=True)
class Selection:
    """Tables and shards of the catalog, and days, both ends included."""

    tables: tuple[Table, ...]
    shards: tuple[Shard, ...]
    first: date
    last: date

    @property
    def days(self) -> Group:
        """The days."""
        return Group(self.first, self.last)


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
        tables: Names or patterns of tables.
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
    named_tables = matching(tables, catalog.tables, "table")
    named_shards = matching(shards, catalog.shards, "shard")
    return Selection(
        tuple(catalog.tables[name] for name in named_tables),
        tuple(catalog.shards[name] for name in named_shards),
        first,
        last,
    )


def matching(patterns: Sequence[str], names: Iterable[str], what: str) -> list[str]:
    """The names that are, or match, one of the patterns; all without a pattern.

    A name counts as it is first, since a shard's may hold characters of a pattern.

    Args:
        patterns: What is asked for; the answer is in their order.
        names: What there is.
        what: `table` or `shard`.

    Raises:
        ConfigurationError: A pattern names nothing.
    """
    known = list(names)
    found: dict[str, None] = {}
    for pattern in patterns:
        exact = pattern in known
        these = [pattern] if exact else [n for n in known if fnmatchcase(n, pattern)]
        if not these:
            raise unknown(what, pattern)
        found.update(dict.fromkeys(these))
    return list(found) if patterns else known


def named(shards: Sequence[str]) -> str:
    """Some shards' names, and how many more there are."""
    more = len(shards) - NAMED
    shown = ", ".join(shards[:NAMED])
    return f"{shown} and {more} more shards" if more > 0 else shown


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


def of_options(
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
