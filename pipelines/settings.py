"""Every option, typed, read from luigi.cfg; each has a default that works.

Luigi reads its files (``/etc/luigi/luigi.cfg``, ``./luigi.cfg`` and the one named by
``LUIGI_CONFIG_PATH``, later ones winning) and replaces ``${NAME}`` by the environment
variable of that name. Without any file the defaults below are those of the sandbox. A
connection of the same name gives address, login and more over its section.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from pipelines import catalog, luigi_cfg, report_entries
from pipelines.connections.channels import MAIL, TELEGRAM, Connections
from pipelines.connections.named import CONNECTIONS, find, logins
from pipelines.due_times import DueTime
from pipelines.errors import ConfigurationError
from pipelines.grouping import Bounds
from pipelines.report_entries import Report

Port = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Name = Annotated[str, Field(min_length=1)]

DEFAULT_PORTS = {"mssql_0": 14_330, "mssql_1": 14_331, "mssql_2": 14_332}
"""Servers that need no section of their own, and their ports on loopback."""

WAREHOUSE = "warehouse"
"""The section of the warehouse's options, and the connection's name."""

ONE_FILE_EACH = (
    "warning: the session log is an SQLite file; containers that share a luigid would"
    " each have one of their own, and know nothing of the others' attempts: name a"
    " PostgreSQL in [sessions] database"
)
"""What is told when luigid schedules, and `Sessions.is_file`."""


REPORTS = "reports"
"""The name in ``[deadlines]`` that means all reports."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=_Section)


class _Reached(_Section):
    """A server; `addresses` has it with those that are tried after it."""

    host: Name
    port: Port

    _in_turn: tuple[Self, ...] = PrivateAttr(default=())

    @property
    def address(self) -> str:
        """Host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def addresses(self) -> tuple[Self, ...]:
        """The options of each address, to be tried in turn."""
        return self._in_turn or (self,)

    def with_addresses(self, addresses: Sequence[Self]) -> Self:
        """The same options, to be tried at these addresses in turn."""
        copy = self.model_copy()
        copy._in_turn = tuple(addresses)  # noqa: SLF001 - our own, of our copy
        return copy


R = TypeVar("R", bound=_Reached)


class Warehouse(_Reached):
    """``[warehouse]``: the Vertica that everything lands in."""

    host: Name = "127.0.0.1"
    port: Port = 5433
    user: Name = "shardline"
    password: SecretStr = SecretStr("shardline")
    database: Name = "warehouse"
    tlsmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = (
        "disable"
    )
    markers: Annotated[str, AfterValidator(catalog.two_parts)] = "stage.markers"
    login_timeout: Seconds = 15
    lock_timeout: Seconds = 300
    connection_timeout: Seconds = 330

    @model_validator(mode="after")
    def _patience(self) -> Self:
        if self.connection_timeout <= self.lock_timeout:
            raise ValueError(
                "connection_timeout must be longer than lock_timeout, or a load that"
                " waits for a lock is cut off"
            )
        return self


class Server(_Reached):
    """``[sqlserver]`` and ``[NAME]``: how one SQL Server is reached."""

    host: Name = "127.0.0.1"
    port: Port = 1433
    user: Name = "shardline"
    password: SecretStr = SecretStr("shardline")
    encryption: Literal["off", "request", "require"] = "request"
    login_timeout: Annotated[int, Field(gt=0, le=86_400)] = 15
    lock_timeout: Seconds = 60
    timeout: Annotated[int, Field(gt=0, le=86_400)] = 600


class Load(_Section):
    """``[load]``: how a day is loaded."""

    batch_rows: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    settle_minutes: Annotated[float, Field(ge=0, le=525_600)] = 60
    attempts: Annotated[int, Field(ge=1, le=100)] = 4
    backoff: Seconds = 1
    backoff_max: Seconds = 30
    patience: Annotated[float, Field(ge=0, le=86_400)] = 180
    group_days: Annotated[int, Field(ge=1, le=366)] = 31
    group_rows: Annotated[int, Field(ge=1)] = 1_000_000
    slice_tasks: Annotated[int, Field(ge=1, le=10_000)] = 100

    @property
    def bounds(self) -> Bounds:
        """How much of a shard is read by one extract and loaded by one COPY."""
        return Bounds(days=self.group_days, rows=self.group_rows)

    @property
    def settle(self) -> timedelta:
        """How long after its end a day is left alone, for rows written late."""
        return timedelta(minutes=self.settle_minutes)


class Run(_Section):
    """``[run]``: how a run deals with failures around it, and with its own end."""

    retries: Annotated[int, Field(ge=0, le=100)] = 2
    retry_pause: Annotated[float, Field(ge=0, le=3_600)] = 30
    luigid_patience: Annotated[float, Field(ge=0, le=86_400)] = 300
    grace: Annotated[float, Field(gt=0, le=3_600)] = 25


class Metrics(_Section):
    """``[metrics]``: where a run's figures for Prometheus go."""

    textfile: Path | None = None
    port: Port | None = None

    @field_validator("textfile", "port", mode="before")
    @classmethod
    def _none(cls, given: object) -> object:
        return given or None


