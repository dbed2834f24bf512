"""What the sessions on one database share: its catalog and its counters."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from sandbox.tds.applocks import AppLocks
from sandbox.tds.catalog import Catalog
from sandbox.tds.identities import Identities
from sandbox.tds.rowversions import Rowversions
from sandbox.tds.tables import DEFAULT_SCHEMA

if TYPE_CHECKING:
    import pyarrow as pa

    from sandbox.engine import Engine
    from sandbox.session import Session
    from sandbox.tds.compile_queries import CompiledQuery


T = TypeVar("T")


class Remembered(Generic[T]):
    """What texts led to, forgotten all at once when a table changes."""

    _CAPACITY = 512

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._version = -1
        self._known: dict[str, T] = {}

    def get(self, text: str, version: int) -> T | None:
        """What a text led to, under this version of the catalog."""
        with self._lock:
            return self._known.get(text) if version == self._version else None

    def put(self, text: str, version: int, found: T) -> None:
        """Remember what a text led to."""
        with self._lock:
            if version != self._version or len(self._known) >= self._CAPACITY:
                self._known.clear()
                self._version = version
            self._known[text] = found


@dataclass
class Database:
    """One database of the server.

    Attributes:
        queries: Compiled queries by their text, for one version of the catalog.
        answers: Of compiled queries that read no table, by their SQL.
    """

    name: str
    catalog: Catalog
    identities: Identities = field(default_factory=Identities)
    rowversions: Rowversions = field(default_factory=Rowversions)
    queries: Remembered[CompiledQuery] = field(default_factory=Remembered)
    answers: Remembered[pa.Table] = field(default_factory=Remembered)


SYSTEM_DATABASES = ("master", "model", "msdb", "tempdb")
"""What every SQL Server has."""


class Databases:
    """The databases of one server, opened when they are first used.

    Those that every SQL Server has are made when somebody first uses them.
    """

    def __init__(self, engine: Engine, server: str) -> None:
        """Know where the databases are; open none."""
        self._engine = engine
        self._server = server
        self._lock = threading.Lock()
        self._open: dict[str, Database] = {}
        self.locks = AppLocks()

    def names(self) -> tuple[str, ...]:
        """The names of all, those of every SQL Server first."""
        own = self._engine.databases(self._server)
        return (
            *SYSTEM_DATABASES,
            *(one for one in own if one.casefold() not in SYSTEM_DATABASES),
        )

    def create(self, name: str) -> None:
        """Create a database."""
        self._engine.create_database(self._server, name)

    def drop(self, name: str) -> bool:
        """Drop a database; False if somebody uses it.

        Raises:
            KeyError: There is no such database.
        """
        with self._lock:
            if not self._engine.drop_database(self._server, name):
                return False
            self._open.pop(name.casefold(), None)
            return True

    def session(self, name: str) -> tuple[Session, Database]:
        """Open a session on a database.

        Raises:
            KeyError: There is no such database.
        """
        if name.casefold() in SYSTEM_DATABASES:
            self._engine.create_database(self._server, name.lower())
        session = self._engine.session(self._server, name, schema=DEFAULT_SCHEMA)
        with self._lock:
            known = self._open.get(name.casefold())
            if known is None:
                proper = next(
                    one for one in self.names() if one.casefold() == name.casefold()
                )
                known = Database(proper, Catalog(session))
                self._open[name.casefold()] = known
        return session, known
