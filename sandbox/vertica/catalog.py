"""What was declared: schemas, tables, columns, keys and views, beside DuckDB's own.

DuckDB forgets lengths, NOT NULL of views, disabled keys. The catalog keeps them in
memory; `catalog_store` keeps them with the data. Names compare without case.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.engine import quoted
from sandbox.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.vertica.types import SqlType
    from sandbox.vertica.words import Name

PUBLIC = "public"
SYSTEM_SCHEMAS = ("v_catalog", "v_monitor", "v_internal")
MACROS = "v_sandbox"  # the schema of our own functions inside DuckDB


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
        temporary: It belongs to one session.
        keeps_rows: A temporary table's rows outlive the transaction.
    """

    oid: int
    schema: str
    name: str
    columns: tuple[ColumnDefinition, ...]
    keys: tuple[Key, ...] = ()
    partition: str = ""
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
    """

    oid: int
    schema: str
    name: str
    text: str
    columns: tuple[ColumnDefinition, ...]

    @property
    def full_name(self) -> str:
        """Its name in messages and locks."""
        return f"{self.schema}.{self.name}"


Relation = Table | View


def missing_relation(name: Name) -> SqlError:
    """The error for a table or view that does not exist."""
    full = f"{name.schema}.{name.name}" if name.schema else name.name
    return SqlError(f'Relation "{full}" does not exist', number=4566, sqlstate="42V01")


def missing_schema(name: str) -> SqlError:
    """The error for a schema that does not exist."""
    return SqlError(f'Schema "{name}" does not exist', number=4650, sqlstate="3F000")


def duplicate(name: str) -> SqlError:
    """The error for creating what exists."""
    return SqlError(f'Object "{name}" already exists', number=4213, sqlstate="42710")


class Catalog:
    """The declared objects of a database, shared by its sessions.

    `ddl` is held while a definition changes, in DuckDB and here. Readers take
    whatever dictionary stands at the moment: changes replace, never mutate.
    """

    def __init__(self, schemas: Iterable[str], relations: Iterable[Relation]) -> None:
        """Begin with what was kept."""
        self.ddl = threading.RLock()
        self._schemas = {name.casefold(): name for name in schemas}
        self._relations = {_key(r.schema, r.name): r for r in relations}
        self._last_oid = max([r.oid for r in self._relations.values()], default=45_000)

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
        return found

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

    def remove(self, *relations: Relation) -> None:
        """Forget definitions."""
        gone = {_key(r.schema, r.name) for r in relations}
        self._relations = {k: r for k, r in self._relations.items() if k not in gone}

    def put_schema(self, name: str) -> None:
        """Add a schema."""
        self._schemas = self._schemas | {name.casefold(): name}

    def remove_schema(self, name: str) -> None:
        """Forget a schema."""
        key = name.casefold()
        self._schemas = {k: n for k, n in self._schemas.items() if k != key}


def _key(schema: str, name: str) -> tuple[str, str]:
    return schema.casefold(), name.casefold()
