"""The product's own load, pointed at servers of ours."""

from __future__ import annotations

from datetime import date

from pydantic import SecretStr

from pipelines.catalog import Catalog, Partition, Shard, Span, Table, read_catalog
from pipelines.config import (
    CatalogFiles,
    LoadOptions,
    Server,
    SessionsOptions,
    Settings,
    Warehouse,
)
from pipelines.load import load_missing_days
from sandbox.options import USER

HOST = "127.0.0.1"
TABLE = "orders"
SHARD = Shard(name="bench", server="mssql_0", database="bench", time_zone="UTC")
ETL_ID = 1
LOGIN = SecretStr(USER)
"""The password of the sandbox's account, from which the loads are recorded."""


class Silence:
    """A watcher who tells nobody."""

    def sent(self, rows: int) -> None:
        """So many rows have been sent so far."""

    def warn(self, why: str) -> None:
        """Someone should see to this, although nothing failed."""


def settings(mssql_port: int, vertica_port: int) -> Settings:
    """The default options, with these servers and one shard.

    Encryption is off: what TLS costs depends on the server, and it would differ from
    one recording to the next.
    """
    tables = read_catalog(CatalogFiles().tables, CatalogFiles().shards).tables
    return Settings(
        warehouse=Warehouse(
            host=HOST,
            port=vertica_port,
            tlsmode="disable",
            user=USER,
            password=LOGIN,
        ),
        load=LoadOptions(),
        sessions=SessionsOptions(),
        servers={
            SHARD.server: Server(
                host=HOST, port=mssql_port, encryption="off", user=USER, password=LOGIN
            )
        },
        catalog=Catalog(tables=tables, shards={SHARD.name: SHARD}),
    )


def table(options: Settings) -> Table:
    """What is loaded."""
    return options.catalog.table(TABLE)


def partition(options: Settings, day: date) -> Partition:
    """A day of it."""
    return Partition(table(options), SHARD, day)


def load(options: Settings, day: date) -> int:
    """Load a day of orders as a task does; returns how many rows were sent."""
    span = Span.of(partition(options, day))
    (found,) = load_missing_days(span, options, {day: ETL_ID}, Silence())
    return found[day].rows
