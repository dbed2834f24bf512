"""Turns Vertica's SQL into DuckDB's, statement by statement.

A statement is parsed once (`dialect.parse`), copied, and changed in place: names are
resolved against the catalog, types become the stored ones, functions get DuckDB's
names, NULLs sort where Vertica sorts them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from sandbox.vertica import types
from sandbox.vertica.catalog import Table, View
from sandbox.vertica.dialect import EXPLICIT_NULLS, LIMIT_OVER, parse
from sandbox.vertica.failures import invalid_interval, missing_relation
from sandbox.vertica.functions import call, duckdb, replace_function
from sandbox.vertica.interval_values import read_interval
from sandbox.vertica.session_functions import session_value
from sandbox.vertica.text_values import convert
from sandbox.vertica.timeseries import expand_timeseries
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
_MOMENTS = {types.TIME, types.TIMETZ, types.TIMESTAMP, types.TIMESTAMPTZ, types.DATE}
_BEFORE_CHRIST = re.compile(r"^(\S+)(.*?) BC$")
_CALLS = (exp.Func, exp.Column, exp.Binary, exp.WithinGroup, exp.Filter)


@dataclass
class Translation:
    """A statement as DuckDB reads it.

    Args:
        tree: The statement, changed.
        relations: The tables and views it names.
        tables: The tables it reads, by name or through views.
        lasts: Whether it will be the same as long as no definition changes: no part
            of it is the session's, the moment's or the server's state.
    """

    tree: exp.Expr
    relations: list[Relation] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    lasts: bool = True

    @property
    def sql(self) -> str:
        """The text for DuckDB."""
        return self.tree.sql("duckdb", comments=False)


def translate(tree: exp.Expr, environment: Environment) -> Translation:
    """Copy a statement and make the copy DuckDB's.

    Args:
        tree: The statement as parsed.
        environment: What names mean in the session.

    Raises:
        SqlError: A table, schema or type does not exist, or is not supported.
    """
    translation = Translation(tree.copy())
    _Translator(translation, environment).run()
    return translation


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
    if node.this == exp.DataType.Type.INTERVAL:
        return interval("", "")
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


def column_type(
    node: exp.Column, select: exp.Expr, environment: Environment
) -> SqlType | None:
    """The declared type of a column of the tables a statement names."""
    for table in select.find_all(exp.Table):
        if node.table.casefold() not in {"", table.alias_or_name.casefold()}:
            continue
        found = known_relation(table, environment)
        for column in found.columns if found else ():
            if column.name.casefold() == node.name.casefold():
                return column.type
    return None


def known_relation(node: exp.Table, environment: Environment) -> Relation | None:
    """The catalog's table or view that a node of an untranslated statement names."""
    schema = node.db or None
    if not isinstance(node.this, exp.Identifier) or (
        schema and not environment.catalog.has_schema(schema)
    ):
        return None
    return environment.find(Name(schema, node.name))


def _read(value: exp.Expr, target: exp.Expr) -> exp.Expr:
    """A literal of a time or interval, in the form DuckDB reads too."""
    kind = declared_type(target)
    if not isinstance(value, exp.Literal) or not value.is_string:
        return value
    if kind.oid in {types.INTERVAL, types.INTERVAL_YM}:
        return _interval(value.name, kind)
    if kind.oid not in _MOMENTS:
        return value
    (read,), unread = convert([value.name.encode()], kind)
    if unread:  # before Christ, or infinity: DuckDB may know it, or refuse it
        return exp.Literal.string(_BEFORE_CHRIST.sub(r"\1 (BC)\2", value.name))
    return exp.Literal.string(str(read))


def _read_span(span: exp.Interval) -> None:
    """INTERVAL '1 02' DAY TO HOUR, which DuckDB lacks."""
    unit = span.args.get("unit")
    if isinstance(unit, exp.IntervalSpan) or (
        unit is None and isinstance(span.this, exp.Literal)
    ):
        span.replace(_interval(span.this.name, declared_type(span)))


def _interval(text: str, kind: SqlType) -> exp.Expr:
    try:
        amount = read_interval(text, kind)
    except ValueError:
        raise invalid_interval(text) from None
    if kind.oid == types.INTERVAL_YM:
        return duckdb("to_months", amount)
    return call("span", amount)


