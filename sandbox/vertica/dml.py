"""INSERT, UPDATE, DELETE and MERGE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from sandbox.engine import quoted
from sandbox.errors import SqlError
from sandbox.locks import Mode
from sandbox.session import DATA
from sandbox.vertica import types
from sandbox.vertica.catalog import MACROS
from sandbox.vertica.dialect import parse
from sandbox.vertica.failures import invalid_interval
from sandbox.vertica.functions import call
from sandbox.vertica.incoming import expression
from sandbox.vertica.literal_rows import literal_rows
from sandbox.vertica.text_values import convert
from sandbox.vertica.translate import translate
from sandbox.vertica.words import Name, syntax_error, unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.vertica.catalog import ColumnDefinition, Table
    from sandbox.vertica.transaction import Transaction
    from sandbox.vertica.types import SqlType


_INTERVALS = frozenset({types.INTERVAL, types.INTERVAL_YM})
_PRIVILEGES: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Update: ("UPDATE",),
    exp.Delete: ("DELETE",),
    exp.Merge: ("INSERT", "UPDATE"),
}


def run_dml(tree: exp.Expr, transaction: Transaction) -> int:
    """Run a statement that changes rows; undone by itself if it fails.

    Returns:
        The number of rows it changed.
    """
    if isinstance(tree, exp.Insert):
        return _insert(tree, transaction)
    target = tree.this if isinstance(tree.this, exp.Table) else None
    if target is None:
        raise syntax_error(tree.key)
    table = transaction.locked_table(
        _name(target), Mode.EXCLUSIVE, *_PRIVILEGES[type(tree)]
    )
    changed = translate(tree, transaction.environment)
    if not isinstance(tree, exp.Delete) or tree.args.get("where"):
        transaction.environment.privileges.require_all("SELECT", changed.relations)
    _check_assignments(changed.tree, table)
    mark = transaction.engine.savepoint()
    try:
        count = transaction.engine.write(changed.sql)
        if not isinstance(tree, exp.Delete):
            transaction.validate_keys(table)
    except BaseException:
        transaction.engine.rollback_to(mark)
        raise
    return count


def store(
    transaction: Transaction, table: Table, columns: Sequence[str], rows: pa.Table
) -> int:
    """Insert given rows, with the defaults of the other columns, and check keys.

    The rows are given as values, not as a query, so that replaying the insert after
    a later error cannot change them.

    Args:
        transaction: Whose.
        table: Into which, locked.
        columns: The columns, in the rows' order.
        rows: Of any types.
    """
    given = [table.column(name) for name in columns]
    data = rows.rename_columns([f"c{i}" for i in range(rows.num_columns)])
    data = _with_intervals(data, given)
    values = [
        stored_value(f"c{i}", data.column(i), column) for i, column in enumerate(given)
    ]
    others = [
        c for c in table.columns if c not in given and (c.default or not c.nullable)
    ]
    values += [default_value(column, transaction) for column in others]
    listed = ", ".join(quoted(c.name) for c in [*given, *others])
    source, parameters = _single_row(data) or (DATA, [])
    mark = transaction.engine.savepoint()
    try:
        count = transaction.engine.write(
            f"INSERT INTO {table.stored} ({listed}) "  # noqa: S608 - quoted names
            f"SELECT {', '.join(values)} FROM {source}",
            parameters,
            data=None if parameters else data,
            fresh=False,
        )
        transaction.validate_keys(table)
    except BaseException:
        transaction.engine.rollback_to(mark)
        raise
    return count


def _single_row(rows: pa.Table) -> tuple[str, list[object]] | None:
    """One row of plain values as DuckDB takes it most cheaply, and its parameters."""
    if rows.num_rows != 1 or not all(map(_is_plain, rows.schema.types)):
        return None
    names = ", ".join(f"? AS {name}" for name in rows.column_names)
    return f"(SELECT {names})", [column[0].as_py() for column in rows.columns]


def _is_plain(kind: pa.DataType) -> bool:
    return kind in {pa.string(), pa.int64(), pa.date32(), pa.bool_()}


def _with_intervals(rows: pa.Table, columns: Sequence[ColumnDefinition]) -> pa.Table:
    """Read texts for columns of intervals, as DuckDB would read them otherwise."""
    for place, column in enumerate(columns):
        texts = rows.column(place)
        if column.type.oid in _INTERVALS and pa.types.is_string(texts.type):
            octets = [t and t.encode() for t in texts.to_pylist()]
            values, unread = convert(octets, column.type)
            if unread:
                raise invalid_interval(next(iter(unread.values())).decode())
            read = pa.array(values, pa.int64())
            rows = rows.set_column(place, f"c{place}", read)
    return rows


def stored_value(name: str, given: pa.ChunkedArray, column: ColumnDefinition) -> str:
    """The SQL that makes a value fit its column, or fails."""
    kind, value = column.type, quoted(name)
    if kind.oid == types.BOOL:
        value = f"{MACROS}.truth({value})"
    elif kind.oid in types.CHARACTER | types.BYTES:
        value = _octets(value, given, kind)
    else:
        value = f"CAST({value} AS {kind.stored})"
    if kind.oid in _INTERVALS and pa.types.is_integer(given.type):
        value = expression(name, kind)
    if column.nullable or not given.null_count:
        return value
    return _required(value, column.name)


def _octets(value: str, given: pa.ChunkedArray, kind: SqlType) -> str:
    is_text = pa.types.is_string(given.type)
    if kind.oid in types.CHARACTER:
        value = f"CAST({value} AS VARCHAR)"
        check = "fit"
    else:
        value = f"encode({value})" if is_text else f"CAST({value} AS BLOB)"
        check = "fit_bytes"
    if kind.oid == types.CHAR:
        value = f"rtrim({value}, ' ')"
    longest = pc.max(pc.binary_length(given)).as_py() if is_text else None
    if longest is not None and longest <= (kind.length or 0):
        return value
    title = f"{kind.title}({kind.length})"
    return f"{MACROS}.{check}({value}, {kind.length}, '{title}')"


def _required(value: str, name: str) -> str:
    literal = "'" + name.replace("'", "''") + "'"
    return f"{MACROS}.required({value}, {literal})"


def default_value(column: ColumnDefinition, transaction: Transaction) -> str:
    """The SQL of a column's default; without one it fails where NULL may not be."""
    if column.default is None:
        return _required(f"CAST(NULL AS {column.type.stored})", column.name)
    tree = parse(f"SELECT {column.default}").expressions[0]
    value = translate(tree, transaction.environment)
    return f"CAST({value.sql} AS {column.type.stored})"


