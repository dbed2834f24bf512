"""DROP and TRUNCATE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.locks import Mode
from sandbox.vertica import catalog_store
from sandbox.vertica.account_store import save_accounts
from sandbox.vertica.catalog import PUBLIC, Table, View
from sandbox.vertica.failures import missing_relation, missing_schema
from sandbox.vertica.run_accounts import KINDS, drop_account
from sandbox.vertica.words import unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.vertica.catalog import Relation
    from sandbox.vertica.transaction import Transaction
    from sandbox.vertica.words import Name, Words


def drop(words: Words, transaction: Transaction) -> str:
    """Drop tables, views, schemas or sequences; returns the command tag."""
    if words.peek() in KINDS:
        return drop_account(words, transaction)
    kind = words.identifier().upper()
    if kind not in {"TABLE", "VIEW", "SCHEMA", "SEQUENCE"}:
        raise unsupported(words.text)
    optional = words.accept("IF", "EXISTS")
    names = words.listed(words.name)
    cascade = words.accept("CASCADE")
    words.accept("RESTRICT")
    words.end()
    for name in names:
        if kind == "SCHEMA":
            _drop_schema(name.name, transaction, optional=optional, cascade=cascade)
        elif kind == "SEQUENCE":
            clause = "IF EXISTS " if optional else ""
            schema = transaction.environment.catalog.schema(name.schema)
            transaction.engine.write(
                f"DROP SEQUENCE {clause}{quoted(schema)}.{quoted(name.name)}"
            )
        else:
            _drop_relation(kind, name, transaction, optional=optional)
    return f"DROP {kind}"


def _drop_schema(
    name: str, transaction: Transaction, *, optional: bool, cascade: bool
) -> None:
    catalog = transaction.environment.catalog
    if not catalog.has_schema(name):
        if optional:
            return
        raise missing_schema(name)
    schema = catalog.schema(name)
    if schema == PUBLIC:
        raise SqlError("Cannot drop schema public", number=3128, sqlstate="42501")
    privileges = transaction.environment.privileges
    if catalog.schema_owner(schema) != transaction.environment.user:
        privileges.require_superuser()
    inside = [r for r in catalog.relations if r.schema == schema]
    if inside and not cascade:
        raise SqlError(
            f'Schema "{schema}" is not empty; use DROP ... CASCADE',
            number=3128,
            sqlstate="2BP01",
        )
    for relation in inside:
        _lock_owner(relation, transaction)
    with catalog.ddl:
        for relation in inside:
            catalog_store.remove(transaction.engine, relation)
        catalog_store.remove_schema(transaction.engine, schema)
        transaction.engine.write(f"DROP SCHEMA {quoted(schema)} CASCADE")
        oids = [catalog.schema_oid(schema), *(r.oid for r in inside)]
        _forget_privileges(oids, transaction)
        transaction.commit()
        catalog.remove(*inside)
        catalog.remove_schema(schema)


def _drop_relation(
    kind: str, name: Name, transaction: Transaction, *, optional: bool
) -> None:
    environment = transaction.environment
    if optional and name.schema and not environment.catalog.has_schema(name.schema):
        return
    found = environment.find(name)
    if found is not None:
        _lock_owner(found, transaction)
        found = environment.find(name)  # it may have gone while waiting
    if found is None or isinstance(found, View) != (kind == "VIEW"):
        if optional:
            return
        raise missing_relation(name)
    with environment.catalog.ddl:
        if isinstance(found, Table):
            transaction.engine.write(f"DROP TABLE {found.stored}")
        if isinstance(found, Table) and found.temporary:
            transaction.commit()
            del environment.temporary[found.name.casefold()]
            return
        catalog_store.remove(transaction.engine, found)
        _forget_privileges([found.oid], transaction)
        transaction.commit()
        environment.catalog.remove(found)


def _forget_privileges(oids: Sequence[int], transaction: Transaction) -> None:
    accounts = transaction.environment.catalog.accounts
    if accounts.forget(oids):
        save_accounts(transaction.engine, accounts)


def _lock_owner(relation: Relation, transaction: Transaction) -> None:
    transaction.environment.privileges.require_owner(relation)
    if isinstance(relation, Table):
        transaction.lock(relation, Mode.OWNER)


def truncate(words: Words, transaction: Transaction) -> str:
    """Empty a table; returns the command tag."""
    name = words.name()
    words.end()
    rights = transaction.environment.privileges
    mine = transaction.table(name).owner == transaction.environment.user
    needed = () if mine or rights.superuser else ("TRUNCATE",)
    table = transaction.locked_table(name, Mode.OWNER, *needed)
    transaction.engine.write(f"DELETE FROM {table.stored}")  # noqa: S608 - quoted name
    return "TRUNCATE TABLE"
