"""A project of one's own in the shared sandbox: shards, catalog, configuration.

Everything goes through public doors: the commands as processes, the servers through
the real drivers.
"""

from __future__ import annotations

import configparser
import os
import signal
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.catalog import read_catalog
from pipelines.config import Warehouse
from pipelines.etl_db import alerts_table, sessions_table
from pipelines.warehouse import create_tables
from sandbox.clients import connect_mssql, connect_vertica
from tests.kit import commands
from tests.kit.commands import BIN, Process
from tests.kit.steps import STEPS

if TYPE_CHECKING:
    from sandbox.holds import Action, Failure, When
    from sandbox.process import SandboxProcess

DAY = "2019-03-14"
REPOSITORY = Path(__file__).parents[2]
ORDERS_DDL = (
    "CREATE TABLE dbo.Orders (id bigint NOT NULL PRIMARY KEY,"
    " start_time datetime2 NOT NULL, end_time datetime2 NULL, type int NOT NULL,"
    " data uniqueidentifier NOT NULL)"
)
ORDERS = """
[orders]
query = "SELECT id, start_time, end_time, type, data FROM dbo.Orders"
date_column = "start_time"
key = "id"
target = "{schema}.orders"

[orders.columns]
id = "bigint"
start_time = "datetime2"
end_time = "datetime2 null"
type = "int"
data = "uniqueidentifier"
"""


@dataclass
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.err.rstrip().splitlines()[-1] if self.err.strip() else ""

    @property
    def told(self) -> list[str]:
        return self.err.strip().splitlines()


@dataclass
class Project:
    """A folder with a configuration, and the shards that it names.

    Attributes:
        shards: Server, shard's name and database of each shard.
    """

    folder: Path
    sandbox: SandboxProcess
    schema: str = field(default_factory=lambda: f"s_{uuid.uuid4().hex[:12]}")
    shards: list[tuple[str, str, str]] = field(default_factory=list)
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    tables: str = ORDERS
    etl_database: str = ""
    own_luigi_cfg: str = (REPOSITORY / "luigi.cfg").read_text(encoding="utf-8")

    def __post_init__(self) -> None:
        self.etl_database = self.etl_database or f"sqlite:///{self.folder / 'etl.db'}"

    @property
    def target(self) -> str:
        return f"{self.schema}.orders"

    def add_shard(
        self, name: str = "", *, server: str = "mssql_0", ddl: str = ORDERS_DDL
    ) -> str:
        """Make a database and its table, and name it in the shards file."""
        database = f"{name or 'shard'} {uuid.uuid4().hex[:8]}"
        self.sandbox.control.create_database(server, database)
        shard = name or database
        self.shards.append((server, shard, database))
        if ddl:
            self.on_shard(shard, ddl)
        return shard

    def write(self) -> Path:
        """Write the configuration and return the file that names it all."""
        tables, shards = self.folder / "tables.toml", self.folder / "shards.csv"
        write_whole(tables, self.tables.format(schema=self.schema))
        lines = ["server,shard,database,time_zone"]
        for row in self.shards:
            quoted = ('"' + cell.replace('"', '""') + '"' for cell in row)
            lines.append(",".join([*quoted, "Europe/Moscow"]))
        write_whole(shards, "\n".join(lines) + "\n")
        overlay = {
            "catalog": {"tables": str(tables), "shards": str(shards)},
            "sessions": {"database": self.etl_database.replace("%", "%%")},
            "load": {"backoff": "0.05", "backoff_max": "0.2", "attempts": "3"},
            "core": {"log_level": "INFO"},
            "run": {"retries": "0", "retry_pause": "0.1"},
        }
        for section, options in self.options.items():
            overlay.setdefault(section, {}).update(options)
        text = self.sandbox.luigi_cfg.read_text(encoding="utf-8")
        write_whole(self.folder / "luigi.cfg", self.own_luigi_cfg)
        config = self.folder / "overlay.cfg"
        write_whole(config, _merged(text, overlay))
        return config

    def environment(self) -> dict[str, str]:
        path = f"{BIN}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "LUIGI_CONFIG_PATH": str(self.write())}

    def start(
        self, *command: str, paused: bool = False, fresh: bool = False
    ) -> Process:
        """Start a command of the virtual environment in the project's folder.

        Args:
            command: Its words.
            paused: Whether it does nothing until `hold`, or its `resume`.
            fresh: Whether it must be a new process, for that is what is tested.
        """
        return commands.start(
            command, self.folder, self.environment(), paused=paused, fresh=fresh
        )

    def run(self, *command: str, timeout: float = 100, fresh: bool = False) -> Result:
        """Run a command to its end."""
        return finished(self.start(*command, fresh=fresh), timeout)

    def loadable(self, rows: int) -> str:
        """Add a shard with orders on `DAY`, and make the target."""
        shard = self.add_shard()
        insert(self, shard, orders(rows))
        self.create_target()
        return shard

    def start_load(
        self, *options: str, paused: bool = False, fresh: bool = False
    ) -> Process:
        """Start `shardline run orders` for `DAY`."""
        words = ("shardline", "run", "orders", "--date", DAY, *options)
        return self.start(*words, paused=paused, fresh=fresh)

    def hold(
        self,
        process: Process,
        step: str,
        when: When = "before",
        action: Action = "hold",
        *,
        skip: int = 0,
        times: int = 1,
        failure: Failure | None = None,
    ) -> int:
        """Hold a process at a step of its load; see `sandbox.holds.Rule`.

        It goes on now if it was started to be paused.
        """
        server, pattern = STEPS[step]
        hold = self.sandbox.control.hold(
            pattern,
            when=when,
            action=action,
            server=server,
            client_pid=process.pid,
            skip=skip,
            times=times,
            failure=failure,
        )
        process.resume()
        return hold

    def load(self, *days: str, shards: Iterable[str] = ()) -> Result:
        """`shardline run orders` for some days."""
        arguments = [word for day in days for word in ("--date", day)]
        arguments += [word for shard in shards for word in ("--shard", shard)]
        return self.run("shardline", "run", "orders", *arguments)

    def luigi(self, *arguments: str) -> Result:
        """`luigi --module pipelines.orders …` with a scheduler of its own."""
        return self.run(
            "luigi", "--module", "pipelines.orders", *arguments, "--local-scheduler"
        )

    @property
    def warehouse(self) -> Warehouse:
        """How the sandbox's Vertica is reached."""
        addresses = self.sandbox.addresses
        return Warehouse(
            host=addresses.vertica.host,
            port=addresses.vertica.port,
            user=addresses.user,
            password=SecretStr(addresses.password),
            database=addresses.database,
            tlsmode="disable",
        )

    def create_target(self) -> None:
        """Make the target and the marker table, as CreateTarget does."""
        self.write()
        tables = read_catalog(self.folder / "tables.toml", self.folder / "shards.csv")
        create_tables(self.warehouse, tables.table("orders"))

    def on_shard(
        self, shard: str, sql: str, parameters: tuple[object, ...] = ()
    ) -> list[tuple[object, ...]]:
        """Run a statement on a shard through pymssql."""
        server, _, database = next(row for row in self.shards if row[1] == shard)
        with connect_mssql(self.sandbox.addresses, server, "master") as connection:
            cursor = connection.cursor()
            cursor.execute("USE [" + database.replace("]", "]]") + "]")
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    def on_warehouse(self, sql: str) -> list[list[object]]:
        """Run a statement on the warehouse through vertica-python."""
        with connect_vertica(self.sandbox.addresses) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            rows: list[list[object]] = cursor.fetchall()
            return rows

    def rows(self, shard: str) -> list[tuple[object, ...]]:
        """A shard's rows as they are in the warehouse, in the order of their ids."""
        with connect_vertica(self.sandbox.addresses) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "SELECT id, start_time, end_time, type, data"
                f" FROM {self.target} WHERE etl_source = %s ORDER BY id",
                [shard],
            )
            return [tuple(row) for row in cursor.fetchall()]

    def outcomes(self) -> list[str | None]:
        """How the attempts in the session log ended, in the order of their starts."""
        sessions = sessions_table
        query = sa.select(sessions.c.outcome).order_by(sessions.c.started)
        with self.log() as connection:
            return list(connection.scalars(query))

    def untold(self) -> list[int]:
        """The attempts that nobody has closed, or that were lost without a word."""
        sessions = sessions_table.c
        is_told = sessions.id.in_(sa.select(alerts_table.c.session))
        is_lost = (sessions.outcome == "lost") & ~is_told
        query = sa.select(sessions.id).where(sessions.outcome.is_(None) | is_lost)
        with self.log() as connection:
            return list(connection.scalars(query))

    @contextmanager
    def log(self) -> Iterator[sa.Connection]:
        """A transaction of the session log."""
        engine = sa.create_engine(self.etl_database)
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    def markers(self) -> list[list[object]]:
        """Source, day and rows of all markers of the target."""
        return self.on_warehouse(
            'SELECT "source", "day", "rows" FROM stage.markers'
            f" WHERE \"target_table\" = '{self.target}' ORDER BY 1, 2"
        )


