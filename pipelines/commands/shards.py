"""`shardline shards`."""

from __future__ import annotations

import click

from pipelines.config import read_settings
from pipelines.runtime import say


@click.command()
def shards() -> None:
    """List the shards of the catalog: name, server, database, time zone."""
    for shard in read_settings(logins=False).catalog.shards.values():
        say(*shard.model_dump().values())
