"""The product's own options, which lead to servers of ours."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import SecretStr

from benchmarks.loads import Place
from pipelines.catalog import Catalog, Partition, Shard, Table, read_catalog
from pipelines.config import (
    CatalogFiles,
    LoadOptions,
    Server,
    SessionsOptions,
    Settings,
    Warehouse,
)
from sandbox.options import USER

HOST = "127.0.0.1"
TABLE = "orders"
SHARD = Shard(name="bench", server="mssql_0", database="bench", time_zone="UTC")
ETL_ID = 1
LOGIN = SecretStr(USER)
"""The password of the sandbox's account, from which the loads are recorded."""

OUR_TABLES = Path(__file__).with_name("tables.toml")


class Silence:
    """A watcher who tells nobody."""

    def sent(self, rows: int) -> None:
        """So many rows have been sent so far."""

    def warn(self, why: str) -> None:
        """Someone should see to this, although nothing failed."""


def settings(place: Place) -> Settings:
    """The default options, with these servers, one shard, and our tables too."""
    return Settings(
        warehouse=_warehouse(place),
        load=LoadOptions(),
        sessions=SessionsOptions(),
        servers={SHARD.server: _server(place)},
        catalog=Catalog(tables=_tables(), shards={SHARD.name: SHARD}),
    )


def table(options: Settings, name: str = TABLE) -> Table:
    """What is loaded."""
    return options.catalog.table(name)


def partition(options: Settings, day: date, name: str = TABLE) -> Partition:
    """A day of it."""
    return Partition(table(options, name), SHARD, day)


def _warehouse(place: Place) -> Warehouse:
    return Warehouse(
        host=HOST,
        port=place.vertica_port,
        tlsmode="verify-full" if place.authorities else "disable",
        tls_cafile=place.authorities,
        user=USER,
        password=LOGIN,
    )


def _server(place: Place) -> Server:
    return Server(
        host=HOST,
        port=place.mssql_port,
        encryption="require" if place.authorities else "off",
        tls_cafile=place.authorities,
        user=USER,
        password=LOGIN,
    )


def _tables() -> dict[str, Table]:
    packaged = CatalogFiles()
    return {
        **read_catalog(packaged.tables, packaged.shards).tables,
        **read_catalog(OUR_TABLES, packaged.shards).tables,
    }
