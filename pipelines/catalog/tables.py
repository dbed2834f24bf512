"""Tables and shards as data.

The tables come from a TOML file, the shards from a CSV file with the columns
``server,shard,time_zone`` and, where it differs from the shard's name, ``database``.
Both are validated when they are read, and every fault is named at once.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pipelines.catalog.columns import INTEGER_TYPES, Column
from pipelines.errors import ConfigurationError
from pipelines.text import visible

ALL_TABLES = "all"
"""What stands for every table on the command line; no table is called so."""

MAX_ROW_OCTETS = 32_768_000
"""Most octets of a row in Vertica, as its columns are declared."""

MAX_NAME_LENGTH = 128
"""Most characters in the name of a SQL Server database or column."""

_MARKUP = re.compile("[&<>\"']")


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"{name!r} is not a time zone") from error
    except KeyError as error:
        raise ValueError(f"{name!r} is not a known time zone") from error
    return name


def split_target(target: str) -> str:
    """The target, if it is of the form schema.table; otherwise ValueError."""
    schema, dot, table = target.partition(".")
    if not (schema and dot and table) or "." in table:
        raise ValueError(f"{target!r} is not of the form schema.table")
    return target


def _columns(declared: object) -> object:
    if not isinstance(declared, Mapping):
        return declared
    columns, faults = [], []
    for name, kind in declared.items():
        try:
            columns.append(Column.parse(name, str(kind)))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError("; ".join(faults))
    return tuple(columns)


def pool_name(server: str) -> str:
    r"""A server's name as that of a pool in ``[resources]``.

    luigid's page takes it for HTML, so what means something there, and what is hidden,
    is an escape such as ``\x3c``.
    """
    return visible(_MARKUP.sub(lambda found: f"\\x{ord(found[0]):02x}", server))


Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)]


class Shard(BaseModel):
    """One SQL Server database that holds the tables of one city.

    Attributes:
        name: How the shard is called everywhere, ``etl_source`` included.
        server: The SQL Server host it is on: a section of luigi.cfg and a Luigi
            resource.
        database: Its name on that server.
        time_zone: The zone its times are written in, as in the tz database.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    server: Name
    database: Name
    time_zone: Annotated[str, AfterValidator(_time_zone)]

    @property
    def pool(self) -> str:
        """Luigi's resource of its server: its name, as luigid's page may show it."""
        return pool_name(self.server)


class Table(BaseModel):
    """One table: what is read from each shard, and where it lands.

    Attributes:
        name: How the table is called everywhere.
        query: What is read, in T-SQL; its result has every column below.
        date_column: The datetime2 column that gives a row its day.
        key: The integer column that, with the shard, names a row.
        target: Schema and table in the warehouse.
        columns: The columns in the order in which they are read and loaded.
        ignore: Columns of the source that are left out on purpose.
        recheck_days: How many days before each that is loaded are read again, for rows
            that changed after their load.
        undated: What rows of a shard are to a load whose date is NULL, so that no day
            has them: its failure, or a warning.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=MAX_NAME_LENGTH)
    ]
    query: Annotated[str, Field(min_length=1)]
    date_column: str
    key: str
    target: Annotated[str, AfterValidator(split_target)]
    columns: Annotated[
        tuple[Column, ...], BeforeValidator(_columns), Field(min_length=1)
    ]
    ignore: tuple[str, ...] = ()
    recheck_days: Annotated[int, Field(ge=0, le=366)] = 0
    undated: Literal["fail", "warn"] = "fail"

    @model_validator(mode="after")
    def _roles(self) -> Table:
        faults = [
            *([f"{ALL_TABLES!r} means every table"] if self.name == ALL_TABLES else []),
            *self._too_wide(),
            *self._repeated(),
            *self._role("date_column", self.date_column, frozenset({"datetime2"})),
            *self._role("key", self.key, frozenset(INTEGER_TYPES)),
            *(
                f"column {column.name!r} has a name that the load itself adds"
                for column in self.columns
                if column.name.lower() in {"etl_source", "etl_id", "hash_id"}
            ),
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _too_wide(self) -> list[str]:
        """What Vertica would refuse as a row that may become too long."""
        octets = sum(column.octets for column in self.columns)
        if octets <= MAX_ROW_OCTETS:
            return []
        text = f"text and bytes of {octets:,} octets in all, and a row of Vertica holds"
        return [f"{text} {MAX_ROW_OCTETS:,}: give (max) columns but one a size"]

    def _repeated(self) -> list[str]:
        """Columns that differ in case only, which Vertica takes for one."""
        names = [column.name.lower() for column in self.columns]
        return [
            f"column {column.name!r} is there twice, if case does not count"
            for at, column in enumerate(self.columns)
            if column.name.lower() in names[:at]
        ]

    def _role(self, role: str, name: str, kinds: frozenset[str]) -> list[str]:
        column = next((c for c in self.columns if c.name == name), None)
        if column is None:
            return [f"{role} {name!r} is not among the columns"]
        if column.kind not in kinds or column.nullable:
            wanted = " or ".join(sorted(kinds))
            return [f"{role} {name!r} must be {wanted} and not null"]
        return []

    @property
    def schema_and_table(self) -> tuple[str, str]:
        """The target's schema and its table."""
        schema, _, table = self.target.partition(".")
        return schema, table


