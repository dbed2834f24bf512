"""Runs CREATE DATABASE and DROP DATABASE, which no transaction holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds.databases import SYSTEM_DATABASES
from sandbox.tds.failures import cannot_drop

if TYPE_CHECKING:
    from sandbox.tds.session import TdsSession


def run(session: TdsSession, statement: c.Statement) -> bool:
    """Run a statement about databases; False if it is none."""
    if isinstance(statement, c.CreateDatabase):
        _refuse_in_transaction(session, "CREATE DATABASE")
        _create(session, statement.name)
        return True
    if isinstance(statement, c.DropDatabases):
        _refuse_in_transaction(session, "DROP DATABASE")
        for name in statement.names:
            _drop(session, name, lenient=statement.lenient)
        return True
    return False


def _refuse_in_transaction(session: TdsSession, what: str) -> None:
    if session.facts.transactions:
        raise SqlError(
            f"{what} statement not allowed within multi-statement transaction.",
            number=226,
            state=6,
        )


def _create(session: TdsSession, name: str) -> None:
    if name.casefold() in (one.casefold() for one in session.databases.names()):
        raise SqlError(
            f"Database '{name}' already exists. Choose a different database name.",
            number=1801,
        )
    session.databases.create(name)


def _drop(session: TdsSession, name: str, *, lenient: bool) -> None:
    if name.casefold() in SYSTEM_DATABASES:
        raise SqlError(
            f"Cannot drop the database '{name}' because it is a system database.",
            number=3708,
        )
    try:
        dropped = session.databases.drop(name)
    except KeyError:
        if lenient:
            return
        raise cannot_drop(f"database '{name}'") from None
    if not dropped:
        raise SqlError(
            f'Cannot drop database "{name}" because it is currently in use.',
            number=3702,
            severity=16,
            state=4,
        )
