"""The ETL database: one engine a process, its schema brought up when first used."""

from __future__ import annotations

import os
import sqlite3
from functools import cache

from pydantic import SecretStr
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from pipelines import migrations
from pipelines.errors import ConfigurationError, TransientError

BUSY_TIMEOUT = 30
"""Seconds that a statement waits for another process's lock on an SQLite file."""

CONNECT_TIMEOUT = 15
"""Seconds until a PostgreSQL that does not answer is given up."""

COMMENT_LENGTH = 500

UNUSABLE_FILE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""SQLite's result codes for a file that waiting does not mend."""

metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("task_name", String(200), nullable=False),
    Column("target_table", String(800)),
    Column("shard", String(128)),
    Column("day", Date),
    Column("attempt", Integer, nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("finished", DateTime(timezone=True)),
    Column("outcome", String(16)),
    Column("loaded_rows", BigInteger),
    Column("comment", String(COMMENT_LENGTH)),
    Index("sessions_open", "finished"),
    Index("sessions_partition", "target_table", "day", "shard"),
)


def connect(url: SecretStr) -> Engine:
    """This process's engine of the ETL database.

    It keeps one connection. A forked child makes an engine of its own, and leaves its
    parent's alone, so no connection is ever used on both sides of a fork.

    Args:
        url: SQLAlchemy's URL of the database; it may hold a password.

    Raises:
        ConfigurationError: There is no driver for such a URL, no such file, or its
            schema is of a newer version.
        TransientError: The database cannot be used.
    """
    _bring_up(url.get_secret_value())
    return _engine(url.get_secret_value(), os.getpid())


@cache
def _engine(url: str, _pid: int) -> Engine:
    try:
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=1,
            pool_pre_ping=True,
            connect_args=_connect_args(url),
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            "[sessions] database: no driver for such an address is installed",
            step="use sqlite:///FILE, or install the driver",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _write_ahead)
    return engine


@cache
def _bring_up(url: str) -> None:
    """Once for a process and all that it forks later."""
    try:
        with _engine(url, os.getpid()).connect() as connection:
            version = migrations.version(connection)
        if version != migrations.HEAD:
            migrations.upgrade(make_url(url), _connect_args(url))
    except migrations.UnknownVersionError as error:
        raise ConfigurationError(
            f"the ETL database is of version {version}, and this shardline knows"
            f" none after {migrations.HEAD}",
            step="install the newer shardline, or name another [sessions] database",
        ) from error
    except SQLAlchemyError as error:
        told = f"the ETL database cannot be used: {error.__cause__ or error}"
        step = "check [sessions] database in luigi.cfg"
        if getattr(error.__cause__, "sqlite_errorcode", None) in UNUSABLE_FILE:
            raise ConfigurationError(told, step=step) from error
        raise TransientError(told, step=step) from error


def _connect_args(url: str) -> dict[str, object]:
    if make_url(url).get_backend_name() == "sqlite":
        return {"timeout": BUSY_TIMEOUT}
    return {"connect_timeout": CONNECT_TIMEOUT, "application_name": "shardline"}


def _write_ahead(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    """Let readers and one writer go on side by side."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
