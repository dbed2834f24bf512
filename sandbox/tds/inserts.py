"""INSERT into DuckDB's SQL: of values, of a query's rows, of rows in bulk."""

# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.session import DATA
from sandbox.tds import syntax as s
from sandbox.tds.changes import Change, ChangeCompiler, Output
from sandbox.tds.convert import assign
from sandbox.tds.failures import invalid_column
from sandbox.tds.literal_rows import literal_table
from sandbox.tds.rowversions import Rowversions, rowversion_sql
from sandbox.tds.scope import Scope, table_source
from sandbox.tds.types import Family
from sandbox.tds.values import Typed, constant
from sandbox.tds.wire_types import OutputColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds import commands as c
    from sandbox.tds.environment import Environment
    from sandbox.tds.tables import Column, Table
    from sandbox.tds.types import SqlType

_FEW_ROWS = 10


class InsertCompiler(ChangeCompiler):
    """Compiles one INSERT."""

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
        super().__init__(environment, rowversions)
        self._identity = identity

    def insert(self, node: c.Insert, *, identity_insert: bool) -> Change:
        """Compile INSERT.

        Raises:
            SqlError: Among others 213, 515, 544, 8101.
        """
        table = self.environment.table(node.table)
        named = self._named(table, node.columns)
        own = table.identity_column
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
            rows = self._value_rows(table, named, own, body, gives=gives)
            if node.output is None:
                return _given_rows(table, rows, gives=gives)
            return self._insert(table, _values(rows), gives, node.output, len(rows))
        if node.query is None:
            raise TypeError(node.text)
        compiled = self.query(node.query)
        sql = self._query_rows(
            table, named, own, compiled.columns, compiled.sql, gives=gives
        )
        return self._insert(table, sql, gives, node.output)

    def insert_data(
        self,
        name: s.TableName,
        columns: Sequence[str],
        kinds: Sequence[SqlType],
        *,
        defaults_nulls: bool,
    ) -> Change:
        """Compile the INSERT of rows that travel as `DATA`.

        Args:
            name: The table's.
            columns: Names of columns; none for all.
            kinds: The types of the data's columns, which are called c0, c1 ...
            defaults_nulls: Whether a NULL becomes the column's default.

        Raises:
            SqlError: Among others 207, 213, 515.
        """
        table = self.environment.table(name)
        named = self._named(table, columns)
        own = table.identity_column
        gives = own is not None and own in named and bool(columns)
        if not columns:
            named = [col for col in named if col not in (own, table.rowversion)]
        shown = ", ".join(
            f"CAST(c{at} AS UUID)" if kind.family is Family.GUID else f"c{at}"
            for at, kind in enumerate(kinds)
        )
        sql = self._query_rows(
            table,
            named,
            own,
            [OutputColumn("", kind) for kind in kinds],
            f"SELECT {shown} FROM {DATA}",
            gives=gives,
            defaults_nulls=defaults_nulls,
        )
        return self._insert(table, sql, gives, None)

    def _insert(
        self,
        table: Table,
        rows: str,
        gives: bool,
        output: s.OutputClause | None,
        count: int | None = None,
    ) -> Change:
        """INSERT of the rows that DuckDB SQL gives, a value for every column."""
        if output is None:
            return Change(table, f"INSERT INTO {table.relation} {rows}", count, gives)
        source = table_source(table, "inserted")
        told, columns = self._told(output, Scope([source]))
        names = ", ".join(quoted(one.name) for one in table.columns)
        own = ", ".join(
            f'"inserted".{quoted(one.name)} AS c{at}'
            for at, one in enumerate(table.columns)
        )
        found = f'SELECT {own}, {told} FROM ({rows}) AS "inserted"({names})'
        width = len(table.columns)
        chosen = ", ".join(f"c{at}" for at in range(width))
        sql = f"INSERT INTO {table.relation} SELECT {chosen} FROM {DATA}"
        return Change(
            table, sql, count, gives, output=Output(output, found, width, columns)
        )

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

    def _value_rows(
        self,
        table: Table,
        named: list[Column],
        own: Column | None,
        body: s.Values,
        *,
        gives: bool,
    ) -> list[list[Typed]]:
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
        return rows

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

    def _query_rows(
        self,
        table: Table,
        named: list[Column],
        own: Column | None,
        given: Sequence[OutputColumn],
        sql: str,
        *,
        gives: bool,
        defaults_nulls: bool = False,
    ) -> str:
        """DuckDB SQL of a value for every column, from a query for some of them."""
        if len(given) != len(named):
            raise SqlError(
                "Column name or number of supplied values does not match table "
                "definition.",
                number=213,
            )
        sources = {
            column.name: Typed(f"s.c{at}", output.type, nullable=output.nullable)
            for at, (column, output) in enumerate(zip(named, given, strict=True))
        }
        shown = []
        for column in table.columns:
            source = sources.get(column.name)
            if column is own and not gives:
                shown.append(self._numbered(table, column))
            elif column is table.rowversion:
                place = "(row_number() OVER ())"
                shown.append(rowversion_sql(self._rowversions.block(), place))
            elif source is None:
                default = self._stored(table, column, s.Default(), Scope(), "INSERT")
                shown.append(default.sql)
            else:
                value = assign(source, column.type, column.name, table.title)
                if defaults_nulls and column.default:
                    value = self._default_for_null(table, column, value)
                shown.append(self._not_null(table, column, value, "INSERT").sql)
        names = ", ".join(f"c{at}" for at in range(len(named)))
        return f"SELECT {', '.join(shown)} FROM ({sql}) AS s({names})"

    def _default_for_null(self, table: Table, column: Column, value: Typed) -> Typed:
        default = self._stored(table, column, s.Default(), Scope(), "INSERT")
        sql = f"coalesce({value.sql}, {default.sql})"
        return Typed(sql, column.type, nullable=default.nullable)

    def _numbered(self, table: Table, column: Column) -> str:
        step = (column.identity or (1, 1))[1]
        first = self._identity(table, column)
        place = f"({first} + (row_number() OVER () - 1) * {step})"
        return f"CAST({place} AS {column.type.storage})"


def _given_rows(
    table: Table, rows: Sequence[Sequence[Typed]], *, gives: bool
) -> Change:
    """INSERT of given rows; many constants travel as data, not as text."""
    if len(rows) > _FEW_ROWS:
        data = literal_table(rows, [column.type for column in table.columns])
        if data is not None:
            sql = f"INSERT INTO {table.relation} SELECT * FROM {DATA}"
            return Change(table, sql, len(rows), gives, data)
    sql = f"INSERT INTO {table.relation} {_values(rows)}"
    return Change(table, sql, len(rows), gives)


def _values(rows: Sequence[Sequence[Typed]]) -> str:
    shown = (f"({', '.join(one.sql for one in row)})" for row in rows)
    return f"VALUES {', '.join(shown)}"
