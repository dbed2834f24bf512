"""CREATE VIEW: the query is kept as it was written, and read anew at each use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from sandbox.errors import SqlError
from sandbox.vertica import catalog_store
from sandbox.vertica.catalog import ColumnDefinition, View
from sandbox.vertica.describe import columns_of
from sandbox.vertica.dialect import parse
from sandbox.vertica.failures import duplicate
from sandbox.vertica.translate import known_relation
from sandbox.vertica.words import syntax_error, unsupported

if TYPE_CHECKING:
    from sandbox.vertica.environment import Environment
    from sandbox.vertica.transaction import Transaction
    from sandbox.vertica.words import Name, Words


def create_view(words: Words, transaction: Transaction, *, replaces: bool) -> str:
    """Read what follows CREATE [OR REPLACE] VIEW; returns the command tag."""
    name = words.name()
    titles = words.names() if words.peek() == "(" else []
    if words.peek() in {"INCLUDE", "EXCLUDE"}:
        raise unsupported(f"{words.peek()} SCHEMA PRIVILEGES of CREATE VIEW")
    words.expect("AS")
    text = words.rest()
    columns = query_columns(text, transaction)
    if titles:
        if len(titles) != len(columns):
            raise SqlError(
                "CREATE VIEW specifies another number of column names than columns",
                number=2672, sqlstate="42601",
            )  # fmt: skip
        columns = [
            replace(c, name=title) for c, title in zip(columns, titles, strict=True)
        ]
    _check_names(columns)
    _store(name, text, tuple(columns), transaction, replaces=replaces)
    return "CREATE VIEW"


def query_columns(text: str, transaction: Transaction) -> list[ColumnDefinition]:
    """The columns a query answers with, as a view's or a new table's."""
    tree = parse(text)
    if not isinstance(tree, exp.Query):
        raise syntax_error(text.split(maxsplit=1)[0])
    return [ColumnDefinition(c.name, c.type) for c in columns_of(tree, transaction)]


def _store(
    name: Name,
    text: str,
    columns: tuple[ColumnDefinition, ...],
    transaction: Transaction,
    *,
    replaces: bool,
) -> None:
    environment = transaction.environment
    catalog = environment.catalog
    with catalog.ddl:
        existing = catalog.find(name)
        if existing is not None and not (replaces and isinstance(existing, View)):
            raise duplicate(name.name)
        schema = catalog.schema(name.schema)
        if existing is None:
            environment.privileges.require_on(
                environment.privileges.schema(schema), "CREATE"
            )
        else:
            environment.privileges.require_owner(existing)
        oid = existing.oid if existing else catalog.next_oid()
        view = View(oid, schema, name.name, text, columns, environment.user)
        if existing is not None and _reads(parse(text), existing.oid, environment):
            raise SqlError(
                f'View "{name.name}" would read itself', number=5160, sqlstate="42P16"
            )
        if existing is not None:
            catalog_store.remove(transaction.engine, existing)
        catalog_store.add(transaction.engine, view)
        transaction.commit()
        catalog.put(view)


def _check_names(columns: list[ColumnDefinition]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column.name.casefold() in seen:
            raise SqlError(
                f'Column "{column.name}" appears more than once',
                number=2622, sqlstate="42701",
            )  # fmt: skip
        seen.add(column.name.casefold())


def _reads(tree: exp.Expr, oid: int, environment: Environment) -> bool:
    """Whether a query reads a view, by itself or through others."""
    named = (known_relation(node, environment) for node in tree.find_all(exp.Table))
    return any(
        isinstance(found, View)
        and (found.oid == oid or _reads(parse(found.text), oid, environment))
        for found in named
    )
