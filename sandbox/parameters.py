"""What several commands take: folders, days, shards, the addresses' file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandbox.fill.requests import Days
from sandbox.shards import Shard, ShardsError, read_shards, some

if TYPE_CHECKING:
    from collections.abc import Sequence

HOME = Path(".sandbox")
"""The folder of a sandbox's files."""

CATALOG = Path(__file__).parent.parent / "pipelines/catalog/packaged/shards.csv"
"""The shards of the product's catalog."""

PATH = click.Path(path_type=Path)

ADDRESSES = click.option(
    "--addresses",
    type=PATH,
    default=HOME / "addresses.json",
    show_default=True,
    help="The file which the sandbox wrote its addresses to.",
)


def to_shards(
    ctx: click.Context, param: click.Parameter, value: str
) -> Sequence[Shard]:
    """Read shards: how many of the catalog's, or the name of a CSV file.

    Raises:
        click.BadParameter: There are not so many, or the file is none.
    """
    try:
        if value.isdecimal():
            return some(read_shards(CATALOG), int(value))
        return read_shards(Path(value))
    except ShardsError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def to_days(text: str) -> Days:
    """Read `FIRST..LAST`, or one day.

    Raises:
        click.UsageError: It is neither.
    """
    first, _, last = text.partition("..")
    try:
        return Days(date.fromisoformat(first), date.fromisoformat(last or first))
    except ValueError as error:
        raise click.UsageError(f"--days {text}: {error}") from None