def _packaged(name: str) -> Path:
    return Path(str(files("pipelines.catalogs").joinpath(name)))


class CatalogFiles(_Section):
    """``[catalog]``: the files that name the tables, the shards and the reports."""

    tables: Path = Field(default_factory=lambda: _packaged("tables.toml"))
    shards: Path = Field(default_factory=lambda: _packaged("shards.csv"))
    reports: Path = Field(default_factory=lambda: _packaged("reports.toml"))


class Reports(_Section):
    """``[reports]``: where it is noted what the reports have been refreshed from."""

    markers: Annotated[str, AfterValidator(catalog.two_parts)] = "stage.report_markers"
    views: Annotated[str, AfterValidator(catalog.two_parts)] = "stage.report_views"


class Sessions(_Section):
    """``[sessions]``: the ETL database with the log of every attempt."""

    database: SecretStr = SecretStr("sqlite:///shardline.db")

    @property
    def is_file(self) -> bool:
        """Whether it is a file of this machine, which no other container sees."""
        return make_url(self.database.get_secret_value()).drivername.startswith(
            "sqlite"
        )

    @field_validator("database")
    @classmethod
    def _address(cls, database: SecretStr) -> SecretStr:
        try:
            make_url(database.get_secret_value())
        except (ArgumentError, ValueError):
            # Their texts repeat parts of the address, which may be of its password.
            raise ValueError(
                "not a database's address: write sqlite:///FILE or"
                " postgresql+psycopg://USER:PASSWORD@HOST/NAME, with characters of"
                " the password such as @ and / percent-encoded"
            ) from None
        return database


def _names(listed: object) -> object:
    """What stands between commas."""
    if not isinstance(listed, str):
        return listed
    return tuple(name for part in listed.split(",") if (name := part.strip()))


class Alerts(_Section):
    """``[alerts]``: who is told of failures, and how patiently."""

    channels: Annotated[tuple[Name, ...], BeforeValidator(_names)] = ()
    deadline: Annotated[float, Field(gt=0, le=600)] = 30
    throttle: Annotated[float, Field(ge=0, le=3_600)] = 5
    patience: Annotated[float, Field(ge=0, le=3_600)] = 20


class Settings(_Section):
    """All options, and the catalog they point at."""

    warehouse: Warehouse
    load: Load
    run: Run = Run()
    metrics: Metrics = Metrics()
    deadlines: dict[str, DueTime] = {}
    sessions: Sessions
    alerts: Alerts = Alerts()
    servers: dict[str, Server]
    catalog: catalog.Catalog
    reports: Reports = Reports()
    report_entries: dict[str, Report] = {}
    connections: Connections = Connections()

    def report(self, name: str) -> Report:
        """The report of that name.

        Raises:
            ConfigurationError: There is none.
        """
        if name not in self.report_entries:
            known = ", ".join(self.report_entries)
            raise ConfigurationError(
                f"unknown report {name!r}", step=f"the reports are: {known}"
            )
        return self.report_entries[name]


def read() -> Settings:
    """Read every option and the catalog.

    Raises:
        ConfigurationError: Anything is wrong; all faults are in its text.
    """
    faults: list[str] = []
    warehouse = _named(
        WAREHOUSE, "vertica", _section(WAREHOUSE, Warehouse, faults), faults
    )
    load = _section("load", Load, faults)
    run = _section("run", Run, faults)
    metrics = _section("metrics", Metrics, faults)
    sessions = _section("sessions", Sessions, faults)
    alerts = _section("alerts", Alerts, faults)
    files_ = _section("catalog", CatalogFiles, faults)
    tables_and_shards = _catalog(files_, faults)
    reports = _section("reports", Reports, faults)
    entries = _reports(files_, tables_and_shards, faults)
    names = {shard.server for shard in tables_and_shards.shards.values()}
    servers = {name: _server(name, faults) for name in sorted(names)}
    faults += _pools(names) + _ambiguous(names)
    faults += [
        f"[warehouse] markers: {warehouse.markers!r} is the target of [{table.name}]"
        for table in tables_and_shards.tables.values()
        if table.target.lower() == warehouse.markers.lower()
    ]
    due = _deadlines({*tables_and_shards.tables, REPORTS}, faults)
    faults += [
        f"[core] {option}: {lacking}"
        for option in luigi_cfg.names("core")
        if (lacking := luigi_cfg.lacking("core", option))
    ]
    if faults:
        # Alone, these would stop no load; but whoever mends the others mends them too.
        faults += Connections().unset()
        raise ConfigurationError(
            "the configuration is wrong: " + "; ".join(faults),
            step="correct luigi.cfg, or the file that is named",
        )
    return Settings(
        warehouse=warehouse,
        load=load,
        run=run,
        metrics=metrics,
        deadlines=due,
        sessions=sessions,
        alerts=alerts,
        servers=servers,
        catalog=tables_and_shards,
        reports=reports,
        report_entries=entries,
    )


