"""`shardline tables`."""

from __future__ import annotations

import click

from pipelines.config import read_settings
from pipelines.runtime import say


@click.command()
def tables() -> None:
    """List the tables of the catalog and their targets."""
    for table in read_settings(logins=False).catalog.tables.values():
        say(table.name, table.target)
