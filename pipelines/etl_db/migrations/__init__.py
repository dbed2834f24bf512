"""The ETL database's schema, a version a file in ``versions``, brought up by Alembic.

A change of the schema is a new file there, never a change of an old one; `HEAD` names
the newest. The tables that the code uses stand in `pipelines.etl_db.tables`.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

HEAD = "0013"
"""The version that this code works with."""

VERSION_TABLE = "alembic_version"

LOCK = 0x5368_6172_646C
"""The number of PostgreSQL's advisory lock that one process holds while it migrates."""


LOCK_TIMEOUT = "60s"
"""How long a process waits for another that migrates PostgreSQL, or has its tables."""


class UnknownVersionError(Exception):
    """The database's version, its text, is not one of this code's, so it is newer."""


def version(connection: sa.Connection) -> str | None:
    """The version of a database; None for one that is empty, or older than versions."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    table = sa.table(VERSION_TABLE, sa.column("version_num", sa.String))
    return connection.scalar(sa.select(table.c.version_num))


def upgrade(url: sa.URL, connect_args: dict[str, object]) -> None:
    """Bring a database to `HEAD`, whole or not at all; one process does so at a time.

    Tables that were made before there were versions are taken over as they are.

    Args:
        url: The database.
        connect_args: What its driver is connected with.

    Raises:
        UnknownVersionError: It is of a newer version than this code.
        SQLAlchemyError: The database cannot be used.
    """
    # Few processes migrate, and importing Alembic takes a good part of a second.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    folder = str(Path(__file__).parent)
    known = {script.revision for script in ScriptDirectory(folder).walk_revisions()}
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    engine = sa.create_engine(url, poolclass=NullPool, connect_args=connect_args)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "begin", _take_the_only_write_lock)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            _wait_for_our_turn(connection)
        found = version(connection)
        if found and found not in known:
            raise UnknownVersionError(found)
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)


def _wait_for_our_turn(connection: sa.Connection) -> None:
    """Both settings end with the transaction."""
    connection.execute(
        sa.select(sa.func.set_config("lock_timeout", LOCK_TIMEOUT, True))
    )
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def _take_the_only_write_lock(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
