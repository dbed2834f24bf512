"""Turns Vertica's SQL into DuckDB's, statement by statement.

A statement is parsed once (`dialect.parse`), copied, and changed in place: names are
resolved against the catalog, types become the stored ones, functions get DuckDB's
names, NULLs sort where Vertica sorts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from sandbox.vertica import types
from sandbox.vertica.catalog import MACROS, Table, missing_relation
from sandbox.vertica.dialect import EXPLICIT_NULLS
from sandbox.vertica.functions import replace_function
from sandbox.vertica.types import SqlType, declared, interval
from sandbox.vertica.words import Name, unsupported

if TYPE_CHECKING:
    from sandbox.vertica.catalog import Relation
    from sandbox.vertica.environment import Environment

_NULLS_LAST = types.CHARACTER | types.BYTES | {types.BOOL, types.FLOAT}
_TYPE_NAMES = {
    "LONGTEXT": "long varchar",
    "LONGBLOB": "long varbinary",
    "NCHAR": "char",
    "NVARCHAR": "varchar",
    "TEXT": "long varchar",
    "DOUBLE": "float",
    "DECIMAL": "numeric",
    "BIGDECIMAL": "numeric",
}


def translate(tree: exp.Expr, environment: Environment) -> exp.Expr:
    """Copy a statement and make the copy DuckDB's.

    Args:
        tree: The statement as parsed.
        environment: What names mean in the session.

    Raises:
        SqlError: A table, schema or type does not exist, or is not supported.
    """
    root = tree.copy()
    for ordered in list(root.find_all(exp.Ordered)):
        _order_nulls(ordered, environment)
    for cast in list(root.find_all(exp.Cast)):
        _store_cast(cast)
    _resolve_tables(root, environment)
    for escaped in list(root.find_all(exp.ByteString)):
        escaped.replace(exp.Literal.string(escaped.this))
    for quotient in list(root.find_all(exp.Div, exp.IntDiv)):
        quotient.set("expression", call("divisor", quotient.args["expression"].copy()))
    for node in list(root.find_all(exp.Func, exp.Column)):
        answer = replace_function(node, environment)
        if answer is not None:
            if node is root:
                root = answer
            node.replace(answer)
    return root


def to_duckdb(tree: exp.Expr) -> str:
    """The text of a translated statement."""
    return tree.sql("duckdb", comments=False)


def call(name: str, *arguments: exp.Expr | str | int) -> exp.Expr:
    """A call of one of our own functions in DuckDB."""
    return exp.Anonymous(
        this=f"{MACROS}.{name}", expressions=[exp.convert(a) for a in arguments]
    )


def declared_type(node: exp.Expr) -> SqlType:
    """The Vertica type that a cast's type node names.

    Raises:
        SqlError: There is no such type here.
    """
    kind = node.this if isinstance(node, exp.DataType) else node
    if isinstance(kind, exp.Interval):
        unit = kind.args.get("unit")
        if isinstance(unit, exp.IntervalSpan):
            return interval(unit.this.name.lower(), unit.expression.name.lower())
        return interval(unit.name.lower() if unit else "", "")
    if not isinstance(node, exp.DataType) or node.args.get("nested"):
        raise unsupported(f"type {node.sql('postgres')}")
    name = _TYPE_NAMES.get(node.this.name, node.this.name.lower())
    if node.this == exp.DataType.Type.USERDEFINED:
        name = str(node.args.get("kind")).lower()
    return declared(name, [int(e.name) for e in node.expressions])


def stored_cast(value: exp.Expr, kind: SqlType) -> exp.Expr:
    """A cast to a declared type: too long strings are cut, as explicit casts do."""
    if kind.oid == types.BOOL:
        return call("truth", value)
    target = exp.DataType.build(kind.stored, dialect="duckdb")
    cast: exp.Expr = exp.Cast(this=value, to=target)
    if kind.oid in types.CHARACTER and kind.length:
        cast = call("truncated", cast, kind.length)
    if kind.oid in types.BYTES:
        is_text = isinstance(value, exp.Literal) and value.is_string
        cast = exp.Anonymous(this="encode", expressions=[value]) if is_text else cast
    return cast


def _resolve_tables(root: exp.Expr, environment: Environment) -> None:
    ctes = {cte.alias_or_name.casefold() for cte in root.find_all(exp.CTE)}
    for node in list(root.find_all(exp.Table)):
        if not isinstance(node.this, exp.Identifier):
            raise unsupported(f"{node.sql('postgres')} as a table")
        name = Name(node.db or None, node.name)
        if name.schema is None and name.name.casefold() in ctes:
            continue
        _resolve_table(node, name, environment)


def _resolve_table(node: exp.Table, name: Name, environment: Environment) -> None:
    found = environment.find(name)
    if found is not None:
        _rename(node, found)
        return
    system = environment.system_table(name)
    if system is None:
        raise missing_relation(name)
    if isinstance(system, exp.Expr):
        alias = node.alias or name.name
        node.replace(
            exp.Subquery(this=system, alias=exp.to_identifier(alias, quoted=True))
        )
        return
    _place(node, exp.to_identifier("v_catalog"), name.name.lower())


def _rename(node: exp.Table, relation: Relation) -> None:
    if isinstance(relation, Table) and relation.temporary:
        _place(node, exp.to_identifier("main"), relation.name)
        node.set("catalog", exp.to_identifier("temp"))
    else:
        _place(node, exp.to_identifier(relation.schema, quoted=True), relation.name)


def _place(node: exp.Table, schema: exp.Identifier | None, name: str) -> None:
    if not node.alias and isinstance(node.parent, (exp.From, exp.Join)):
        node.set(
            "alias", exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
        )
    node.set("catalog", None)
    node.set("db", schema)
    node.set("this", exp.to_identifier(name, quoted=True))


def _order_nulls(ordered: exp.Ordered, environment: Environment) -> None:
    if ordered.meta.get(EXPLICIT_NULLS):
        return
    kind = _sorted_type(ordered.this, environment)
    small = kind is None or kind.oid not in _NULLS_LAST
    ordered.set("nulls_first", small != bool(ordered.args.get("desc")))


def _sorted_type(node: exp.Expr, environment: Environment) -> SqlType | None:
    select = node.find_ancestor(exp.Select)
    if isinstance(node, exp.Literal) and node.is_int and select:
        place = int(node.name) - 1
        if 0 <= place < len(select.expressions):
            node = select.expressions[place].unalias()
    if isinstance(node, exp.Cast):
        return declared_type(node.to)
    if isinstance(node, exp.Column) and select is not None:
        return column_type(node, select, environment)
    return None


def column_type(
    node: exp.Column, select: exp.Expr, environment: Environment
) -> SqlType | None:
    """The declared type of a column of the tables a statement names."""
    for table in select.find_all(exp.Table):
        if node.table.casefold() not in {"", table.alias_or_name.casefold()}:
            continue
        relation = known_table(table, environment)
        for column in relation.columns if relation else ():
            if column.name.casefold() == node.name.casefold():
                return column.type
    return None


def known_table(node: exp.Table, environment: Environment) -> Table | None:
    """The catalog's table that a node of the untranslated statement names."""
    schema = node.db or None
    if not isinstance(node.this, exp.Identifier) or (
        schema and not environment.catalog.has_schema(schema)
    ):
        return None
    found = environment.find(Name(schema, node.name))
    return found if isinstance(found, Table) else None


def _store_cast(node: exp.Cast) -> None:
    node.replace(stored_cast(node.this, declared_type(node.to)))
