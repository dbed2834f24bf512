"""Every option, typed, read from luigi.cfg.

Luigi reads its files (``/etc/luigi/luigi.cfg``, ``./luigi.cfg`` and the one named by
``LUIGI_CONFIG_PATH``, later ones winning) and replaces ``${NAME}`` by the environment
variable of that name. All have defaults that work, but for where the servers are and
who logs in there: a section says that, or the connection of its name, which is first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError

from pipelines.catalog import (
    Catalog,
    Report,
    describe_faults,
    pool_name,
    read_catalog,
    read_reports,
)
from pipelines.config import luigi_cfg
from pipelines.config.channels import MAIL_CONNECTION, TELEGRAM_CONNECTION, Connections
from pipelines.config.connections import CONNECTIONS, find_connection, login_options
from pipelines.config.due_times import DueTime
from pipelines.config.files import check_format
from pipelines.config.sections import (
    AlertsOptions,
    BotOptions,
    CatalogFiles,
    JobsOptions,
    LoadOptions,
    MetricsOptions,
    Reached,
    ReportsOptions,
    RunOptions,
    Section,
    Server,
    SessionsOptions,
    Warehouse,
)
from pipelines.errors import ConfigurationError

WAREHOUSE = "warehouse"
"""The section of the warehouse's options, and the connection's name."""

SQLSERVER = "sqlserver"
"""The section of what the SQL Servers have in common."""

KINDS: Mapping[type[Reached], str] = {Warehouse: "vertica", Server: "mssql"}
"""What the connection to each is."""

SQLITE_WARNING = (
    "warning: the session log is an SQLite file; containers that share a luigid would"
    " each have one of their own, and know nothing of the others' attempts: name a"
    " PostgreSQL in [sessions] database"
)
"""What is told when luigid schedules, and `SessionsOptions.is_file`."""

REPORTS = "reports"
"""The name in ``[deadlines]`` that means all reports."""

S = TypeVar("S", bound=Section)
R = TypeVar("R", bound=Reached)


class Settings(Section):
    """All options, and the catalog they point at."""

    warehouse: Warehouse
    load: LoadOptions
    run: RunOptions = RunOptions()
    metrics: MetricsOptions = MetricsOptions()
    deadlines: dict[str, DueTime] = Field(default_factory=dict)
    sessions: SessionsOptions
    alerts: AlertsOptions = AlertsOptions()
    bot: BotOptions = BotOptions()
    jobs: JobsOptions = JobsOptions()
    servers: dict[str, Server]
    catalog: Catalog
    modules: tuple[str, ...] = ()
    reports: ReportsOptions = ReportsOptions()
    report_entries: dict[str, Report] = Field(default_factory=dict)
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


def read_settings(*, logins: bool = True) -> Settings:
    """Read every option and the catalog.

    Args:
        logins: Whether each server must have been given a host and a login; what
            connects to none need not have them.

    Raises:
        ConfigurationError: Anything is wrong; all faults are in its text.
    """
    check_format()
    faults: list[str] = []
    warehouse = _reached(WAREHOUSE, Warehouse, faults, logins=logins)
    load = _section("load", LoadOptions, faults)
    run = _section("run", RunOptions, faults)
    metrics = _section("metrics", MetricsOptions, faults)
    sessions = _section("sessions", SessionsOptions, faults)
    alerts = _section("alerts", AlertsOptions, faults)
    bot = _section("bot", BotOptions, faults)
    jobs = _section("jobs", JobsOptions, faults)
    files_ = _section("catalog", CatalogFiles, faults)
    tables_and_shards = _catalog(files_, faults)
    reports = _section("reports", ReportsOptions, faults)
    entries = _reports(files_, tables_and_shards, faults)
    names = {shard.server for shard in tables_and_shards.shards.values()}
    servers = {
        name: _reached(name, Server, faults, logins=logins) for name in sorted(names)
    }
    faults += _pools(names) + _ambiguous(names)
    faults += [
        f"[warehouse] markers: {warehouse.markers!r} is the target of [{table.name}]"
        for table in tables_and_shards.tables.values()
        if table.target.lower() == warehouse.markers.lower()
    ]
    due = _deadlines({*tables_and_shards.tables, REPORTS}, faults)
    faults += [
        f"[core] {option}: {lacking}"
        for option in luigi_cfg.option_names("core")
        if (lacking := luigi_cfg.lacking_option("core", option))
    ]
    if faults:
        # Alone, these would stop no load; but whoever mends the others mends them too.
        faults += Connections().unset()
        raise _wrong(faults)
    return Settings(
        warehouse=warehouse,
        load=load,
        run=run,
        metrics=metrics,
        deadlines=due,
        sessions=sessions,
        alerts=alerts,
        bot=bot,
        jobs=jobs,
        servers=servers,
        catalog=tables_and_shards,
        modules=files_.modules,
        reports=reports,
        report_entries=entries,
    )


def read_session_options() -> SessionsOptions:
    """Read ``[sessions]`` alone, for what needs nothing else.

    Raises:
        ConfigurationError: Anything in it is wrong.
    """
    check_format()
    faults: list[str] = []
    sessions = _section("sessions", SessionsOptions, faults)
    if faults:
        raise _wrong(faults)
    return sessions


def _wrong(faults: list[str]) -> ConfigurationError:
    return ConfigurationError(
        "the configuration is wrong: " + "; ".join(dict.fromkeys(faults)),
        step="correct luigi.cfg, or the file that is named",
    )


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """What `read_settings` found first in this process; tasks ask again and again.

    Raises:
        ConfigurationError: As `read_settings` does, until nothing is wrong.
    """
    return read_settings()


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


def _catalog(paths: CatalogFiles, faults: list[str]) -> Catalog:
    try:
        return read_catalog(paths.tables, paths.shards)
    except ConfigurationError as error:
        faults.append(error.cause)
        return Catalog(tables={}, shards={})


def _reports(
    paths: CatalogFiles, known: Catalog, faults: list[str]
) -> dict[str, Report]:
    if not known.tables:  # its own faults are told
        return {}
    try:
        named = "reports" in paths.model_fields_set
        return read_reports(paths.reports, known.tables, all_of_them=named)
    except ConfigurationError as error:
        faults.append(error.cause)
        return {}


def _pools(names: Iterable[str]) -> list[str]:
    """Pools of [resources] in which no load would ever find a place."""
    sizes = _options("resources", [])
    return [
        f"[resources] {name}: {sizes[name]!r} is not a number of loads from 1 on"
        for name in sorted(map(pool_name, names))
        if name in sizes and not (sizes[name].isdecimal() and int(sizes[name]) > 0)
    ]


def _ambiguous(servers: Iterable[str]) -> list[str]:
    """Servers that share the environment variable of another connection."""
    taken = {
        CONNECTIONS.variable(name): name
        for name in (WAREHOUSE, MAIL_CONNECTION, TELEGRAM_CONNECTION)
    }
    return [
        f"the shards file names a server {name!r}, which as a connection cannot be told"
        f" from {other!r}"
        for name in sorted(servers)
        if (other := taken.setdefault(CONNECTIONS.variable(name), name)) != name
    ]


def _reached(name: str, model: type[R], faults: list[str], *, logins: bool) -> R:
    """A server as its sections and its connection have it; the first of each counts."""
    known = len(faults)
    options: dict[str, str] = {}
    for section in reversed(_sections(name)):
        options |= _options(section, faults)
    where = f"[{name}]"
    server = _validated(where, model, options, faults)
    try:
        if connection := find_connection(name, KINDS[model]):
            where, given = connection.label, connection.each(login_options)
            server = _named(where, server, given, faults)
    except ConfigurationError as error:
        faults.append(error.cause)
    if logins and server.lacking and len(faults) == known:
        faults.append(describe_lack(name, server, where))
    return server


def describe_lack(name: str, server: Reached, where: str) -> str:
    """What a server has not been given of host and login, and where to add it.

    Args:
        name: Its name as a connection.
        server: What it has been given.
        where: Whence that is, for people.
    """
    places = " or ".join(f"[{section}]" for section in _sections(name))
    return (
        f"{where} has no {', '.join(server.lacking)}: add what is missing to {places},"
        f" or give the whole connection as {CONNECTIONS.variable(name)}"
    )


def _sections(name: str) -> list[str]:
    """The sections of luigi.cfg that a server's options are in; the first counts."""
    return [name] if name == WAREHOUSE else [name, SQLSERVER]


def _named(
    where: str,
    server: R,
    given: Sequence[dict[str, str | int | SecretStr]],
    faults: list[str],
) -> R:
    """The options with what each address of the connection of that name has."""
    model = type(server)
    base = server.model_dump(exclude_unset=True)
    addresses = [_validated(where, model, {**base, **login}, faults) for login in given]
    return addresses[0].with_addresses(addresses)


def _section(name: str, model: type[S], faults: list[str]) -> S:
    return _validated(f"[{name}]", model, _options(name, faults), faults)


def _validated(
    where: str, model: type[S], options: Mapping[str, object], faults: list[str]
) -> S:
    try:
        return model.model_validate(options)
    except ValidationError as error:
        faults += describe_faults(error, where)
        return model()


def _options(section: str, faults: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for option in luigi_cfg.option_names(section):
        try:
            options[option] = luigi_cfg.option_value(section, option)
        except luigi_cfg.OptionError as error:
            faults.append(f"[{section}] {option}: {error}")
    return options