def _insert(tree: exp.Insert, transaction: Transaction) -> int:
    target, names = _target(tree)
    table = transaction.locked_table(_name(target), Mode.INSERT, "INSERT")
    columns = names or [c.name for c in table.columns]
    source = tree.expression
    if source is None:
        raise unsupported("INSERT without VALUES or SELECT")
    if isinstance(source, exp.Values):
        source = _with_defaults(source, [table.column(n) for n in columns])
    rows = literal_rows(source) if isinstance(source, exp.Values) else None
    if rows is None:
        query = transaction.translate(source)
        fresh = source.find(exp.Table) is not None
        rows = transaction.engine.read(query.sql, fresh=fresh).table()
    if rows.num_columns > len(columns):
        raise SqlError(
            "INSERT has more expressions than target columns",
            number=3483, sqlstate="42601",
        )  # fmt: skip
    if names and rows.num_columns < len(columns):
        raise SqlError(
            "INSERT has more target columns than expressions",
            number=3484, sqlstate="42601",
        )  # fmt: skip
    return store(transaction, table, columns[: rows.num_columns], rows)


def _target(tree: exp.Insert) -> tuple[exp.Table, list[str]]:
    target = tree.this
    names: list[str] = []
    if isinstance(target, exp.Schema):
        names = [column.name for column in target.expressions]
        target = target.this
    if not isinstance(target, exp.Table):
        raise syntax_error("INTO")
    return target, names


def _name(node: exp.Table) -> Name:
    return Name(node.db or None, node.name)


def _with_defaults(values: exp.Values, columns: list[ColumnDefinition]) -> exp.Expr:
    """VALUES with each DEFAULT replaced by what the column declares."""
    copy = values.copy()
    for row in copy.expressions:
        cells = row.expressions if isinstance(row, exp.Tuple) else [row]
        for cell, column in zip(cells, columns, strict=False):
            is_default = isinstance(cell, (exp.Column, exp.Var)) and (
                cell.name.upper() == "DEFAULT"
            )
            if is_default:
                default = column.default
                cell.replace(
                    parse(f"SELECT {default}").expressions[0].copy()
                    if default
                    else exp.null()
                )
    return copy


def _check_assignments(tree: exp.Expr, table: Table) -> None:
    """Make UPDATE's and MERGE's values fit their columns, or fail."""
    for change in tree.find_all(exp.Update):
        for assignment in change.expressions:
            if isinstance(assignment, exp.EQ):
                column = table.column(assignment.this.name)
                value = _fitted(assignment.expression.copy(), column)
                assignment.set("expression", value)
    for when in tree.find_all(exp.When):
        added = when.args["then"]
        if isinstance(added, exp.Insert) and isinstance(added.this, exp.Tuple):
            pairs = zip(
                added.this.expressions, added.expression.expressions, strict=False
            )
            for name, value in list(pairs):
                value.replace(_fitted(value.copy(), table.column(name.name)))


def _fitted(value: exp.Expr, column: ColumnDefinition) -> exp.Expr:
    kind = column.type
    if kind.oid in types.CHARACTER and kind.length:
        text = exp.Cast(this=value, to=exp.DataType.build("VARCHAR", dialect="duckdb"))
        value = call("fit", text, kind.length, f"{kind.title}({kind.length})")
    if not column.nullable:
        value = call("required", value, column.name)
    return value