class _Translator:
    def __init__(self, translation: Translation, environment: Environment) -> None:
        self._result = translation
        self._environment = environment

    def run(self) -> None:
        root = self._result.tree
        for ordered in list(root.find_all(exp.Ordered)):
            _order_nulls(ordered, self._environment)
        for select in list(root.find_all(exp.Select)):
            _limit_groups(select)
        for cast in list(root.find_all(exp.Cast)):
            cast.replace(stored_cast(_read(cast.this, cast.to), declared_type(cast.to)))
        for select in list(root.find_all(exp.Select)):
            expand_timeseries(select)
        for span in list(root.find_all(exp.Interval)):
            _read_span(span)
        for escaped in list(root.find_all(exp.ByteString)):
            escaped.replace(exp.Literal.string(escaped.this))
        for node in reversed(list(root.find_all(*_CALLS))):  # inner calls first
            self._replace_call(node)
        root.set("locks", None)
        self._resolve_tables()

    def _replace_call(self, node: exp.Expr) -> None:
        answer = session_value(node, self._environment)
        if answer is not None:
            self._result.lasts = False
        else:
            answer = replace_function(node)
        if answer is None:
            return
        if node is self._result.tree:
            self._result.tree = answer
        node.replace(answer)

    def _resolve_tables(self) -> None:
        root = self._result.tree
        ctes = {cte.alias_or_name.casefold() for cte in root.find_all(exp.CTE)}
        for node in list(root.find_all(exp.Table)):
            if not isinstance(node.this, exp.Identifier):
                raise unsupported(f"{node.sql('postgres')} as a table")
            name = Name(node.db or None, node.name)
            if name.schema is not None or name.name.casefold() not in ctes:
                self._resolve_table(node, name)

    def _resolve_table(self, node: exp.Table, name: Name) -> None:
        found = self._environment.find(name)
        if found is None:
            self._resolve_system_table(node, name)
            return
        self._result.relations.append(found)
        if isinstance(found, View):
            self._expand(node, found)
            return
        self._result.tables.append(found)
        if found.temporary:
            self._result.lasts = False
            _place(node, exp.to_identifier("main"), found.name)
            node.set("catalog", exp.to_identifier("temp"))
        else:
            _place(node, exp.to_identifier(found.schema, quoted=True), found.name)

    def _resolve_system_table(self, node: exp.Table, name: Name) -> None:
        system = self._environment.system_table(name)
        if system is None:
            raise missing_relation(name)
        self._result.lasts = False
        if isinstance(system, str):
            _place(node, exp.to_identifier("v_catalog"), name.name.lower())
        else:
            alias = exp.to_identifier(node.alias or name.name, quoted=True)
            node.replace(exp.Subquery(this=system, alias=alias))

    def _expand(self, node: exp.Table, view: View) -> None:
        """Put a view's query in its place: it is read anew each time."""
        inner = translate(parse(view.text), self._environment)
        self._result.tables += inner.tables
        self._result.lasts &= inner.lasts
        alias = exp.TableAlias(
            this=exp.to_identifier(node.alias or node.name, quoted=True),
            columns=[exp.to_identifier(c.name, quoted=True) for c in view.columns],
        )
        query = inner.tree
        query = query.this if isinstance(query, exp.Subquery) else query
        node.replace(exp.Subquery(this=query, alias=alias))


def _place(node: exp.Table, schema: exp.Identifier | None, name: str) -> None:
    if not node.alias and isinstance(node.parent, (exp.From, exp.Join)):
        node.set(
            "alias", exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
        )
    node.set("catalog", None)
    node.set("db", schema)
    node.set("this", exp.to_identifier(name, quoted=True))


def _limit_groups(select: exp.Select) -> None:
    """LIMIT n OVER (PARTITION BY ... ORDER BY ...): the first rows of each group."""
    limit = select.args.get("limit")
    window = limit.args.get(LIMIT_OVER) if isinstance(limit, exp.Limit) else None
    if isinstance(limit, exp.Limit) and window:
        select.set("limit", None)
        first = exp.LTE(this=window, expression=limit.expression)
        select.set("qualify", exp.Qualify(this=first))


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
