"""The ETL database: one engine a process, its schema brought up when first used."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from pydantic import SecretStr
from sqlalchemy import (
    URL,
    ColumnElement,
    DateTime,
    Engine,
    Insert,
    Table,
    create_engine,
    event,
    func,
    literal,
    make_url,
    select,
)
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from pipelines.errors import ConfigurationError, ShardlineError, TransientError
from pipelines.etl_db import migrations
from pipelines.etl_db.errors import PRIMARY_CODE, etl_db_errors
from pipelines.etl_db.tables import Columns
from pipelines.etl_db.tls_check import why_no_tls
from pipelines.network import authorities_file

logger = logging.getLogger(__name__)

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
"""The databases that there are, and the one driver that each is reached by."""

BUSY_TIMEOUT = 30  # seconds

LINKS: dict[str, dict[str, object]] = {
    "sqlite": {
        "timeout": BUSY_TIMEOUT  # that a statement waits for another process's lock
    },
    "postgresql": {
        "application_name": "shardline",
        # Otherwise whoever answers gets the password. Over a socket file libpq asks for
        # no TLS.
        "sslmode": "verify-full",
        "connect_timeout": 15,  # seconds
        # A load may take an hour between two statements of its log, and a link that
        # died in the meantime without a word must not hold up the load's end.
        "keepalives_idle": 30,  # seconds
        "keepalives_interval": 10,  # seconds
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,  # milliseconds
        # A statement prepared on one connection of a pooler is unknown on the next.
        "prepare_threshold": None,
    },
}
"""How each is connected to; an option of the same name in the address goes first."""


def insert_new(engine: Engine, table: Table) -> Insert:
    """An INSERT that leaves rows alone which are there already."""
    insert: Insert = _dialect(engine).insert(table).on_conflict_do_nothing()
    return insert


def insert_or_renew(
    engine: Engine,
    table: Table,
    renewed: Callable[[Columns], Mapping[str, ColumnElement[Any]]],
    where: ColumnElement[bool],
) -> Insert:
    """An INSERT that changes rows which are there already.

    Args:
        engine: The ETL database.
        table: Which table.
        renewed: What such a row gets, made of the values that were to be inserted.
        where: Which of the rows that are there; others are left alone.
    """
    new = _dialect(engine).insert(table)
    insert: Insert = new.on_conflict_do_update(
        index_elements=table.primary_key.columns,
        set_=renewed(new.excluded),
        where=where,
    )
    return insert


def _dialect(engine: Engine) -> ModuleType:
    # Imported only here, since either takes a while and one is enough.
    return import_module(f"sqlalchemy.dialects.{engine.dialect.name}")


def as_utc(moment: datetime) -> datetime:
    """A moment as the database gives it, with its zone: SQLite keeps none."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def database_time(
    engine: Engine, later: timedelta = timedelta(0)
) -> ColumnElement[datetime]:
    """Now, or later, by one clock for all: the server's, or a file's machine's."""
    kind = DateTime(timezone=True)
    if engine.dialect.name == "postgresql":
        now: ColumnElement[datetime] = func.clock_timestamp(type_=kind)
        return now + literal(later)
    return literal(datetime.now(UTC) + later, kind)


def now_for_all(url: SecretStr) -> datetime:
    """Now, by the clock of `database_time`; by this host's while that cannot be asked.

    So moments of several hosts can be compared, whatever their own clocks say.
    """
    try:
        engine = etl_engine(url)
        with etl_db_errors("the time cannot be asked"), engine.connect() as connection:
            return as_utc(connection.scalars(select(database_time(engine))).one())
    except ShardlineError as error:
        logger.info("%s", error)
        return datetime.now(UTC)


def etl_engine(url: SecretStr) -> Engine:
    """This process's engine of the ETL database.

    It keeps one connection. A forked child makes an engine of its own, and leaves its
    parent's alone, so no connection is ever used on both sides of a fork.

    Args:
        url: SQLAlchemy's URL of the database; it may hold a password.

    Raises:
        ConfigurationError: There is no such kind of database, it cannot be used until
            someone corrects it, or its schema is of a newer version.
        TransientError: The database cannot be used now.
    """
    _bring_up(url.get_secret_value())
    return _engine(url.get_secret_value(), os.getpid())


