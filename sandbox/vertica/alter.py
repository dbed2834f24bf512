"""ALTER TABLE: names and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.locks import Mode
from sandbox.vertica import catalog_store
from sandbox.vertica.account_store import save_accounts
from sandbox.vertica.catalog import Key, Table
from sandbox.vertica.declarations import read_key
from sandbox.vertica.failures import duplicate, missing_relation
from sandbox.vertica.words import unsupported

if TYPE_CHECKING:
    from sandbox.vertica.transaction import Transaction
    from sandbox.vertica.words import Name, Words


def alter_table(words: Words, transaction: Transaction) -> str:
    """Rename tables, or change a table's keys; returns the command tag."""
    names = words.listed(words.name)
    if words.accept("RENAME", "TO"):
        _rename(words, names, transaction)
    elif len(names) == 1 and words.accept("ALTER", "CONSTRAINT"):
        key = words.identifier()
        enabled = words.accept("ENABLED")
        if not enabled:
            words.expect("DISABLED")
        _enable_key(names[0], key, transaction, enabled=enabled)
    elif len(names) == 1 and words.accept("ADD") and words.peek() in _CONSTRAINTS:
        added = read_key(words)
        table = transaction.locked_table(names[0], Mode.OWNER)
        _set_keys(table, (*table.keys, added), transaction)
    else:
        raise unsupported(words.text)
    words.end()
    return "ALTER TABLE"


_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE"})


def _enable_key(
    name: Name, key: str, transaction: Transaction, *, enabled: bool
) -> None:
    table = transaction.locked_table(name, Mode.OWNER)
    if key.casefold() not in {k.name.casefold() for k in table.keys}:
        raise SqlError(
            f'Constraint "{key}" does not exist', number=2666, sqlstate="42704"
        )
    keys = (
        replace(k, enabled=enabled) if k.name.casefold() == key.casefold() else k
        for k in table.keys
    )
    _set_keys(table, tuple(keys), transaction)


def _set_keys(table: Table, keys: tuple[Key, ...], transaction: Transaction) -> None:
    changed = replace(table, keys=keys)
    transaction.validate_keys(changed)
    with transaction.environment.catalog.ddl:
        catalog_store.remove(transaction.engine, table)
        catalog_store.add(transaction.engine, changed)
        transaction.commit()
        transaction.environment.catalog.put(changed)


def _rename(words: Words, names: list[Name], transaction: Transaction) -> None:
    """Rename tables one after another, as one change: a swap uses a third name."""
    targets = words.listed(words.identifier)
    if len(targets) != len(names):
        raise words.error()
    environment = transaction.environment
    for name in names:
        found = environment.find(name)
        if isinstance(found, Table):
            environment.privileges.require_owner(found)
            transaction.lock(found, Mode.OWNER)
    with environment.catalog.ddl:
        schema = environment.catalog.schema(names[0].schema)
        original = {
            r.name.casefold(): r
            for r in environment.catalog.relations
            if r.schema == schema
        }
        now = dict(original)
        for name, target in zip(names, targets, strict=True):
            table = now.pop(name.name.casefold(), None)
            if not isinstance(table, Table):
                raise missing_relation(name)
            if target.casefold() in now:
                raise duplicate(target)
            transaction.engine.write(
                f"ALTER TABLE {table.stored} RENAME TO {quoted(target)}"
            )
            now[target.casefold()] = replace(table, name=target)
        gone = [r for key, r in original.items() if now.get(key) != r]
        new = [r for key, r in now.items() if original.get(key) != r]
        for relation in gone:
            catalog_store.remove(transaction.engine, relation)
        for relation in new:
            catalog_store.add(transaction.engine, relation)
            environment.catalog.accounts.rename(relation.oid, relation.name)
        save_accounts(transaction.engine, environment.catalog.accounts)
        transaction.commit()
        environment.catalog.remove(*gone)
        environment.catalog.put(*new)