def unknown_name(what: str, name: str) -> ConfigurationError:
    """The error of a name, or a pattern of names, that no table or shard has."""
    return ConfigurationError(
        f"unknown {what} {name!r}", step=f"`shardline {what}s` lists them"
    )


class Catalog(BaseModel):
    """All tables and shards, by name."""

    model_config = ConfigDict(frozen=True)

    tables: dict[str, Table]
    shards: dict[str, Shard]

    def table(self, name: str) -> Table:
        """The table of that name.

        Raises:
            ConfigurationError: There is none.
        """
        if name not in self.tables:
            raise unknown_name("table", name)
        return self.tables[name]

    def shard(self, name: str) -> Shard:
        """The shard of that name.

        Raises:
            ConfigurationError: There is none.
        """
        if name not in self.shards:
            raise unknown_name("shard", name)
        return self.shards[name]


def read_catalog(tables: Path, shards: Path) -> Catalog:
    """Read and validate both files, again only if one of them has changed.

    Args:
        tables: The TOML file of tables.
        shards: The CSV file of shards.

    Raises:
        ConfigurationError: A file cannot be read, or anything in it is wrong; all
            faults of both files are in its text.
    """
    return _read(tables, catalog_changed(tables), shards, catalog_changed(shards))


def catalog_changed(path: Path) -> int:
    """When a file of the catalog was changed last.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise ConfigurationError(
            f"the catalog file {path} cannot be read: {error.strerror}",
            step="correct [catalog] in luigi.cfg",
        ) from error


@lru_cache(maxsize=4)
def _read(tables: Path, _t: int, shards: Path, _s: int) -> Catalog:
    faults: list[str] = []
    catalog = Catalog(
        tables=_read_tables(tables, faults), shards=_read_shards(shards, faults)
    )
    if faults:
        raise ConfigurationError(
            f"{len(faults)} faults in the catalog: " + "; ".join(faults)
            if len(faults) > 1
            else f"the catalog is wrong: {faults[0]}",
            step="correct the named file",
        )
    return catalog


def _read_tables(path: Path, faults: list[str]) -> dict[str, Table]:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        faults.append(f"{path.name}: {error}")
        return {}
    tables: dict[str, Table] = {}
    for name, entry in entries.items():
        where = f"{path.name} [{name}]"
        if not isinstance(entry, dict):
            faults.append(f"{where}: not a table's entry")
            continue
        try:
            tables[name] = Table.model_validate({**entry, "name": name})
        except ValidationError as error:
            faults += describe_faults(error, where)
    faults += _shared_targets(path, tables)
    return tables


def _shared_targets(path: Path, tables: dict[str, Table]) -> list[str]:
    """Tables whose target is another's too: the marker could not tell them apart."""
    owners: dict[str, str] = {}
    return [
        f"{path.name} [{name}] target: {table.target!r} is [{owner}]'s too"
        for name, table in tables.items()
        if (owner := owners.setdefault(table.target.lower(), name)) != name
    ]


def _read_shards(path: Path, faults: list[str]) -> dict[str, Shard]:
    shards: dict[str, Shard] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                _read_shard(row, f"{path.name} line {reader.line_num}", shards, faults)
    except (OSError, ValueError, csv.Error) as error:
        faults.append(f"{path.name}: {error}")
        return shards
    if not shards and not faults:
        faults.append(f"{path.name}: no shard in it")
    return shards


def _read_shard(
    row: dict[str | Any, Any], where: str, shards: dict[str, Shard], faults: list[str]
) -> None:
    entry = {("name" if key == "shard" else str(key)): v for key, v in row.items()}
    entry["database"] = entry.get("database") or entry.get("name")
    try:
        shard = Shard.model_validate(entry)
    except ValidationError as error:
        faults += describe_faults(error, where)
        return
    if shard.name in shards:
        faults.append(f"{where}: shard {shard.name!r} is there twice")
    elif owner := _owner(shard, shards.values()):
        faults.append(f"{where}: its database is that of shard {owner!r}")
    shards[shard.name] = shard


def _owner(shard: Shard, others: Iterable[Shard]) -> str | None:
    """The shard that has the same database, and whose rows would come twice."""
    for other in others:
        if other.server == shard.server and (
            other.database.lower() == shard.database.lower()
        ):
            return other.name
    return None


def describe_faults(error: ValidationError, where: str) -> list[str]:
    """Each fault of a validation as one line, without the values it was given."""
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{where} {place}: {message}" if place else f"{where}: {message}")
    return lines
