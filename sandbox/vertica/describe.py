"""What a query's columns are called and declared as: DuckDB tells neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from sandbox.errors import SqlError
from sandbox.vertica import types
from sandbox.vertica.messages import Column
from sandbox.vertica.translate import declared_type, known_table
from sandbox.vertica.types import SqlType, from_arrow

if TYPE_CHECKING:
    import pyarrow as pa

    from sandbox.vertica.catalog import Table
    from sandbox.vertica.environment import Environment

_UNTITLED = "?column?"
_FAMILIES = (types.CHARACTER, types.BYTES, {types.INTERVAL, types.INTERVAL_YM})


def describe(
    tree: exp.Expr, schema: pa.Schema, environment: Environment
) -> list[Column]:
    """A result's columns: what the statement says, else what DuckDB answered.

    Args:
        tree: The statement as parsed, before translation.
        schema: DuckDB's answer.
        environment: What names mean in the session.
    """
    told = _outputs(tree, environment)
    if told is None or len(told) != len(schema):
        return [Column(field.name, from_arrow(field.type)) for field in schema]
    return [_settle(column, field) for column, field in zip(told, schema, strict=True)]


def _settle(told: Column | str | None, field: pa.Field) -> Column:
    computed = from_arrow(field.type)
    if not isinstance(told, Column):
        return Column(told or field.name, computed)
    if told.type.oid == computed.oid or any(
        told.type.oid in family and computed.oid in family for family in _FAMILIES
    ):
        return told
    return Column(told.name, computed)


def _outputs(
    tree: exp.Expr, environment: Environment
) -> list[Column | str | None] | None:
    if isinstance(tree, exp.SetOperation):
        first = _outputs(tree.this, environment)
        return first and [c.name if isinstance(c, Column) else c for c in first]
    if isinstance(tree, exp.Subquery):
        return _outputs(tree.this, environment)
    if not isinstance(tree, exp.Select):
        return None
    tables = _sources(tree, environment)
    found: list[Column | str | None] = []
    for projection in tree.expressions:
        if projection.is_star:
            expanded = _star(projection, tables)
            if expanded is None:
                return None
            found += expanded
        else:
            found.append(_output(projection, tables))
    return found


def _sources(
    select: exp.Select, environment: Environment
) -> list[tuple[str, Table | None]]:
    """The FROM clause's names with their tables, None for what is not a table."""
    start = select.args.get("from_") or select.args.get("from")
    items = [start.this] if start else []
    items += [join.this for join in select.args.get("joins") or ()]
    ctes = {c.alias_or_name.casefold() for c in select.ctes}
    return [
        (
            item.alias_or_name.casefold(),
            known_table(item, environment)
            if isinstance(item, exp.Table) and item.name.casefold() not in ctes
            else None,
        )
        for item in items
    ]


def _star(
    projection: exp.Expr, tables: list[tuple[str, Table | None]]
) -> list[Column | str | None] | None:
    wanted = projection.table.casefold() if isinstance(projection, exp.Column) else ""
    found: list[Column | str | None] = []
    for name, table in tables:
        if wanted in {"", name}:
            if table is None:
                return None
            found += [_origin(table, c.name, c.name) for c in table.columns]
    return found


def _output(
    projection: exp.Expr, tables: list[tuple[str, Table | None]]
) -> Column | str | None:
    node, title = projection.unalias(), projection.alias
    if isinstance(node, exp.Column):
        for name, table in tables:
            if table and node.table.casefold() in {"", name}:
                try:
                    return _origin(table, node.name, title or node.name)
                except SqlError:
                    continue
        return title or node.name
    title = title or _title(node)
    kind = _literal_type(node)
    return Column(title, kind) if kind else title


def _title(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return node.name
    if isinstance(node, exp.Func) and not isinstance(node, (exp.Cast, exp.Binary)):
        return node.sql_name().lower()
    return _UNTITLED


def _literal_type(node: exp.Expr) -> SqlType | None:
    if isinstance(node, exp.Cast):
        return declared_type(node.to)
    if isinstance(node, exp.Literal) and node.is_string:
        octets = len(node.name.encode("utf-8", "surrogatepass"))
        kind = types.VARCHAR if octets <= types.MAX_LENGTH else types.LONG_VARCHAR
        return SqlType(kind, length=max(octets, 1))
    return None


def _origin(table: Table, name: str, title: str) -> Column:
    column = table.column(name)
    return Column(
        title, column.type, table.schema, table.name, table.oid,
        table.columns.index(column) + 1, column.nullable,
    )  # fmt: skip
