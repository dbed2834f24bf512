"""What was declared: schemas, tables, columns, keys and views, beside DuckDB's own.

DuckDB forgets lengths, NOT NULL of views, disabled keys. The catalog keeps them in
memory; `catalog_store` keeps them with the data. Names compare without case.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.vertica.failures import missing_schema
from sandbox.vertica.known import KnownQueries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.vertica.accounts import Accounts
    from sandbox.vertica.types import SqlType
    from sandbox.vertica.words import Name

PUBLIC = "public"
SYSTEM_SCHEMAS = ("v_catalog", "v_monitor", "v_internal")
MACROS = "v_sandbox"  # the schema of our own functions inside DuckDB


class Schema(NamedTuple):
    """A schema.

    Args:
        oid: Its number.
        name: Its name.
        owner: Who created it.
    """

    oid: int
    name: str
    owner: str


@dataclass(frozen=True)
class ColumnDefinition:
    """A column as declared.

    Args:
        name: Its name.
        type: Its type.
        nullable: Whether NULL may stand in it.
        default: The text of its default expression.
    """

    name: str
    type: SqlType
    nullable: bool = True
    default: str | None = None


@dataclass(frozen=True)
class Key:
    """A PRIMARY KEY or UNIQUE constraint; it counts only when enabled."""

    name: str
    primary: bool
    columns: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True)
class Table:
    """A table as declared.

    Args:
        oid: Its number.
        schema: Where it lives.
        name: Its name.
        columns: In order.
        keys: Its constraints.
        partition: The text of PARTITION BY.
        owner: Who created it.
        temporary: It belongs to one session.
        keeps_rows: A temporary table's rows outlive the transaction.
    """

    oid: int
    schema: str
    name: str
    columns: tuple[ColumnDefinition, ...]
    keys: tuple[Key, ...] = ()
    partition: str = ""
    owner: str = ""
    temporary: bool = False
    keeps_rows: bool = False

    @property
    def stored(self) -> str:
        """Its name in DuckDB's SQL."""
        if self.temporary:
            return f"temp.main.{quoted(self.name)}"
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def full_name(self) -> str:
        """Its name in messages and locks."""
        return f"{self.schema}.{self.name}"

    @property
    def enabled_keys(self) -> list[Key]:
        """The keys that are enforced."""
        return [key for key in self.keys if key.enabled]

    def column(self, name: str) -> ColumnDefinition:
        """The column of this name.

        Raises:
            SqlError: There is none.
        """
        for column in self.columns:
            if column.name.casefold() == name.casefold():
                return column
        raise SqlError(f'Column "{name}" does not exist', number=2624, sqlstate="42703")


@dataclass(frozen=True)
class View:
    """A view: a query under a name.

    Args:
        oid: Its number.
        schema: Where it lives.
        name: Its name.
        text: The query as it was written.
        columns: What it answers with.
        owner: Who created it.
    """

    oid: int
    schema: str
    name: str
    text: str
    columns: tuple[ColumnDefinition, ...]
    owner: str = ""

    @property
    def full_name(self) -> str:
        """Its name in messages and locks."""
        return f"{self.schema}.{self.name}"


Relation = Table | View


class Catalog:
    """The declared objects of a database, shared by its sessions.

    `ddl` is held while a definition changes, in DuckDB and here. Readers take
    whatever dictionary stands at the moment: changes replace, never mutate.

    Attributes:
        known: Queries translated by these definitions.
        version: Grows with each change.
    """

    def __init__(
        self,
        schemas: Sequence[Schema],
        relations: Iterable[Relation],
        accounts: Accounts,
    ) -> None:
        """Begin with what was kept."""
        self.ddl = threading.RLock()
        self.known = KnownQueries()
        self.version = 0
        self.accounts = accounts
        self._schemas = {schema.name.casefold(): schema for schema in schemas}
        self._relations = {_key(r.schema, r.name): r for r in relations}
        oids = [o.oid for o in (*schemas, *self.relations, *accounts.accounts)]
        self._last_oid = max(45_000, *oids)

    @property
    def relations(self) -> list[Relation]:
        """Every table and view."""
        return list(self._relations.values())

    def next_oid(self) -> int:
        """A number for a new object."""
        self._last_oid += 2
        return self._last_oid

    def schema(self, name: str | None) -> str:
        """A schema's name as it was created; `public` for None.

        Raises:
            SqlError: There is no such schema.
        """
        found = self._schemas.get((name or PUBLIC).casefold())
        if found is None:
            raise missing_schema(name or PUBLIC)
        return found.name

    def schema_oid(self, name: str) -> int:
        """A schema's number."""
        return self._schemas[name.casefold()].oid

    def schema_owner(self, name: str) -> str:
        """Who created a schema."""
        return self._schemas[name.casefold()].owner

    def has_schema(self, name: str) -> bool:
        """Whether a schema exists."""
        return name.casefold() in self._schemas

    def find(self, name: Name) -> Relation | None:
        """The table or view of a name, None if there is none.

        Raises:
            SqlError: Its schema does not exist.
        """
        return self._relations.get(_key(self.schema(name.schema), name.name))

    def put(self, *relations: Relation) -> None:
        """Add definitions or replace those of the same names."""
        added = {_key(r.schema, r.name): r for r in relations}
        self._relations = self._relations | added
        self.version += 1

    def remove(self, *relations: Relation) -> None:
        """Forget definitions."""
        gone = {_key(r.schema, r.name) for r in relations}
        self._relations = {k: r for k, r in self._relations.items() if k not in gone}
        self.version += 1

    def put_schema(self, schema: Schema) -> None:
        """Add a schema."""
        self._schemas = self._schemas | {schema.name.casefold(): schema}
        self.version += 1

    def remove_schema(self, name: str) -> None:
        """Forget a schema."""
        key = name.casefold()
        self._schemas = {k: n for k, n in self._schemas.items() if k != key}
        self.version += 1


def _key(schema: str, name: str) -> tuple[str, str]:
    return schema.casefold(), name.casefold()
