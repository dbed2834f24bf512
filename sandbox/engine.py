"""DuckDB as the one engine behind every server of the sandbox."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import duckdb

from sandbox.private_files import private_folder
from sandbox.session import Database, Session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "arrow_lossless_conversion": True,
}
_SUFFIX = ".duckdb"
# A file's name has at most 255 bytes and a database's, encoded, may have more:
# every full piece of this length is a folder.
_PIECE = 200


def quoted(identifier: str) -> str:
    """An identifier as DuckDB, and standard SQL, writes it: in double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def confine(connection: duckdb.DuckDBPyConnection, reads: Sequence[Path]) -> None:
    """Have a DuckDB read and write nothing but these files and folders, for good.

    SQL may come from anybody who reaches a server, and DuckDB's can read any file.
    """
    paths = [str(path) for path in reads]
    connection.execute("SET allowed_paths = $1", [paths])
    connection.execute("SET allowed_directories = $1", [paths])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


class Engine:
    """Every database of every server, in one DuckDB instance.

    Args:
        folder: Where the databases live, a file each; None keeps them in memory.
            A file is opened at the first session, so starting costs nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        """Find the databases that the folder holds."""
        self._folder = folder
        self._lock = threading.Lock()
        self._databases: dict[tuple[str, str], Database] = {}
        self._attached = 0
        self._root = duckdb.connect(":memory:", config=_SETTINGS)
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        if folder is not None:
            private_folder(folder)
            self._find_files(folder)
        confine(self._root, [folder] if folder else [])

    def create_database(self, server: str, name: str) -> None:
        """Create a database, or leave it as it is when it exists.

        Args:
            server: The server's name.
            name: Any text; two names that differ only in case are one database.
        """
        with self._lock:
            key = (server, name.casefold())
            if key in self._databases:
                return
            path = _path(self._folder, server, name) if self._folder else None
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            self._databases[key] = Database(name, path)

    def drop_database(self, server: str, name: str) -> bool:
        """Drop a database and its file, unless a session is open on it.

        Raises:
            KeyError: The server has no such database.
        """
        with self._lock:
            key = (server, name.casefold())
            found = self._databases[key]
            with found.lock:
                if found.sessions:
                    return False
            if found.alias:
                self._root.execute(f"DETACH {quoted(found.alias)}")
            if found.path is not None:
                found.path.unlink()
            del self._databases[key]
            return True

    def databases(self, server: str) -> list[str]:
        """The names of a server's databases, in order."""
        with self._lock:
            owned = [d.name for (s, _), d in self._databases.items() if s == server]
        return sorted(owned)

    def session(self, server: str, database: str, *, schema: str = "main") -> Session:
        """Open one client connection's view of a database.

        Args:
            server: The server's name.
            database: The database's name, in any case.
            schema: Where names without a schema live; created if missing.

        Raises:
            KeyError: The server has no such database.
        """
        with self._lock:
            found = self._databases[(server, database.casefold())]
            if not found.alias:
                self._attach(found)
            cursor = self._root.cursor()
            home = f"{quoted(found.alias)}.{quoted(schema)}"
            if schema not in found.homes:
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {home}")
                found.homes.add(schema)
            cursor.execute(f"USE {home}")
            return Session(cursor, found)

    def close(self) -> None:
        """Close DuckDB; files are checkpointed."""
        self._root.close()

    def _attach(self, database: Database) -> None:
        path = database.path
        if path is not None and not path.stat().st_size:
            path.unlink()  # the empty file only marked the name as taken
        target = ":memory:" if path is None else str(path)
        self._attached += 1
        alias = f"db{self._attached}"
        literal = "'" + target.replace("'", "''") + "'"
        self._root.execute(f"ATTACH {literal} AS {quoted(alias)}")
        database.alias = alias

    def _find_files(self, folder: Path) -> None:
        for path in sorted(folder.glob(f"*/**/*{_SUFFIX}")):
            server, *pieces = path.relative_to(folder).parts
            name = unquote("".join(pieces).removesuffix(_SUFFIX))
            key = (unquote(server), name.casefold())
            self._databases[key] = Database(name, path)


def _path(folder: Path, server: str, name: str) -> Path:
    encoded = quote(name, safe="")
    pieces = [encoded[at : at + _PIECE] for at in range(0, len(encoded), _PIECE)]
    *folders, last = pieces or [""]
    return folder.joinpath(quote(server, safe=""), *folders, last + _SUFFIX)
