"""T-SQL queries into DuckDB's SQL, with the columns they answer.

Each SELECT names its results c1, c2 ...: what they are called outside is said where
it is used, so that unnamed and repeated names, which T-SQL allows, do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.tds import describe
from sandbox.tds import syntax as s
from sandbox.tds.compile_expressions import ExpressionCompiler, ordered
from sandbox.tds.convert import convert
from sandbox.tds.failures import unsupported
from sandbox.tds.result_columns import (
    Body,
    column_name,
    converted,
    item_of,
    place_of,
    renamed,
)
from sandbox.tds.scope import Scope, ScopeSource
from sandbox.tds.system_views import system_view
from sandbox.tds.types import BIGINT
from sandbox.tds.values import Typed, unified
from sandbox.tds.wire_types import OutputColumn
from sandbox.tds.written import parse_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.tds.environment import Environment
    from sandbox.tds.modules import Module


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """DuckDB SQL and its columns.

    Attributes:
        variables: Of SELECT @x = ..., the variable of each column.
        constant: Whether the SQL answers the same whenever it is run.
    """

    sql: str
    columns: tuple[OutputColumn, ...]
    variables: tuple[str, ...] = ()
    constant: bool = False


class QueryCompiler(ExpressionCompiler):
    """Compiles the queries of one statement."""

    def __init__(self, environment: Environment) -> None:
        """Begin a statement."""
        super().__init__(environment)
        self._common: list[dict[str, tuple[OutputColumn, ...]]] = []

    def query(self, query: s.Query, outer: Scope | None = None) -> CompiledQuery:
        """Compile a whole query.

        Raises:
            SqlError: A name is unknown, types do not fit, or the like.
        """
        prefix = self.common_tables(query.tables, outer)
        try:
            body = self._body(query.body, outer)
            sql = body.sql
            if query.order:
                sql += self._order(query, body)
            sql += self._limit(query, body)
        finally:
            self.release()
        return CompiledQuery(
            prefix + sql, body.columns, body.variables, self.environment.constant
        )

    def query_sql(
        self, query: s.Query, outer: Scope
    ) -> tuple[str, tuple[OutputColumn, ...]]:
        """Compile a subquery."""
        compiled = self.query(query, outer)
        return compiled.sql, compiled.columns

    def common_tables(
        self, tables: Sequence[s.CommonTable], outer: Scope | None
    ) -> str:
        """DuckDB SQL of WITH; the tables are known until `release`."""
        known: dict[str, tuple[OutputColumn, ...]] = {}
        self._common.append(known)
        parts = []
        for table in tables:
            known_by = table.name.casefold()
            columns, sql = self._common_table(table, known, outer)
            known[known_by] = columns
            names = ", ".join(quoted(c.name) for c in columns)
            parts.append(f"{quoted(table.name)}({names}) AS ({sql})")
        return f"WITH RECURSIVE {', '.join(parts)} " if parts else ""

    def _common_table(
        self,
        table: s.CommonTable,
        known: dict[str, tuple[OutputColumn, ...]],
        outer: Scope | None,
    ) -> tuple[tuple[OutputColumn, ...], str]:
        body = table.query.body
        if isinstance(body, s.SetOperation) and body.operator == "UNION ALL":
            # the anchor gives a recursive table its columns
            anchor = self.query(s.Query(body.left), outer)
            known[table.name.casefold()] = renamed(
                anchor.columns, table.columns, table.name
            )
        compiled = self.query(table.query, outer)
        return renamed(compiled.columns, table.columns, table.name), compiled.sql

    def release(self) -> None:
        """Forget the tables of the last `common_tables`."""
        self._common.pop()

    def _body(self, body: s.QueryBody, outer: Scope | None) -> Body:
        match body:
            case s.Select():
                return self._select(body, outer)
            case s.Values():
                return self._values(body, outer)
            case s.SetOperation():
                return self._set_operation(body, outer)
            case _:
                raise unsupported(type(body).__name__)

    def _values(self, body: s.Values, outer: Scope | None) -> Body:
        scope = Scope(outer=outer)
        rows = [[self.value(one, scope) for one in row] for row in body.rows]
        width = len(rows[0])
        if any(len(row) != width for row in rows):
            raise SqlError(
                "All the expressions in a row constructor must have as many values.",
                number=10709,
            )
        kinds = [unified(row[at] for row in rows) for at in range(width)]
        shown = (
            "("
            + ", ".join(convert(v, k).sql for v, k in zip(row, kinds, strict=True))
            + ")"
            for row in rows
        )
        columns = tuple(OutputColumn("", kind) for kind in kinds)
        return Body(f"VALUES {', '.join(shown)}", columns)

    def _set_operation(self, body: s.SetOperation, outer: Scope | None) -> Body:
        left, right = self._body(body.left, outer), self._body(body.right, outer)
        if len(left.columns) != len(right.columns):
            raise SqlError(
                "All queries combined using a UNION, INTERSECT or EXCEPT operator must "
                "have an equal number of expressions in their target lists.",
                number=205,
            )
        columns = tuple(
            OutputColumn(a.name, unified([item_of(left, i), item_of(right, i)]))
            for i, a in enumerate(left.columns)
        )
        a, b = (converted(one, columns) for one in (left, right))
        return Body(f"({a}) {body.operator} ({b})", columns)

    def _select(self, body: s.Select, outer: Scope | None) -> Body:
        scope = Scope(outer=outer)
        source = ""
        if body.source is not None:
            source = " FROM " + self.source(body.source, scope)
        names, items, variables = self._items(body, scope)
        parts = ["SELECT "]
        if body.distinct:
            parts.append("DISTINCT ")
        parts.append(
            ", ".join(f"{one.sql} AS c{at}" for at, one in enumerate(items, start=1))
        )
        parts.append(source)
        if body.where is not None:
            parts.append(f" WHERE {self.condition(body.where, scope)}")
        if body.group:
            keys = ", ".join(self.value(key, scope).sql for key in body.group)
            parts.append(f" GROUP BY {keys}")
        if body.having is not None:
            parts.append(f" HAVING {self.condition(body.having, scope)}")
        columns = tuple(
            OutputColumn(name, one.kind, one.nullable, one.identity, one.origin)
            for name, one in zip(names, items, strict=True)
        )
        limit = ""
        if body.top is not None:
            count = convert(self.value(body.top, scope), BIGINT)
            limit = f" LIMIT {count.sql}"
        return Body(
            "".join(parts), columns, scope, items, body.distinct, limit, variables
        )

    def _items(
        self, body: s.Select, scope: Scope
    ) -> tuple[list[str], list[Typed], tuple[str, ...]]:
        names: list[str] = []
        items: list[Typed] = []
        variables = tuple(item.variable for item in body.items if item.variable)
        if variables and len(variables) != len(body.items):
            raise SqlError(
                "A SELECT statement that assigns a value to a variable must not be "
                "combined with data-retrieval operations.",
                number=141,
                severity=15,
            )
        for item in body.items:
            if isinstance(item.expression, s.Star):
                for name, value in scope.star(item.expression.source):
                    names.append(name)
                    items.append(value)
                continue
            value = self.value(item.expression, scope)
            name = item.alias
            if not name and isinstance(item.expression, s.Name):
                name = column_name(item.expression, scope)
            names.append(name)
            items.append(value)
        return names, items, variables

    def _order(self, query: s.Query, body: Body) -> str:
        keys = (
            ordered(self._order_key(item.expression, body), item)
            for item in query.order
        )
        return " ORDER BY " + ", ".join(keys)

    def _order_key(self, node: s.Expression, body: Body) -> str:
        """What to order by: a place in the select list, or else an expression."""
        place = place_of(node, body)
        if place is not None:
            return str(place)
        if body.scope is None:
            raise SqlError(
                "ORDER BY items must appear in the select list if the statement "
                "contains a UNION, INTERSECT or EXCEPT operator.",
                number=104,
                severity=15,
            )
        key = self.value(node, body.scope).sql
        for at, item in enumerate(body.items, start=1):
            if item.sql == key:
                return str(at)
        if body.distinct:
            raise SqlError(
                "ORDER BY items must appear in the select list if SELECT DISTINCT is "
                "specified.",
                number=145,
                severity=15,
            )
        return key

    def _limit(self, query: s.Query, body: Body) -> str:
        if query.offset is None:
            return body.limit
        scope = body.scope or Scope()
        sql = ""
        if query.fetch is not None:
            sql = f" LIMIT {convert(self.value(query.fetch, scope), BIGINT).sql}"
        return f"{sql} OFFSET {convert(self.value(query.offset, scope), BIGINT).sql}"

    def source(self, node: s.Source, scope: Scope) -> str:
        """DuckDB SQL of what stands in FROM; its columns enter the scope."""
        match node:
            case s.TableSource():
                return self._table_source(node, scope)
            case s.DerivedSource():
                return self._derived(node, scope, scope.outer)
            case s.FunctionSource():
                return self._function(node, scope)
            case s.Join():
                return self._join(node, scope)
            case _:
                raise unsupported(type(node).__name__)

    def _join(self, node: s.Join, scope: Scope) -> str:
        left = self.source(node.left, scope)
        if node.kind.endswith("LATERAL"):
            if not isinstance(node.right, s.DerivedSource):
                raise unsupported("APPLY of what is not a subquery")
            # the subquery sees what stands to its left
            seen = Scope(list(scope.sources), scope.outer)
            right = self._derived(node.right, scope, seen)
            tail = " ON true" if node.kind.startswith("LEFT") else ""
            return f"{left} {node.kind} {right}{tail}"
        right = self.source(node.right, scope)
        if isinstance(node.right, s.Join):
            right = f"({right})"
        if node.condition is None:
            return f"{left} {node.kind} {right}"
        return f"{left} {node.kind} {right} ON {self.condition(node.condition, scope)}"

    def _table_source(self, node: s.TableSource, scope: Scope) -> str:
        alias = node.alias or node.table.parts[-1]
        if len(node.table.parts) == 1:
            for known in reversed(self._common):
                columns = known.get(alias.casefold() if not node.alias else "")
                columns = columns or known.get(node.table.parts[0].casefold())
                if columns is not None:
                    name = quoted(node.table.parts[0])
                    return f"{name} AS {self._enter(scope, alias, columns)}"
        view = system_view(node.table, self.environment)
        if view is not None:
            return self._enter_query(scope, alias, *view)
        kept = self.environment.view(node.table)
        if kept is not None:
            return self._kept_view(kept, alias, scope)
        table = self.environment.table(node.table)
        columns = tuple(
            OutputColumn(
                c.name,
                c.type,
                c.nullable,
                c.identity is not None,
                (table.schema, table.name, c.name),
            )
            for c in table.columns
        )
        return f"{table.relation} AS {self._enter(scope, alias, columns)}"

    def _kept_view(self, view: Module, alias: str, scope: Scope) -> str:
        """A view's query, which sees no common tables of the statement around it."""
        definition = view.definition
        if definition.query is None:
            raise unsupported(f"the view {view.name}")
        compiled = QueryCompiler(self.environment).query(definition.query)
        columns = renamed(compiled.columns, definition.columns, view.name)
        return self._enter_query(scope, alias, compiled.sql, columns)

    def _function(self, node: s.FunctionSource, scope: Scope) -> str:
        if not describe.is_describe(node.function):
            raise unsupported(f"table function {node.function}")
        query, _, mode = (self.value(one, scope).constant for one in node.arguments)
        sql = describe.relation(
            self._described(str(query), with_sources=mode == 1), describe.COLUMNS
        )
        return self._enter_query(scope, node.alias, sql, describe.COLUMNS)

    def _described(self, text: str, *, with_sources: bool) -> list[describe.Row]:
        constant = self.environment.constant  # it is compiled, and not run
        try:
            columns = self.query(parse_query(text)).columns
        except SqlError as error:
            return describe.of_error(error)
        finally:
            self.environment.constant = constant
        database = self.environment.session.database
        return describe.of_columns(columns, database, with_sources=with_sources)

    def _derived(self, node: s.DerivedSource, scope: Scope, seen: Scope | None) -> str:
        compiled = self.query(node.query, seen)
        columns = renamed(compiled.columns, node.columns, node.alias)
        return self._enter_query(scope, node.alias, compiled.sql, columns)

    def _enter_query(
        self, scope: Scope, alias: str, sql: str, columns: tuple[OutputColumn, ...]
    ) -> str:
        """Let a query's columns into the scope; DuckDB SQL of it in FROM."""
        relation = self._enter(scope, alias, columns)
        names = ", ".join(quoted(c.name) for c in columns)
        return f"({sql}) AS {relation}({names})"

    def _enter(
        self, scope: Scope, alias: str, columns: tuple[OutputColumn, ...]
    ) -> str:
        """Let a source's columns into the scope; DuckDB SQL of its alias."""
        if any(one.alias.casefold() == alias.casefold() for one in scope.sources):
            raise SqlError(
                f"The objects in the FROM clause have the same exposed name '{alias}'. "
                "Use correlation names to distinguish them.",
                number=1013,
            )
        scope.sources.append(ScopeSource(alias, quoted(alias), columns))
        return quoted(alias)
