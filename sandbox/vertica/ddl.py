"""CREATE, DROP, ALTER and TRUNCATE.

DDL commits the open transaction, and itself. It runs one at a time in a server, so
any number of sessions may CREATE ... IF NOT EXISTS the same object together.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.locks import Mode
from sandbox.vertica import catalog_store
from sandbox.vertica.catalog import (
    PUBLIC,
    SYSTEM_SCHEMAS,
    ColumnDefinition,
    Key,
    Table,
    View,
    duplicate,
    missing_relation,
    missing_schema,
)
from sandbox.vertica.declarations import TableBody, read_body, read_key, read_storage
from sandbox.vertica.describe import describe
from sandbox.vertica.dialect import parse
from sandbox.vertica.dml import store
from sandbox.vertica.failures import as_sql_error
from sandbox.vertica.translate import to_duckdb, translate
from sandbox.vertica.words import Name, Words, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.vertica.catalog import Relation
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
        return _drop(words, transaction)
    if words.accept("TRUNCATE", "TABLE"):
        return _truncate(words, transaction)
    if words.accept("ALTER", "TABLE"):
        return _alter(words, transaction)
    raise unsupported(words.text)


@contextmanager
def _changing(transaction: Transaction) -> Iterator[None]:
    """Change definitions alone, in DuckDB and then in memory."""
    with transaction.environment.catalog.ddl:
        yield


def _create(words: Words, transaction: Transaction) -> str:
    if words.accept("SCHEMA"):
        return _create_schema(words, transaction)
    if words.accept("SEQUENCE"):
        return _create_sequence(words, transaction)
    replaces = words.accept("OR", "REPLACE")
    if words.accept("VIEW"):
        return _create_view(words, transaction, replaces=replaces)
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
    catalog = transaction.environment.catalog
    with _changing(transaction):
        if catalog.has_schema(name) or name.casefold() in SYSTEM_SCHEMAS:
            if optional:
                return "CREATE SCHEMA"
            raise duplicate(name)
        transaction.engine.write(f"CREATE SCHEMA {quoted(name)}")
        catalog_store.add_schema(transaction.engine, name, catalog.next_oid())
        transaction.commit()
        catalog.put_schema(name)
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
    schema = transaction.environment.catalog.schema(name.schema)
    clause = "IF NOT EXISTS " if optional else ""
    with _changing(transaction):
        transaction.engine.write(
            f"CREATE SEQUENCE {clause}{quoted(schema)}.{quoted(name.name)} "
            f"START WITH {start} INCREMENT BY {increment}"
        )
        transaction.commit()
    return "CREATE SEQUENCE"


def _create_view(words: Words, transaction: Transaction, *, replaces: bool) -> str:
    name = words.name()
    columns = words.names() if words.peek() == "(" else []
    words.expect("AS")
    text = words.rest()
    catalog = transaction.environment.catalog
    query = to_duckdb(translate(parse(text), transaction.environment))
    with _changing(transaction):
        existing = catalog.find(name)
        if existing is not None and not (replaces and isinstance(existing, View)):
            raise duplicate(name.name)
        view = View(catalog.next_oid(), catalog.schema(name.schema), name.name, text)
        listed = f" ({', '.join(quoted(c) for c in columns)})" if columns else ""
        transaction.engine.write(
            f"CREATE OR REPLACE VIEW {view.stored}{listed} AS {query}"
        )
        if existing is not None:
            catalog_store.remove(transaction.engine, existing)
        catalog_store.add(transaction.engine, view)
        transaction.commit()
        catalog.put(view)
    return "CREATE VIEW"


def _create_table(words: Words, transaction: Transaction, *, temporary: bool) -> str:
    optional = words.accept("IF", "NOT", "EXISTS")
    name = words.name()
    environment = transaction.environment
    with _changing(transaction):
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
        table = replace(table, temporary=temporary)
        table, query = _read_table(words, table, transaction)
        _make(table, transaction)
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
        body = TableBody(_columns_of(query, transaction, body.columns))
    elif not body.columns:
        raise words.error()
    words.end()
    columns, keys = tuple(body.columns), tuple(body.keys)
    made = replace(table, columns=columns, keys=keys, partition=partition)
    return made, query


def _columns_of(
    text: str, transaction: Transaction, named: list[ColumnDefinition]
) -> list[ColumnDefinition]:
    if named:
        raise unsupported("CREATE TABLE with a column list AS a query")
    tree = parse(text)
    query = to_duckdb(translate(tree, transaction.environment))
    result = transaction.engine.read(query)
    columns = describe(tree, result.schema, transaction.environment)
    result.close()
    return [ColumnDefinition(c.name, c.type) for c in columns]


def _make(table: Table, transaction: Transaction) -> None:
    columns = ", ".join(
        f"{quoted(c.name)} {c.type.stored}{'' if c.nullable else ' NOT NULL'}"
        for c in table.columns
    )
    kind = "TEMP TABLE" if table.temporary else "TABLE"
    transaction.engine.write(f"CREATE {kind} {table.stored} ({columns})")
    if not table.temporary:
        catalog_store.add(transaction.engine, table)


def _fill(table: Table, query: str, transaction: Transaction) -> None:
    source = to_duckdb(translate(parse(query), transaction.environment))
    rows = transaction.engine.read(source).table()
    store(transaction, table, [c.name for c in table.columns], rows)


def _drop(words: Words, transaction: Transaction) -> str:
    kind = words.identifier().upper()
    if kind not in {"TABLE", "VIEW", "SCHEMA", "SEQUENCE"}:
        raise unsupported(words.text)
    optional = words.accept("IF", "EXISTS")
    names = [words.name()]
    while words.accept(","):
        names.append(words.name())
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
    inside = [r for r in catalog.relations if r.schema == schema]
    if inside and not cascade:
        raise SqlError(
            f'Schema "{schema}" is not empty; use DROP ... CASCADE',
            number=3128,
            sqlstate="2BP01",
        )
    for relation in inside:
        _lock_owner(relation, transaction)
    with _changing(transaction):
        for relation in inside:
            catalog_store.remove(transaction.engine, relation)
        catalog_store.remove_schema(transaction.engine, schema)
        transaction.engine.write(f"DROP SCHEMA {quoted(schema)} CASCADE")
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
    with _changing(transaction):
        transaction.engine.write(f"DROP {kind} {found.stored}")
        if isinstance(found, Table) and found.temporary:
            transaction.commit()
            del environment.temporary[found.name.casefold()]
            return
        catalog_store.remove(transaction.engine, found)
        transaction.commit()
        environment.catalog.remove(found)


def _lock_owner(relation: Relation, transaction: Transaction) -> None:
    if isinstance(relation, Table):
        transaction.lock(relation, Mode.OWNER)


def _truncate(words: Words, transaction: Transaction) -> str:
    name = words.name()
    words.end()
    table = transaction.locked_table(name, Mode.OWNER)
    transaction.engine.write(f"DELETE FROM {table.stored}")  # noqa: S608 - quoted name
    return "TRUNCATE TABLE"


def _alter(words: Words, transaction: Transaction) -> str:
    names = [words.name()]
    while words.accept(","):
        names.append(words.name())
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
    with _changing(transaction):
        catalog_store.remove(transaction.engine, table)
        catalog_store.add(transaction.engine, changed)
        transaction.commit()
        transaction.environment.catalog.put(changed)


def _rename(words: Words, names: list[Name], transaction: Transaction) -> None:
    """Rename tables one after another, as one change: a swap uses a third name."""
    targets = [words.identifier()]
    while words.accept(","):
        targets.append(words.identifier())
    if len(targets) != len(names):
        raise words.error()
    environment = transaction.environment
    for name in names:
        found = environment.find(name)
        if isinstance(found, Table):
            transaction.lock(found, Mode.OWNER)
    with _changing(transaction):
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
        transaction.commit()
        environment.catalog.remove(*gone)
        environment.catalog.put(*new)