def kill(process: Process) -> None:
    """SIGKILL to a command and all its children."""
    os.killpg(process.pid, signal.SIGKILL)


def finished(process: Process, timeout: float = 100) -> Result:
    """Wait for a command; its end must come in time."""
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return Result(process.returncode, out, err)


def orders(
    count: int, day: str = "2019-03-14", first: int = 1
) -> Sequence[tuple[object, ...]]:
    """Plain orders within a day."""
    return [
        (
            first + at,
            f"{day}T{at % 24:02}:{at % 60:02}:00.123456",
            f"{day}T{at % 24:02}:{at % 60:02}:30" if at % 3 else None,
            at % 7,
            str(uuid.UUID(int=(first + at) * 0x1234567)),
        )
        for at in range(count)
    ]


def insert(project: Project, shard: str, rows: Sequence[Sequence[object]]) -> None:
    """Insert orders into a shard."""
    values = ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))
    project.on_shard(
        shard,
        "INSERT INTO dbo.Orders (id, start_time, end_time, type, data)"
        f" VALUES {values}",
        tuple(value for row in rows for value in row),
    )


def write_whole(path: Path, text: str) -> None:
    """Write a file that a command which starts at the same time may be reading."""
    new = path.with_name(f"{path.name}.{threading.get_ident()}")
    new.write_text(text, encoding="utf-8", newline="")
    new.replace(path)


def _merged(text: str, overlay: Mapping[str, Mapping[str, str]]) -> str:
    config = configparser.RawConfigParser()
    config.optionxform = str  # type: ignore[assignment,method-assign]
    config.read_string(text)
    # Whoever sends names where to: nobody else's run starts a sender.
    for section in ("connections", "alerts"):
        config.remove_section(section)
    for section, options in overlay.items():
        if not config.has_section(section):
            config.add_section(section)
        for option, value in options.items():
            config.set(section, option, value)
    written = StringIO()
    config.write(written)
    return written.getvalue()
