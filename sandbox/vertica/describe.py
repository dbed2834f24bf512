"""What a query's columns are called and declared as: DuckDB tells neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from sandbox.vertica import types
from sandbox.vertica.catalog import Table
from sandbox.vertica.dialect import TITLE
from sandbox.vertica.messages import Column
from sandbox.vertica.translate import declared_type, known_relation
from sandbox.vertica.types import SqlType, from_arrow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from sandbox.vertica.catalog import Relation
    from sandbox.vertica.environment import Environment
    from sandbox.vertica.transaction import Transaction

_UNTITLED = "?column?"
_FAMILIES = (types.CHARACTER, types.BYTES, {types.INTERVAL, types.INTERVAL_YM})
# They answer with the type of their first argument.
_SAME_TYPE = (
    exp.Min, exp.Max, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead,
    exp.Paren, exp.Window, exp.IgnoreNulls, exp.RespectNulls,
)  # fmt: skip

# A column with its type, its title alone, or nothing known of it.
Output = Column | str | None
# FROM's names with their columns; None where they are not known.
Source = tuple[str, "Sequence[Output] | None"]


def describe(
    tree: exp.Expr, schema: pa.Schema, environment: Environment
) -> list[Column]:
    """A result's columns: what the statement says, else what DuckDB answered.

    Args:
        tree: The statement as parsed, before translation.
        schema: DuckDB's answer.
        environment: What names mean in the session.
    """
    told = _outputs(tree, environment, {})
    if told is None or len(told) != len(schema):
        return [Column(field.name, from_arrow(field.type)) for field in schema]
    return [_settle(column, field) for column, field in zip(told, schema, strict=True)]


def columns_of(tree: exp.Expr, transaction: Transaction) -> list[Column]:
    """The columns of a query that is not run.

    Args:
        tree: The query as parsed.
        transaction: Where it would run, and who would read.
    """
    query = transaction.translate(tree)
    result = transaction.engine.read(f"SELECT * FROM ({query.sql}) LIMIT 0")  # noqa: S608 - our own translation
    columns = describe(tree, result.schema, transaction.environment)
    result.close()
    return columns


def _settle(told: Output, field: pa.Field) -> Column:
    computed = from_arrow(field.type)
    if not isinstance(told, Column):
        return Column(told or field.name, computed)
    if told.type.oid == computed.oid or any(
        told.type.oid in family and computed.oid in family for family in _FAMILIES
    ):
        return told
    return Column(told.name, computed)


def _outputs(
    tree: exp.Expr, environment: Environment, outer: Mapping[str, Sequence[Output]]
) -> Sequence[Output] | None:
    ctes = dict(outer)
    for cte in tree.ctes if isinstance(tree, exp.Query) else ():
        told = _outputs(cte.this, environment, ctes)
        ctes[cte.alias.casefold()] = _renamed(told, cte)
    if isinstance(tree, exp.SetOperation):
        first = _outputs(tree.this, environment, ctes)
        return first and [c.name if isinstance(c, Column) else c for c in first]
    if isinstance(tree, exp.Subquery):
        return _outputs(tree.this, environment, ctes)
    if not isinstance(tree, exp.Select):
        return None
    sources = _sources(tree, environment, ctes)
    found: list[Output] = []
    for projection in tree.expressions:
        if projection.is_star:
            expanded = _star(projection, sources)
            if expanded is None:
                return None
            found += expanded
        else:
            found.append(_output(projection, sources))
    return found


def _sources(
    select: exp.Select, environment: Environment, ctes: Mapping[str, Sequence[Output]]
) -> list[Source]:
    start = select.args.get("from_") or select.args.get("from")
    items = [start.this] if start else []
    items += [join.this for join in select.args.get("joins") or ()]
    return [(i.alias_or_name.casefold(), _columns(i, environment, ctes)) for i in items]


def _columns(
    item: exp.Expr, environment: Environment, ctes: Mapping[str, Sequence[Output]]
) -> Sequence[Output] | None:
    if isinstance(item, exp.Subquery):
        return _renamed(_outputs(item.this, environment, ctes), item)
    if not isinstance(item, exp.Table):
        return None
    if not item.db and item.name.casefold() in ctes:
        return ctes[item.name.casefold()]
    relation = known_relation(item, environment)
    if relation is None:
        return None
    return [_origin(relation, place) for place in range(len(relation.columns))]


def _renamed(outputs: Sequence[Output] | None, source: exp.Expr) -> Sequence[Output]:
    """A subquery's columns: no table's any more, and perhaps under other names."""
    told = [
        Column(c.name, c.type) if isinstance(c, Column) else c for c in outputs or ()
    ]
    names = source.alias_column_names
    if not names:
        return told
    return [
        Column(name, c.type) if isinstance(c, Column) else name
        for name, c in zip(names, told, strict=False)
    ]


def _star(projection: exp.Expr, sources: list[Source]) -> list[Output] | None:
    wanted = projection.table.casefold() if isinstance(projection, exp.Column) else ""
    found: list[Output] = []
    for name, columns in sources:
        if wanted in {"", name}:
            if not columns:
                return None
            found += columns
    return found


def _output(projection: exp.Expr, sources: list[Source]) -> Output:
    node = projection.unalias()
    title = projection.alias if isinstance(projection, exp.Alias) else _title(node)
    column = _typed(node, sources)
    if column is None:
        return title
    if isinstance(node, exp.Column):
        return column._replace(name=title)
    return Column(title, column.type)


def _typed(node: exp.Expr, sources: list[Source]) -> Column | None:
    """The column an expression is, or has the type of."""
    while isinstance(node, _SAME_TYPE):
        node = node.this
    if isinstance(node, exp.Column):
        named = (
            column
            for name, columns in sources
            if node.table.casefold() in {"", name}
            for column in columns or ()
            if isinstance(column, Column)
            and column.name.casefold() == node.name.casefold()
        )
        return next(named, None)
    kind = _literal_type(node)
    return Column("", kind) if kind else None


def _title(node: exp.Expr) -> str:
    if isinstance(node, exp.Column):
        return node.name
    if isinstance(node, exp.Func) and not isinstance(node, (exp.Cast, exp.Binary)):
        return str(node.meta.get(TITLE) or node.sql_name().lower())
    return _UNTITLED


def _literal_type(node: exp.Expr) -> SqlType | None:
    if isinstance(node, exp.Cast):
        return declared_type(node.to)
    if isinstance(node, exp.Literal) and node.is_string:
        octets = len(node.name.encode("utf-8", "surrogatepass"))
        kind = types.VARCHAR if octets <= types.MAX_LENGTH else types.LONG_VARCHAR
        return SqlType(kind, length=max(octets, 1))
    return None


def _origin(relation: Relation, place: int) -> Column:
    column = relation.columns[place]
    if not isinstance(relation, Table):
        return Column(column.name, column.type)
    return Column(
        column.name, column.type, relation.schema, relation.name, relation.oid,
        place + 1, column.nullable,
    )  # fmt: skip
