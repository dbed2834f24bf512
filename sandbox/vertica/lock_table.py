"""LOCK TABLE: a table's lock in any mode, held to the end of the transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.locks import Mode

if TYPE_CHECKING:
    from sandbox.vertica.transaction import Transaction
    from sandbox.vertica.words import Words

_MODES = {
    ("SHARE", "INSERT"): Mode.SHARED_INSERT,
    ("SHARE",): Mode.SHARED,
    ("INSERT", "VALIDATE"): Mode.INSERT_VALIDATE,
    ("INSERT",): Mode.INSERT,
    ("EXCLUSIVE",): Mode.EXCLUSIVE,
    ("NOT", "DELETE"): Mode.NOT_DELETE,
    ("USAGE",): Mode.USAGE,
    ("OWNER",): Mode.OWNER,
}

# What a user must be allowed for a lock; the others need all privileges.
_NEEDED = {
    Mode.SHARED: ("SELECT",),
    Mode.INSERT: ("INSERT",),
    Mode.INSERT_VALIDATE: ("SELECT", "INSERT"),
    Mode.SHARED_INSERT: ("SELECT", "INSERT"),
    Mode.EXCLUSIVE: ("UPDATE", "DELETE"),
    Mode.NOT_DELETE: ("SELECT",),
}


def lock_table(words: Words, transaction: Transaction) -> None:
    """Run LOCK [TABLE] t, ... IN mode MODE [NOWAIT].

    Raises:
        SqlError: A table does not exist, or its lock did not come.
    """
    words.expect("LOCK")
    words.accept("TABLE")
    names = words.listed(words.name)
    words.expect("IN")
    mode = _read_mode(words)
    words.expect("MODE")
    waits = not words.accept("NOWAIT")
    words.end()
    transaction.begin()
    for name in names:
        table = transaction.table(name)
        for privilege in _NEEDED.get(mode, ()):
            transaction.environment.privileges.require(privilege, table)
        if mode not in _NEEDED:
            transaction.environment.privileges.require_owner(table)
        transaction.lock(table, mode, waits=waits)


def _read_mode(words: Words) -> Mode:
    for spelled, mode in _MODES.items():
        if words.accept(*spelled):
            return mode
    raise words.error()
