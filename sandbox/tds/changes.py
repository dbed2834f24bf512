"""UPDATE and DELETE into DuckDB's SQL, and what INSERT shares with them."""

# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.session import DATA
from sandbox.tds import commands as c
from sandbox.tds import syntax as s
from sandbox.tds.compile_queries import QueryCompiler
from sandbox.tds.convert import assign
from sandbox.tds.failures import invalid_column, raised
from sandbox.tds.rowversions import Rowversions, rowversion_sql
from sandbox.tds.scope import Scope, table_source
from sandbox.tds.types import INT
from sandbox.tds.values import Typed, null
from sandbox.tds.wire_types import OutputColumn
from sandbox.tds.written import parse_expression

if TYPE_CHECKING:
    from sandbox.tds.environment import Environment
    from sandbox.tds.tables import Column, Table

_NULL_REFUSED = 515


@dataclass(frozen=True, slots=True)
class Output:
    """What an OUTPUT clause tells of the rows that change.

    Attributes:
        rows_sql: DuckDB SQL of these rows: first what the change is made from, c0, c1
            ..., then what is told. The change reads the former as `DATA`.
        width: How many columns come first.
        columns: The others.
    """

    clause: s.OutputClause
    rows_sql: str
    width: int
    columns: tuple[OutputColumn, ...]


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
    output: Output | None = None


class ChangeCompiler(QueryCompiler):
    """Compiles one statement that changes rows."""

    def __init__(self, environment: Environment, rowversions: Rowversions) -> None:
        """Begin.

        Args:
            environment: Of the statement.
            rowversions: The database's.
        """
        super().__init__(environment)
        self._rowversions = rowversions

    def _told(
        self, node: s.OutputClause, scope: Scope
    ) -> tuple[str, tuple[OutputColumn, ...]]:
        """DuckDB SQL of what OUTPUT names, and its columns."""
        names, items, _ = self._items(s.Select(node.items), scope)
        columns = tuple(
            OutputColumn(name, one.kind, one.nullable)
            for name, one in zip(names, items, strict=True)
        )
        shown = (f"{one.sql} AS o{at}" for at, one in enumerate(items))
        return ", ".join(shown), columns

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
        if node.source is None and not prefix and node.output is None:
            scope = Scope([table_source(table, alias)])
            sets = self._sets(table, node, scope, f"{quoted(alias)}.rowid")
            pairs = ", ".join(f"{quoted(name)} = {sql}" for name, sql in sets)
            where = self._where(node.where, scope)
            sql = f"UPDATE {table.relation} AS {quoted(alias)} SET {pairs}{where}"
            return Change(table, sql)
        scope = Scope()
        found = self.source(node.source or s.TableSource(node.target), scope)
        sets = self._sets(table, node, scope, f"{quoted(alias)}.rowid")
        where = self._where(node.where, scope)
        values = ", ".join(f"{sql} AS c{at}" for at, (_, sql) in enumerate(sets, 1))
        pairs = ", ".join(
            f"{quoted(name)} = s.c{at}" for at, (name, _) in enumerate(sets, 1)
        )
        chosen = f"{prefix}SELECT {quoted(alias)}.rowid AS c0, {values}"
        change = f"UPDATE {table.relation} AS target SET {pairs}"
        if node.output is None:
            sql = f"{change} FROM ({chosen} FROM {found}{where}) AS s"
            return Change(table, f"{sql} WHERE target.rowid = s.c0")
        new = dict(sets)
        images = (
            new.get(one.name, f"{quoted(alias)}.{quoted(one.name)}")
            for one in table.columns
        )
        names = ", ".join(quoted(one.name) for one in table.columns)
        found += (
            f' CROSS JOIN LATERAL (SELECT {", ".join(images)}) AS "inserted"({names})'
        )
        scope.sources = [
            *scope.sources,
            replace(table_source(table, alias), alias="deleted"),
            table_source(table, "inserted"),
        ]
        told, columns = self._told(node.output, scope)
        rows = f"{chosen}, {told} FROM {found}{where}"
        sql = f"{change} FROM {DATA} AS s WHERE target.rowid = s.c0"
        output = Output(node.output, rows, 1 + len(sets), columns)
        return Change(table, sql, output=output)

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
            return self._delete(table, alias, node, prefix)
        finally:
            self.release()

    def _delete(self, table: Table, alias: str, node: c.Delete, prefix: str) -> Change:
        if node.source is None and not prefix and node.output is None:
            scope = Scope([table_source(table, alias)])
            where = self._where(node.where, scope)
            sql = f"DELETE FROM {table.relation} AS {quoted(alias)}{where}"
            return Change(table, sql)
        scope = Scope()
        found = self.source(node.source or s.TableSource(node.target), scope)
        where = self._where(node.where, scope)
        chosen = f"{prefix}SELECT {quoted(alias)}.rowid AS c0"
        change = f"DELETE FROM {table.relation} AS target WHERE target.rowid IN"
        if node.output is None:
            return Change(table, f"{change} ({chosen} FROM {found}{where})")
        scope.sources = [
            *scope.sources,
            replace(table_source(table, alias), alias="deleted"),
        ]
        told, columns = self._told(node.output, scope)
        output = Output(
            node.output, f"{chosen}, {told} FROM {found}{where}", 1, columns
        )
        return Change(table, f"{change} (SELECT c0 FROM {DATA})", output=output)

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


def _tables_of(source: s.Source) -> list[s.TableSource]:
    if isinstance(source, s.TableSource):
        return [source]
    if isinstance(source, s.Join):
        return [*_tables_of(source.left), *_tables_of(source.right)]
    return []