@lru_cache(maxsize=1)
def current() -> Settings:
    """What `read` found first in this process; for tasks, which ask again and again.

    Raises:
        ConfigurationError: As `read` does, until nothing is wrong.
    """
    return read()


def _deadlines(known: set[str], faults: list[str]) -> dict[str, DueTime]:
    found: dict[str, DueTime] = {}
    for name, text in _options("deadlines", faults).items():
        if name not in known:
            faults.append(f"[deadlines] {name}: there is no table of that name")
            continue
        try:
            found[name] = DueTime.parse(text)
        except ValueError as error:
            faults.append(f"[deadlines] {name}: {text!r}: {error}")
    return found


def _catalog(paths: CatalogFiles, faults: list[str]) -> catalog.Catalog:
    try:
        return catalog.read(paths.tables, paths.shards)
    except ConfigurationError as error:
        faults.append(error.cause)
        return catalog.Catalog(tables={}, shards={})


def _reports(
    paths: CatalogFiles, known: catalog.Catalog, faults: list[str]
) -> dict[str, Report]:
    if not known.tables:  # its own faults are told
        return {}
    try:
        named = "reports" in paths.model_fields_set
        return report_entries.read(paths.reports, known.tables, all_of_them=named)
    except ConfigurationError as error:
        faults.append(error.cause)
        return {}


def _pools(names: Iterable[str]) -> list[str]:
    """Pools of [resources] in which no load would ever find a place."""
    sizes = _options("resources", [])
    return [
        f"[resources] {name}: {sizes[name]!r} is not a number of loads from 1 on"
        for name in sorted(names)
        if name in sizes and not (sizes[name].isdecimal() and int(sizes[name]) > 0)
    ]


def _ambiguous(servers: Iterable[str]) -> list[str]:
    """Servers that share the environment variable of another connection."""
    taken = {CONNECTIONS.variable(name): name for name in (WAREHOUSE, MAIL, TELEGRAM)}
    return [
        f"the shards file names a server {name!r}, which as a connection cannot be told"
        f" from {other!r}"
        for name in sorted(servers)
        if (other := taken.setdefault(CONNECTIONS.variable(name), name)) != name
    ]


def _server(name: str, faults: list[str]) -> Server:
    common = _options("sqlserver", faults)
    own = _options(name, faults)
    if not own and name in DEFAULT_PORTS:
        own = {"port": str(DEFAULT_PORTS[name])}
    options = _validated(f"[{name}]", Server, {**common, **own}, faults)
    known = len(faults)
    server = _named(name, "mssql", options, faults)
    if not own and server is options and len(faults) == known:
        faults.append(
            f"[{name}] is missing, but the shards file names that server: write the"
            f" section, or give it as {CONNECTIONS.variable(name)}"
        )
    return server


def _named(name: str, kind: str, options: R, faults: list[str]) -> R:
    """The options with what the connection of that name has, if there is one."""
    try:
        connection = find(name, kind)
        given = connection.each(logins) if connection else []
    except ConfigurationError as error:
        faults.append(error.cause)
        return options
    if not connection:
        return options
    model = type(options)
    base = options.model_dump(exclude_unset=True)
    addresses = [
        _validated(connection.told, model, {**base, **login}, faults) for login in given
    ]
    return addresses[0].with_addresses(addresses)


def _section(name: str, model: type[S], faults: list[str]) -> S:
    return _validated(f"[{name}]", model, _options(name, faults), faults)


def _validated(
    where: str, model: type[S], options: Mapping[str, object], faults: list[str]
) -> S:
    try:
        return model.model_validate(options)
    except ValidationError as error:
        faults += catalog.told(error, where)
        return model()


def _options(section: str, faults: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for option in luigi_cfg.names(section):
        try:
            options[option] = luigi_cfg.value(section, option)
        except luigi_cfg.OptionError as error:
            faults.append(f"[{section}] {option}: {error}")
    return options
