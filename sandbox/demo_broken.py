"""A shard that is broken for a while, the way it may happen to a real one."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from sandbox.clients import connect_mssql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.addresses import Addresses
    from sandbox.fill.tables import Table
    from sandbox.shards import Shard

_COPY = "SELECT * INTO dbo.{} FROM dbo.{}"


@contextmanager
def moved_away(addresses: Addresses, shard: Shard, table: Table) -> Iterator[None]:
    """Give a shard's table another name for the length of a `with` block."""
    name, other = table.title, f"{table.title}_away"
    _rename(addresses, shard, name, other)
    yield
    _rename(addresses, shard, other, name)


def _rename(addresses: Addresses, shard: Shard, name: str, new: str) -> None:
    connection = connect_mssql(addresses, shard.server, shard.database)
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(_COPY.format(new, name))
        cursor.execute(f"DROP TABLE dbo.{name}")
