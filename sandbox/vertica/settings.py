"""Transaction statements, SET and SHOW."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from sandbox.vertica.messages import Column
from sandbox.vertica.outcomes import Done, Rows
from sandbox.vertica.run_accounts import set_role
from sandbox.vertica.types import VARCHAR, SqlType
from sandbox.vertica.words import unsupported

if TYPE_CHECKING:
    from sandbox.vertica.outcomes import Outcome
    from sandbox.vertica.transaction import Transaction
    from sandbox.vertica.words import Words

_TEXT = SqlType(VARCHAR, length=256)
SETTINGS = frozenset(
    {"COMMIT", "END", "ROLLBACK", "ABORT", "BEGIN", "START", "SET", "SHOW"}
)
_WORD = ("WORK", "TRANSACTION")
_ON = {"ON": True, "OFF": False, "TRUE": True, "FALSE": False}


def run_setting(words: Words, transaction: Transaction) -> Outcome:
    """Run a statement that steers the session.

    Raises:
        SqlError: The sandbox has no such setting, or not that value of it.
    """
    if words.accept("COMMIT") or words.accept("END"):
        _end_transaction(words)
        transaction.commit()
        return Done("COMMIT")
    if words.accept("ROLLBACK") or words.accept("ABORT"):
        _end_transaction(words)
        transaction.rollback()
        return Done("ROLLBACK")
    if words.accept("BEGIN") or words.accept("START", "TRANSACTION"):
        return _begin(words, transaction)
    if words.accept("SET"):
        return _set(words, transaction)
    if words.accept("SHOW"):
        return _show(words, transaction)
    raise words.error()


def _end_transaction(words: Words) -> None:
    for word in _WORD:
        words.accept(word)
    if not words.done:
        raise unsupported(words.text)


def _begin(words: Words, transaction: Transaction) -> Done:
    for word in _WORD:
        words.accept(word)
    if words.accept("ISOLATION", "LEVEL"):
        transaction.serializable = _isolation(words)
    if words.accept("READ", "ONLY"):
        raise unsupported(words.text)
    words.accept("READ", "WRITE")
    words.end()
    transaction.begin()
    transaction.explicit = True
    return Done("BEGIN")


def _isolation(words: Words) -> bool:
    """Whether a level means SERIALIZABLE; the two others mean READ COMMITTED."""
    if words.accept("SERIALIZABLE") or words.accept("REPEATABLE", "READ"):
        return True
    if not (words.accept("READ", "COMMITTED") or words.accept("READ", "UNCOMMITTED")):
        raise words.error()
    return False


def _set(words: Words, transaction: Transaction) -> Done:
    if words.accept("SESSION", "AUTOCOMMIT"):
        words.accept("TO")
        value = words.identifier().upper()
        words.end()
        if value not in _ON:
            raise words.error()
        if _ON[value] and transaction.is_open:
            transaction.commit()
        transaction.autocommit = _ON[value]
        return Done("SET", ("auto_commit", "on" if _ON[value] else "off"))
    if words.accept("SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"):
        words.expect("ISOLATION", "LEVEL")
        transaction.serializable = _isolation(words)
        words.end()
        return Done("SET")
    if words.accept("ROLE"):
        set_role(words, transaction)
        return Done("SET")
    if words.accept("TIME", "ZONE") or words.accept("TIMEZONE"):
        words.accept("TO")
        zone = words.string() if words.at_string() else words.identifier()
        if zone.upper() in {"UTC", "GMT", "DEFAULT"}:
            return Done("SET", ("timezone", "UTC"))
    raise unsupported(words.text)


def _show(words: Words, transaction: Transaction) -> Rows:
    name = words.identifier().lower()
    privileges = transaction.environment.privileges
    answers = {
        "autocommit": "on" if transaction.autocommit else "off",
        "timezone": "UTC",
        "transaction_isolation": "SERIALIZABLE"
        if transaction.serializable
        else "READ COMMITTED",
        "search_path": '"$user", public, v_catalog, v_monitor, v_internal',
        "standard_conforming_strings": "on",
        "enabled_roles": ", ".join(sorted(privileges.roles)),
        "available_roles": ", ".join(sorted(privileges.granted_roles())),
    }
    if name not in answers:
        raise unsupported(words.text)
    words.end()
    row = pa.record_batch({"name": [name], "setting": [answers[name]]})
    return Rows([Column("name", _TEXT), Column("setting", _TEXT)], [row], "SHOW")
