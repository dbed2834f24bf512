"""INSERT, UPDATE and DELETE into DuckDB's SQL."""

# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from sandbox.engine import DATA, quoted
from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds import syntax as s
from sandbox.tds.compile_queries import QueryCompiler
from sandbox.tds.convert import assign
from sandbox.tds.failures import invalid_column, raised
from sandbox.tds.literal_rows import literal_table
from sandbox.tds.rowversions import Rowversions, rowversion_sql
from sandbox.tds.scope import Scope, ScopeSource
from sandbox.tds.types import INT
from sandbox.tds.values import Typed, constant, null
from sandbox.tds.wire_types import OutputColumn
from sandbox.tds.written import parse_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.environment import Environment
    from sandbox.tds.tables import Column, Table

_NULL_REFUSED = 515
_FEW_ROWS = 10


@dataclass(frozen=True, slots=True)
class Change:
    """DuckDB SQL of a change, and what is known of it.

    Attributes:
        rows: How many rows INSERT ... VALUES gives, None if only running it tells.
        gives_identity: Whether the statement names the identity column itself.
        data: The rows, where they are not in the SQL.
    """

    table: Table
    sql: str
    rows: int | None = None
    gives_identity: bool = False
    data: pa.Table | None = None


class ChangeCompiler(QueryCompiler):
    """Compiles one statement that changes rows."""

    def __init__(
        self,
        environment: Environment,
        identity: Callable[[Table, Column], int],
        rowversions: Rowversions,
    ) -> None:
        """Begin.

        Args:
            environment: Of the statement.
            identity: The next value of an identity column.
            rowversions: The database's.
        """
        super().__init__(environment)
        self._identity = identity
        self._rowversions = rowversions

    def insert(self, node: c.Insert, *, identity_insert: bool) -> Change:
        """Compile INSERT.

        Raises:
            SqlError: Among others 213, 515, 544, 8101.
        """
        table = self.environment.table(node.table)
        named = self._named(table, node.columns)
        own = next((col for col in table.columns if col.identity), None)
        gives = own is not None and own in named and bool(node.columns)
        if gives and not identity_insert:
            raise SqlError(
                "Cannot insert explicit value for identity column in table "
                f"'{table.name}' when IDENTITY_INSERT is set to OFF.",
                number=544,
            )
        if not node.columns:
            named = [col for col in named if col not in (own, table.rowversion)]
        elif table.rowversion in named:
            raise SqlError(
                "Cannot insert an explicit value into a timestamp column. Use INSERT "
                "with a column list to exclude the timestamp column, or insert a "
                "DEFAULT into the timestamp column.",
                number=273,
            )
        body = node.query.body if node.query else s.Values(((),))
        if node.query is None:
            named = []
        if isinstance(body, s.Values):
            return self._insert_values(table, named, own, body, gives=gives)
        return self._insert_query(table, named, own, node, gives=gives)

    def _named(self, table: Table, names: Sequence[str]) -> list[Column]:
        if not names:
            return list(table.columns)
        found = []
        for name in names:
            column = table.column(name)
            if column is None:
                raise invalid_column(name)
            if column in found:
                raise SqlError(
                    f"The column name '{name}' is specified more than once in the SET "
                    "clause or column list of an INSERT.",
                    number=264,
                )
            found.append(column)
        return found

    def _insert_values(
        self,
        table: Table,
        named: list[Column],
        own: Column | None,
        body: s.Values,
        *,
        gives: bool,
    ) -> Change:
        first = self._identity(table, own) if own is not None and not gives else 0
        version = self._rowversions.block() if table.rowversion else 0
        scope = Scope()
        names = [column.name for column in named]
        rows = []
        for at, row in enumerate(body.rows):
            self._check_count(len(row), len(named))
            nodes = dict(zip(names, row, strict=True))
            values = []
            for column in table.columns:
                if column is own and not gives:
                    step = (column.identity or (1, 1))[1]
                    values.append(constant(first + at * step, column.type))
                elif column is table.rowversion:
                    sql = rowversion_sql(version, str(at))
                    values.append(Typed(sql, column.type))
                else:
                    node = nodes.get(column.name, s.Default())
                    values.append(self._stored(table, column, node, scope, "INSERT"))
            rows.append(values)
        return _given_rows(table, rows, gives=gives)

    def _check_count(self, given: int, wanted: int) -> None:
        if given < wanted:
            raise SqlError(
                "There are more columns in the INSERT statement than values specified "
                "in the VALUES clause. The number of values in the VALUES clause must "
                "match the number of columns specified in the INSERT statement.",
                number=109,
                severity=15,
            )
        if given > wanted:
            raise SqlError(
                "There are fewer columns in the INSERT statement than values specified "
                "in the VALUES clause. The number of values in the VALUES clause must "
                "match the number of columns specified in the INSERT statement.",
                number=110,
                severity=15,
            )

    def _insert_query(
        self,
        table: Table,
        named: list[Column],
        own: Column | None,
        node: c.Insert,
        *,
        gives: bool,
    ) -> Change:
        if node.query is None:
            raise TypeError(node.text)
        compiled = self.query(node.query)
        if len(compiled.columns) != len(named):
            raise SqlError(
                "Column name or number of supplied values does not match table "
                "definition.",
                number=213,
            )
        sources = {
            column.name: Typed(f"s.c{at}", output.type, nullable=output.nullable)
            for at, (column, output) in enumerate(
                zip(named, compiled.columns, strict=True), start=1
            )
        }
        shown = []
        for column in table.columns:
            if column is own and not gives:
                shown.append(self._numbered(table, column))
            elif column is table.rowversion:
                place = "(row_number() OVER ())"
                shown.append(rowversion_sql(self._rowversions.block(), place))
            elif column.name in sources:
                value = assign(
                    sources[column.name], column.type, column.name, table.title
                )
                shown.append(self._not_null(table, column, value, "INSERT").sql)
            else:
                scope = Scope()
                node_default = s.Default()
                stored = self._stored(table, column, node_default, scope, "INSERT")
                shown.append(stored.sql)
        names = ", ".join(f"c{at}" for at in range(1, len(named) + 1))
        sql = (
            f"INSERT INTO {table.relation} SELECT {', '.join(shown)} "
            f"FROM ({compiled.sql}) AS s({names})"
        )
        return Change(table, sql, None, gives)

    def _numbered(self, table: Table, column: Column) -> str:
        step = (column.identity or (1, 1))[1]
        first = self._identity(table, column)
        place = f"({first} + (row_number() OVER () - 1) * {step})"
        return f"CAST({place} AS {column.type.storage})"

    def _stored(
        self, table: Table, column: Column, node: s.Expression, scope: Scope, verb: str
    ) -> Typed:
        """A column's value: the default's where the word DEFAULT stands."""
        if isinstance(node, s.Default):
            value = null(INT)
            if column.default:
                value = self.value(parse_expression(column.default), scope)
        else:
            value = self.value(node, scope)
        stored = assign(value, column.type, column.name, table.title)
        return self._not_null(table, column, stored, verb)

    def _not_null(self, table: Table, column: Column, value: Typed, verb: str) -> Typed:
        if column.nullable or not value.nullable:
            return value
        words = (
            f"Cannot insert the value NULL into column '{column.name}', table "
            f"'{self.environment.session.database}.{table.title}'; column does not "
            f"allow nulls. {verb} fails."
        )
        if value.is_null:
            raise SqlError(words, number=_NULL_REFUSED, state=2)
        sql = f"coalesce({value.sql}, {raised(_NULL_REFUSED, words)})"
        return Typed(sql, value.type, nullable=False)

    def update(self, node: c.Update) -> Change:
        """Compile UPDATE.

        Raises:
            SqlError: Among others 207, 515, 8102.
        """
        table, alias = self._target(node.target, node.source)
        prefix = self.common_tables(node.tables, None)
        try:
            return self._update(table, alias, node, prefix)
        finally:
            self.release()

    def _update(self, table: Table, alias: str, node: c.Update, prefix: str) -> Change:
        if node.source is None and not prefix:
            scope = Scope([_source(table, alias)])
            sets = self._sets(table, node, scope, f"{quoted(alias)}.rowid")
            pairs = ", ".join(f"{quoted(name)} = {sql}" for name, sql in sets)
            where = self._where(node.where, scope)
            sql = f"UPDATE {table.relation} AS {quoted(alias)} SET {pairs}{where}"
            return Change(table, sql)
        scope = Scope()
        found = self.source(node.source or s.TableSource(node.target), scope)
        sets = self._sets(table, node, scope, f"{quoted(alias)}.rowid")
        where = self._where(node.where, scope)
        values = ", ".join(f"{sql} AS v{at}" for at, (_, sql) in enumerate(sets))
        pairs = ", ".join(
            f"{quoted(name)} = s.v{at}" for at, (name, _) in enumerate(sets)
        )
        rows = (
            f"{prefix}SELECT {quoted(alias)}.rowid AS r, {values} FROM {found}{where}"
        )
        sql = (
            f"UPDATE {table.relation} AS target SET {pairs} FROM ({rows}) AS s "
            "WHERE target.rowid = s.r"
        )
        return Change(table, sql)

    def _sets(
        self, table: Table, node: c.Update, scope: Scope, row: str
    ) -> list[tuple[str, str]]:
        sets = []
        if table.rowversion:
            version = rowversion_sql(self._rowversions.block(), row)
            sets.append((table.rowversion.name, version))
        for name, value in node.assignments:
            column = table.column(name)
            if column is None:
                raise invalid_column(name)
            if column is table.rowversion:
                raise SqlError("Cannot update a timestamp column.", number=272)
            if column.identity:
                raise SqlError(
                    f"Cannot update identity column '{column.name}'.", number=8102
                )
            stored = self._stored(table, column, value, scope, "UPDATE")
            sets.append((column.name, stored.sql))
        return sets

    def _where(self, node: s.Expression | None, scope: Scope) -> str:
        return "" if node is None else f" WHERE {self.condition(node, scope)}"

    def delete(self, node: c.Delete) -> Change:
        """Compile DELETE."""
        table, alias = self._target(node.target, node.source)
        prefix = self.common_tables(node.tables, None)
        try:
            if node.source is None and not prefix:
                scope = Scope([_source(table, alias)])
                where = self._where(node.where, scope)
                sql = f"DELETE FROM {table.relation} AS {quoted(alias)}{where}"
                return Change(table, sql)
            scope = Scope()
            found = self.source(node.source or s.TableSource(node.target), scope)
            where = self._where(node.where, scope)
        finally:
            self.release()
        rows = f"{prefix}SELECT {quoted(alias)}.rowid FROM {found}{where}"
        sql = f"DELETE FROM {table.relation} AS target WHERE target.rowid IN ({rows})"
        return Change(table, sql)

    def _target(
        self, target: s.TableName, source: s.Source | None
    ) -> tuple[Table, str]:
        """The table to change, and what it is called in the statement."""
        if source is not None:
            for one in _tables_of(source):
                alias = one.alias or one.table.parts[-1]
                if len(target.parts) == 1 and (
                    alias.casefold() == target.parts[0].casefold()
                ):
                    return self.environment.table(one.table), alias
            table = self.environment.table(target)
            for one in _tables_of(source):
                if self.environment.table(one.table).key == table.key:
                    return table, one.alias or one.table.parts[-1]
            raise SqlError(
                f"The table '{target}' to change must be named in FROM.", number=4104
            )
        return self.environment.table(target), target.parts[-1]


def _given_rows(
    table: Table, rows: Sequence[Sequence[Typed]], *, gives: bool
) -> Change:
    """INSERT of given rows; many constants travel as data, not as text."""
    if len(rows) > _FEW_ROWS:
        data = literal_table(rows, [column.type for column in table.columns])
        if data is not None:
            sql = f"INSERT INTO {table.relation} SELECT * FROM {DATA}"
            return Change(table, sql, len(rows), gives, data)
    shown = ", ".join(f"({', '.join(one.sql for one in row)})" for row in rows)
    return Change(
        table, f"INSERT INTO {table.relation} VALUES {shown}", len(rows), gives
    )


def _source(table: Table, alias: str) -> ScopeSource:
    columns = tuple(
        OutputColumn(col.name, col.type, col.nullable) for col in table.columns
    )
    return ScopeSource(alias, quoted(alias), columns)


def _tables_of(source: s.Source) -> list[s.TableSource]:
    if isinstance(source, s.TableSource):
        return [source]
    if isinstance(source, s.Join):
        return [*_tables_of(source.left), *_tables_of(source.right)]
    return []
