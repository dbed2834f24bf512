"""CREATE, DROP, ALTER, TRUNCATE, GRANT and REVOKE.

DDL commits the open transaction, and itself. It runs one at a time in a server, so
any number of sessions may CREATE ... IF NOT EXISTS the same object together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb

from sandbox.engine import quoted
from sandbox.vertica import catalog_store
from sandbox.vertica.alter import alter_table
from sandbox.vertica.catalog import SYSTEM_SCHEMAS, Schema, Table
from sandbox.vertica.declarations import TableBody, read_body, read_storage
from sandbox.vertica.definitions import make_table
from sandbox.vertica.dialect import parse
from sandbox.vertica.dml import store
from sandbox.vertica.drop import drop, truncate
from sandbox.vertica.failures import as_sql_error, duplicate
from sandbox.vertica.grants import grant, revoke
from sandbox.vertica.run_accounts import KINDS, alter_user, create_account
from sandbox.vertica.views import create_view, query_columns
from sandbox.vertica.words import Words, unsupported

if TYPE_CHECKING:
    from sandbox.vertica.transaction import Transaction


def run_ddl(text: str, transaction: Transaction) -> str:
    """Run a statement that changes definitions.

    Returns:
        Its command tag.

    Raises:
        SqlError: It failed; what was open before it is committed all the same.
    """
    words = Words(text)
    transaction.commit()
    transaction.begin()
    try:
        tag = _run(words, transaction)
        transaction.commit()
    except duckdb.Error as failure:
        raise as_sql_error(failure) from failure
    finally:
        transaction.rollback()
    return tag


def _run(words: Words, transaction: Transaction) -> str:
    if words.accept("CREATE"):
        return _create(words, transaction)
    if words.accept("DROP"):
        return drop(words, transaction)
    if words.accept("TRUNCATE", "TABLE"):
        return truncate(words, transaction)
    if words.accept("ALTER", "TABLE"):
        return alter_table(words, transaction)
    if words.accept("ALTER", "USER"):
        return alter_user(words, transaction)
    if words.accept("GRANT"):
        return grant(words, transaction)
    if words.accept("REVOKE"):
        return revoke(words, transaction)
    raise unsupported(words.text)


def _create(words: Words, transaction: Transaction) -> str:
    if words.accept("SCHEMA"):
        return _create_schema(words, transaction)
    if words.accept("SEQUENCE"):
        return _create_sequence(words, transaction)
    if words.peek() in KINDS:
        return create_account(words, transaction)
    replaces = words.accept("OR", "REPLACE")
    if words.accept("VIEW"):
        return create_view(words, transaction, replaces=replaces)
    local = words.accept("LOCAL")
    temporary = words.accept("TEMP") or words.accept("TEMPORARY")
    if temporary and not local:
        raise unsupported("global temporary tables: " + words.text)
    if words.accept("TABLE") and not replaces:
        return _create_table(words, transaction, temporary=temporary)
    raise unsupported(words.text)


def _create_schema(words: Words, transaction: Transaction) -> str:
    optional = words.accept("IF", "NOT", "EXISTS")
    name = words.identifier()
    if words.accept("AUTHORIZATION"):
        words.identifier()
    words.end()
    environment = transaction.environment
    catalog = environment.catalog
    with catalog.ddl:
        if catalog.has_schema(name) or name.casefold() in SYSTEM_SCHEMAS:
            if optional:
                return "CREATE SCHEMA"
            raise duplicate(name)
        rights = environment.privileges
        rights.require_on(rights.database, "CREATE")
        schema = Schema(catalog.next_oid(), name, environment.user)
        transaction.engine.write(f"CREATE SCHEMA {quoted(name)}")
        catalog_store.add_schema(transaction.engine, schema)
        transaction.commit()
        catalog.put_schema(schema)
    return "CREATE SCHEMA"


def _create_sequence(words: Words, transaction: Transaction) -> str:
    optional = words.accept("IF", "NOT", "EXISTS")
    name = words.name()
    start, increment = 1, 1
    while not words.done:
        if words.accept("START"):
            words.accept("WITH")
            start = words.number()
        elif words.accept("INCREMENT"):
            words.accept("BY")
            increment = words.number()
        elif words.accept("CACHE"):
            words.number()
        elif not (words.accept("NO", "CYCLE") or words.accept("NO", "CACHE")):
            raise unsupported(f"{words.peek()} of CREATE SEQUENCE")
    catalog = transaction.environment.catalog
    schema = catalog.schema(name.schema)
    clause = "IF NOT EXISTS " if optional else ""
    with catalog.ddl:
        transaction.engine.write(
            f"CREATE SEQUENCE {clause}{quoted(schema)}.{quoted(name.name)} "
            f"START WITH {start} INCREMENT BY {increment}"
        )
        transaction.commit()
    return "CREATE SEQUENCE"


def _create_table(words: Words, transaction: Transaction, *, temporary: bool) -> str:
    optional = words.accept("IF", "NOT", "EXISTS")
    name = words.name()
    environment = transaction.environment
    with environment.catalog.ddl:
        schema = environment.catalog.schema(name.schema)
        taken = (
            name.name.casefold() in environment.temporary
            if temporary
            else environment.catalog.find(name) is not None
        )
        if taken and optional:
            return "CREATE TABLE"
        if taken:
            raise duplicate(name.name)
        table = Table(environment.catalog.next_oid(), schema, name.name, ())
        if not temporary:
            schema_rights = environment.privileges.schema(schema)
            environment.privileges.require_on(schema_rights, "CREATE")
        table = replace(table, temporary=temporary, owner=environment.user)
        table, query = _read_table(words, table, transaction)
        make_table(table, transaction)
        if query:
            _fill(table, query, transaction)
        transaction.commit()
        if temporary:
            environment.temporary[name.name.casefold()] = table
        else:
            environment.catalog.put(table)
    return "CREATE TABLE"


def _read_table(
    words: Words, table: Table, transaction: Transaction
) -> tuple[Table, str]:
    """Read what follows the name: a body, LIKE, or AS and a query."""
    query, partition = "", ""
    body = TableBody()
    if words.accept("LIKE"):
        source = transaction.table(words.name())
        if words.accept("INCLUDING") or words.accept("EXCLUDING"):
            words.expect("PROJECTIONS")
        body = TableBody(list(source.columns), list(source.keys))
        partition = source.partition
    elif words.peek() == "(":
        body = read_body(words)
    if words.accept("ON", "COMMIT"):
        table = replace(table, keeps_rows=words.accept("PRESERVE"))
        if not table.keeps_rows:
            words.expect("DELETE")
        words.expect("ROWS")
    partition = read_storage(words) or partition
    if words.accept("AS"):
        query = words.rest()
        if body.columns:
            raise unsupported("CREATE TABLE with a column list AS a query")
        body = TableBody(query_columns(query, transaction))
    elif not body.columns:
        raise words.error()
    words.end()
    columns, keys = tuple(body.columns), tuple(body.keys)
    made = replace(table, columns=columns, keys=keys, partition=partition)
    return made, query


def _fill(table: Table, query: str, transaction: Transaction) -> None:
    source = transaction.translate(parse(query))
    rows = transaction.engine.read(source.sql).table()
    store(transaction, table, [c.name for c in table.columns], rows)
