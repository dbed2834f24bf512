"""The tables of a database as T-SQL declared them, kept beside their data.

DuckDB forgets what it has no words for: nvarchar against varchar, lengths, which
moments are datetime2, names of keys, identities. One row a table in
`tds_catalog.tables` keeps it, written in the transaction that makes the table.
"""

# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
from __future__ import annotations

import json
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox.tds.tables import Check, Column, Key, Table
from sandbox.tds.types import SqlType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.engine import Session

    TableKey = tuple[str, str]

_SCHEMA = "tds_catalog"
_FIRST_OBJECT = 901_578_250  # user tables begin with numbers of nine digits or ten
_OBJECT_STEP = 16_000_057


def _encode(table: Table) -> str:
    return json.dumps(asdict(table))


def _decode(text: str) -> Table:
    raw: dict[str, Any] = json.loads(text)
    columns = tuple(
        Column(
            **{
                **one,
                "type": SqlType(**one["type"]),
                "identity": tuple(one["identity"]) if one["identity"] else None,
            }
        )
        for one in raw["columns"]
    )
    keys = tuple(
        Key(**{**one, "columns": tuple(one["columns"])}) for one in raw["keys"]
    )
    checks = tuple(Check(**one) for one in raw["checks"])
    return Table(**{**raw, "columns": columns, "keys": keys, "checks": checks})


class Catalog:
    """The committed tables of one database. Thread-safe.

    Attributes:
        version: Changes whenever a table does; what was compiled before is stale.
        definitions: Held by those who define tables outside a transaction.
    """

    def __init__(self, session: Session) -> None:
        """Read what the database holds.

        Args:
            session: Any session on the database; used now only.
        """
        self.version = 0
        self.definitions = threading.RLock()
        self._lock = threading.Lock()
        self._tables: dict[TableKey, Table] = {}
        session.write(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
        session.write(
            f"CREATE TABLE IF NOT EXISTS {_SCHEMA}.tables "
            '("schema" VARCHAR, "name" VARCHAR, definition VARCHAR)'
        )
        for (text,) in session.read(f"SELECT definition FROM {_SCHEMA}.tables").rows():
            table = _decode(str(text))
            self._tables[table.key] = table
        numbers = [t.object_id for t in self._tables.values()]
        self._last_object = max(numbers, default=_FIRST_OBJECT)

    def find(self, key: TableKey) -> Table | None:
        """The committed table of a key."""
        return self._tables.get(key)

    def all(self) -> list[Table]:
        """Every committed table."""
        with self._lock:
            return list(self._tables.values())

    def next_object_id(self) -> int:
        """A number no table has."""
        with self._lock:
            self._last_object = (self._last_object + _OBJECT_STEP) % (2**31 - 1)
            return self._last_object

    def publish(self, changes: dict[TableKey, Table | None]) -> None:
        """Make a committed transaction's tables everybody's; None is a dropped one."""
        with self._lock:
            for key, table in changes.items():
                if table is None:
                    self._tables.pop(key, None)
                else:
                    self._tables[key] = table
            self.version += 1


class SessionTables:
    """The tables one session sees: committed, its own changes, its #tables."""

    def __init__(self, catalog: Catalog) -> None:
        """Begin with what is committed."""
        self._catalog = catalog
        self._changes: dict[tuple[str, str], Table | None] = {}
        self._temporary: dict[tuple[str, str], Table] = {}
        self._before: dict[tuple[str, str], Table] = {}

    @property
    def are_shared(self) -> bool:
        """Whether the session sees just what everybody sees."""
        return not self._changes and not self._temporary

    def find(self, schema: str, name: str) -> Table | None:
        """The table of a name, in any case."""
        temporary = name.startswith("#")
        key = ("" if temporary else schema.casefold(), name.casefold())
        if temporary:
            return self._temporary.get(key)
        if key in self._changes:
            return self._changes[key]
        return self._catalog.find(key)

    def all(self) -> Sequence[Table]:
        """Every table, in the order of their numbers."""
        found = {table.key: table for table in self._catalog.all()}
        for key, table in self._changes.items():
            if table is None:
                found.pop(key, None)
            else:
                found[key] = table
        return sorted(found.values(), key=lambda table: table.object_id)

    def put(self, session: Session, table: Table) -> None:
        """Note a new or changed table, in the session's transaction."""
        if table.is_temporary:
            self._temporary[table.key] = table
            return
        self._delete(session, table)
        session.write(
            f"INSERT INTO {_SCHEMA}.tables VALUES (?, ?, ?)",
            [*table.key, _encode(table)],
        )
        self._changes[table.key] = table

    def remove(self, session: Session, table: Table) -> None:
        """Note that a table is dropped."""
        if table.is_temporary:
            self._temporary.pop(table.key)
            return
        self._delete(session, table)
        self._changes[table.key] = None

    def _delete(self, session: Session, table: Table) -> None:
        session.write(
            f'DELETE FROM {_SCHEMA}.tables WHERE "schema" = ? AND "name" = ?',
            list(table.key),
        )

    def begin(self) -> None:
        """A transaction begins: remember the #tables it may undo."""
        self._before = dict(self._temporary)

    def commit(self) -> None:
        """The transaction was committed."""
        if self._changes:
            self._catalog.publish(self._changes)
            self._changes = {}

    def rollback(self) -> None:
        """The transaction was rolled back."""
        self._changes = {}
        self._temporary = dict(self._before)

    def mark(self) -> tuple[dict[TableKey, Table | None], dict[TableKey, Table]]:
        """What `back_to` needs to undo later changes."""
        return dict(self._changes), dict(self._temporary)

    def back_to(
        self, mark: tuple[dict[TableKey, Table | None], dict[TableKey, Table]]
    ) -> None:
        """Undo what changed since `mark`."""
        self._changes, self._temporary = dict(mark[0]), dict(mark[1])
