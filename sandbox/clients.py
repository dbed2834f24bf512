"""The real drivers, connected to a running sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymssql
import vertica_python

if TYPE_CHECKING:
    from sandbox.addresses import Addresses


def connect_mssql(
    addresses: Addresses, server: str, database: str
) -> pymssql.Connection:
    """Connect to a database of a SQL Server, each statement by itself.

    Raises:
        pymssql.Error: The server refuses.
    """
    host, port = addresses.mssql[server]
    return pymssql.connect(
        server=host,
        port=str(port),
        user=addresses.user,
        password=addresses.password,
        database=database,
        autocommit=True,
    )


def connect_vertica(
    addresses: Addresses, *, autocommit: bool = True
) -> vertica_python.Connection:
    """Connect to the warehouse.

    Raises:
        vertica_python.errors.Error: The server refuses.
    """
    return vertica_python.connect(
        host=addresses.vertica.host,
        port=addresses.vertica.port,
        user=addresses.user,
        password=addresses.password,
        database=addresses.database,
        tlsmode="disable",
        autocommit=autocommit,
    )
