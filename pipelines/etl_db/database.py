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
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Engine,
    Index,
    Insert,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from pipelines.errors import ConfigurationError, ShardlineError, TransientError
from pipelines.etl_db import migrations
from pipelines.etl_db.errors import PRIMARY_CODE, etl_db_errors
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

COMMENT_LENGTH = 500

AUDIT_LENGTH = 500
"""Most characters of each longer text in a row of the audit."""

Columns = ReadOnlyColumnCollection[str, Column[Any]]

metadata = MetaData()

sessions_table = Table(
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
    Column("lease", DateTime(timezone=True)),
    Index("sessions_open", "finished"),
    Index("sessions_partition", "target_table", "day", "shard"),
    Index("sessions_latest", "target_table", "shard", "started"),
)

alerts_table = Table(
    "alerts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("run", BigInteger, nullable=False),
    Column("session", BigInteger),
    Column("event", String(32), nullable=False),
    Column("family", String(200), nullable=False),
    Column("task_id", String(400), nullable=False),
    Column("subject", String(200)),
    Column("day", Date),
    Column("shard", String(128)),
    Column("error", String(200), nullable=False),
    Column("code", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("happened", DateTime(timezone=True), nullable=False),
    Column("due", DateTime(timezone=True), nullable=False),
    Column("incident", Integer),
    Column("asked", DateTime(timezone=True)),
    Index("alerts_ungrouped", "incident", "due"),
    Index("alerts_partition", "subject", "day", "shard"),
    Index("alerts_task", "run", "task_id"),
)
"""The outbox: a row a failure; `incident` is empty until it is grouped."""

incidents_table = Table(
    "incidents",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("family", String(200), nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("error", String(200), nullable=False),
    Column("code", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("opened", DateTime(timezone=True), nullable=False),
    Column("last_seen", DateTime(timezone=True), nullable=False),
    Column("running_since", DateTime(timezone=True), nullable=False),
    Column("partitions", Integer, nullable=False),
    Column("shown_partitions", Integer),
    Column("shown", DateTime(timezone=True)),
    Column("receipts", Text, nullable=False),
    Column("closed", DateTime(timezone=True)),
    Column("settled", DateTime(timezone=True)),
    Index("incidents_cause", "family", "fingerprint", "opened"),
    Index("incidents_open", "closed"),
)
"""Failures of one family with one cause; what a chat shows, and by which messages."""

sender_table = Table(
    "sender",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(300)),
    Column("expires", DateTime(timezone=True), nullable=False),
)
"""One row: who may send, and until when."""

report_mails_table = Table(
    "report_mails",
    metadata,
    Column("day", Date, primary_key=True),
    Column("holder", String(300)),
    Column("expires", DateTime(timezone=True)),
    Column("sent", DateTime(timezone=True)),
)
"""The mails of success: a row a day; who sends it, and when it was sent."""

jobs_table = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("verb", String(64), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("key", String(500), nullable=False),
    Column("open_key", String(500)),
    Column("asker", String(200), nullable=False),
    Column("origin", String(32), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("servers", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", DateTime(timezone=True)),
    Column("worker", String(300)),
    Column("lease", DateTime(timezone=True)),
    Column("cancel_asked", DateTime(timezone=True)),
    Column("canceller", String(200)),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("exit_code", Integer),
    Column("report", Text, nullable=False),
    Column("log_tail", Text, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("started", DateTime(timezone=True)),
    Column("finished", DateTime(timezone=True)),
    Index("jobs_open_key", "open_key", unique=True),
    Index("jobs_turn", "state", "priority", "number"),
    Index("jobs_state", "state", "number"),
    # Each has all that a listing asks for, so that no row is read which is not listed.
    Index("jobs_verb", "verb", "number", "state"),
    Index("jobs_asker", "asker", "number", "verb", "state"),
    Index("jobs_finished", "finished"),
    sqlite_autoincrement=True,  # a number that was told to somebody stays that job's
)
"""Long operations, a row each; `open_key` is its key while it is not over."""

job_wishes_table = Table(
    "job_wishes",
    metadata,
    Column("source_id", String(200), primary_key=True),
    Column("job", Integer, nullable=False),
    Column("made", DateTime(timezone=True), nullable=False),
    Index("job_wishes_made", "made"),
)
"""Which job a wish has become, by what it is called where it came from.

Several wishes may be of one job, and each may come again when that job is over.
"""

people_table = Table(
    "people",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("changed", DateTime(timezone=True), nullable=False),
    Column("revoked", DateTime(timezone=True)),
    Index("people_name", "name", unique=True),
)
"""Who may do something, and in which role; one that is revoked may do nothing."""

identities_table = Table(
    "identities",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("person", Integer, nullable=False),
    Column("added", DateTime(timezone=True), nullable=False),
    Index("identities_person", "person"),
)
"""By what people are known: each is one person's."""

invitations_table = Table(
    "invitations",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person", Integer, nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
    Column("used", DateTime(timezone=True)),
    Index("invitations_person", "person"),
)
"""What was given to people to make themselves known once: never the code itself."""

audit_table = Table(
    "audit",
    metadata,
    # SQLite counts up by itself in an INTEGER only.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("moment", DateTime(timezone=True), nullable=False),
    Column("of", BigInteger),
    Column("who", String(250)),
    Column("identity", String(250)),
    Column("place", String(250)),
    Column("verb", String(64)),
    Column("arguments", String(AUDIT_LENGTH)),
    Column("allowed", Boolean),
    Column("plan", String(AUDIT_LENGTH)),
    Column("plan_digest", String(64)),
    Column("ending", String(16)),
    Column("detail", String(AUDIT_LENGTH)),
    # Not of all rows, or SQLite would look up by it which are no ends: half of them.
    Index(
        "audit_of",
        "of",
        unique=True,
        sqlite_where=text("of IS NOT NULL"),
        postgresql_where=text("of IS NOT NULL"),
    ),
    Index("audit_moment", "moment", "number"),
    Index("audit_who", "who", "moment", "number"),
    Index("audit_who_verb", "who", "verb", "moment", "number"),
    Index("audit_verb", "verb", "moment", "number"),
    Index("audit_allowed", "allowed", "moment", "number"),
)
"""Who wished what, a row each; how that ended is a row with `of`, the wish's number.

Triggers refuse to change or delete a row.
"""

confirmations_table = Table(
    "confirmations",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("identity", String(250), nullable=False),
    Column("place", String(250), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("plan_digest", String(64), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
    Column("used", DateTime(timezone=True)),
    Index("confirmations_expires", "expires"),
)
"""Plans that were shown, each waiting for the one who asked to agree to it, once."""


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

    What else SQLite puts beside it has the same mode.
    """
    path = str(arguments[0])
    if path.startswith("file:"):  # a URI, which says itself how it is opened
        return
    with suppress(OSError):  # SQLite says better what is wrong with the place
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


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