@cache
def _engine(url: str, _pid: int) -> Engine:
    engine = make_engine(
        etl_address(SecretStr(url)),
        poolclass=QueuePool,
        pool_size=1,
        pool_pre_ping=True,
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _create_private)
        event.listen(engine, "connect", _write_ahead)
    else:
        driver = import_module("pipelines.etl_db.bounded_psycopg")
        event.listen(engine, "do_connect", driver.connect)
    return engine


@cache
def _bring_up(url: str) -> None:
    """Once for a process and all that it forks later."""
    engine = _engine(url, os.getpid())
    try:
        with etl_db_errors("the ETL database cannot be used"):
            with engine.connect() as connection:
                version = migrations.version(connection)
            if version != migrations.HEAD:
                migrations.upgrade(engine.url, _link(engine.url))
    except TransientError as error:
        if engine.dialect.name == "postgresql" and (fault := why_no_tls(engine.url)):
            raise ConfigurationError(
                f"the ETL database at {engine.url.host}: {fault}",
                step="name the authority of its certificate in SSL_CERT_FILE or in the"
                " option sslrootcert, and the host as the certificate does",
            ) from error
        raise
    except migrations.UnknownVersionError as error:
        raise ConfigurationError(
            f"the ETL database is of version {error}, and this shardline knows"
            f" none after {migrations.HEAD}",
            step="install the newer shardline, or name another [sessions] database",
        ) from error


def make_engine(address: URL, **options: Any) -> Engine:  # noqa: ANN401 - SQLAlchemy's
    """An engine for an address, which links as `LINKS` says.

    Raises:
        ConfigurationError: The driver is not installed.
    """
    try:
        return create_engine(address, connect_args=_link(address), **options)
    except ImportError as error:
        raise ConfigurationError(
            "[sessions] database: PostgreSQL's driver is not installed",
            step="pip install 'shardline[postgresql]'",
        ) from error


def etl_address(url: SecretStr) -> URL:
    """The address, with the driver for it.

    Raises:
        ConfigurationError: There is no such kind of database.
    """
    address = make_url(url.get_secret_value())
    backend = address.get_backend_name()
    driver = DRIVERS.get(backend)
    if driver is None or address.drivername not in {backend, driver}:
        raise ConfigurationError(
            "[sessions] database: only SQLite and PostgreSQL by psycopg are known",
            step="write sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
        )
    if backend == "sqlite" and address.database in {None, "", ":memory:"}:
        raise ConfigurationError(
            "[sessions] database: a database in memory is lost with its process",
            step="write sqlite:///FILE",
        )
    return address.set(drivername=driver)


def _link(url: URL) -> dict[str, object]:
    link = LINKS[url.get_backend_name()]
    given = {name: link[name] for name in link if name not in url.query}
    # libpq knows but the system's authorities of whoever has built it. With a file of
    # them it would look at certificates also where it was told not to.
    is_verified = str(given.get("sslmode", url.query.get("sslmode"))).startswith("ver")
    if is_verified and "sslrootcert" not in url.query:
        given["sslrootcert"] = str(authorities_file(None) or "system")
    return given


def _create_private(
    _dialect: object, _record: object, arguments: Sequence[Any], _options: object
) -> None:
    """Make the file for its owner only: what it logs may quote what is in the rows.

    What else SQLite puts beside it has the same mode. A file that is there is not
    opened: closing it again would end all locks that SQLite has on it in this process
    (fcntl(2)), and the next process to close it would take itself for the last.
    """
    path = str(arguments[0])
    if path.startswith("file:"):  # a URI, which says itself how it is opened
        return
    with suppress(OSError):  # SQLite says better what is wrong with the place
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _write_ahead(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    """Let readers and one writer go on side by side.

    To begin with that does not wait for another process's lock, as statements do.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & PRIMARY_CODE == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            break
    connection.execute("PRAGMA synchronous=NORMAL")
