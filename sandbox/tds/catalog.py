"""The tables and modules of a database as T-SQL declared them.

DuckDB forgets what it has no words for: nvarchar against varchar, lengths, which
moments are datetime2, names of keys, identities, procedures. One row for each in
`tds_catalog.tables` keeps it, written in the transaction that makes it. Tables and
modules share one namespace, as in SQL Server.
"""

# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
from __future__ import annotations

import json
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox.tds.modules import Module, ModuleKind
from sandbox.tds.tables import Check, Column, Key, Table, table_key
from sandbox.tds.types import SqlType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.session import Session

    Place = tuple[str, str]

Entry = Table | Module
"""What has a name in the catalog."""

_SCHEMA = "tds_catalog"
_FIRST_OBJECT = 901_578_250  # user tables begin with numbers of nine digits or ten
_OBJECT_STEP = 16_000_057


def _encode(entry: Entry) -> str:
    return json.dumps(asdict(entry), default=lambda kind: kind.value)


def _decode(text: str) -> Entry:
    raw: dict[str, Any] = json.loads(text)
    if "kind" in raw:
        return Module(**{**raw, "kind": ModuleKind(raw["kind"])})
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
    """The committed tables and modules of one database. Thread-safe.

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
        self._entries: dict[Place, Entry] = {}
        session.write(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
        session.write(
            f"CREATE TABLE IF NOT EXISTS {_SCHEMA}.tables "
            '("schema" VARCHAR, "name" VARCHAR, definition VARCHAR)'
        )
        for (text,) in session.read(f"SELECT definition FROM {_SCHEMA}.tables").rows():
            entry = _decode(str(text))
            self._entries[entry.key] = entry
        numbers = [entry.object_id for entry in self._entries.values()]
        self._last_object = max(numbers, default=_FIRST_OBJECT)

    def find(self, key: Place) -> Entry | None:
        """What is committed under a key."""
        return self._entries.get(key)

    def all(self) -> list[Entry]:
        """Everything committed."""
        with self._lock:
            return list(self._entries.values())

    def next_object_id(self) -> int:
        """A number no object has."""
        with self._lock:
            self._last_object = (self._last_object + _OBJECT_STEP) % (2**31 - 1)
            return self._last_object

    def publish(self, changes: dict[Place, Entry | None]) -> None:
        """Make a transaction's definitions everybody's; None is a dropped one."""
        with self._lock:
            for key, entry in changes.items():
                if entry is None:
                    self._entries.pop(key, None)
                else:
                    self._entries[key] = entry
            self.version += 1


class SessionTables:
    """What one session sees: what is committed, its own changes, its #tables."""

    def __init__(self, catalog: Catalog) -> None:
        """Begin with what is committed."""
        self._catalog = catalog
        self._changes: dict[Place, Entry | None] = {}
        self._temporary: dict[Place, Entry] = {}
        self._before: dict[Place, Entry] = {}

    @property
    def are_shared(self) -> bool:
        """Whether the session sees just what everybody sees."""
        return not self._changes and not self._temporary

    def find(self, schema: str, name: str) -> Table | None:
        """The table of a name, in any case."""
        found = self.entry(schema, name)
        return found if isinstance(found, Table) else None

    def module(self, schema: str, name: str, kind: ModuleKind) -> Module | None:
        """The procedure or view of a name, in any case."""
        found = self.entry(schema, name)
        return found if isinstance(found, Module) and found.kind is kind else None

    def entry(self, schema: str, name: str) -> Entry | None:
        """Whatever has a name, in any case."""
        key = table_key(schema, name)
        if name.startswith("#"):
            return self._temporary.get(key)
        if key in self._changes:
            return self._changes[key]
        return self._catalog.find(key)

    def all(self) -> Sequence[Table]:
        """Every table, in the order of their numbers."""
        return [entry for entry in self._entries() if isinstance(entry, Table)]

    def modules(self) -> Sequence[Module]:
        """Every procedure and view, in the order of their numbers."""
        return [entry for entry in self._entries() if isinstance(entry, Module)]

    def temporary(self) -> list[Entry]:
        """The session's own #tables and #procedures."""
        return list(self._temporary.values())

    def _entries(self) -> list[Entry]:
        found = {entry.key: entry for entry in self._catalog.all()}
        for key, entry in self._changes.items():
            if entry is None:
                found.pop(key, None)
            else:
                found[key] = entry
        return sorted(found.values(), key=lambda entry: entry.object_id)

    def put(self, session: Session, entry: Entry) -> None:
        """Note what is new or changed, in the session's transaction."""
        if entry.is_temporary:
            self._temporary[entry.key] = entry
            return
        self._delete(session, entry)
        session.write(
            f"INSERT INTO {_SCHEMA}.tables VALUES (?, ?, ?)",
            [*entry.key, _encode(entry)],
        )
        self._changes[entry.key] = entry

    def remove(self, session: Session, entry: Entry) -> None:
        """Note that something is dropped."""
        if entry.is_temporary:
            self._temporary.pop(entry.key)
            return
        self._delete(session, entry)
        self._changes[entry.key] = None

    def _delete(self, session: Session, entry: Entry) -> None:
        session.write(
            f'DELETE FROM {_SCHEMA}.tables WHERE "schema" = ? AND "name" = ?',
            list(entry.key),
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

    def mark(self) -> tuple[dict[Place, Entry | None], dict[Place, Entry]]:
        """What `back_to` needs to undo later changes."""
        return dict(self._changes), dict(self._temporary)

    def back_to(
        self, mark: tuple[dict[Place, Entry | None], dict[Place, Entry]]
    ) -> None:
        """Undo what changed since `mark`."""
        self._changes, self._temporary = dict(mark[0]), dict(mark[1])
