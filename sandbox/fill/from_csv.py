"""Rows from any CSV file, a shard for each value of one of its columns."""

from __future__ import annotations

import glob
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from sandbox.engine import confine, quoted
from sandbox.fill.databases import first_line, replace_rows
from sandbox.fill.requests import Filled, FillError
from sandbox.fill.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from sandbox.fill.databases import Databases
    from sandbox.fill.requests import CsvFill
    from sandbox.fill.tables import Column, Table

_LONGEST_NAME = 128  # characters of a SQL Server identifier
_INTEGERS = frozenset({"BIGINT", "INTEGER", "UTINYINT"})
# UTF-16 units: characters beyond U+FFFF take two.
_BEYOND = r"[^\x{10000}-\x{10FFFF}]"
_UNITS = "(len({0}) + len(regexp_replace({0}, '{1}', '', 'g')))"


def fill_from_csv(databases: Databases, fill: CsvFill) -> Filled:
    """Fill one database a shard, in place of what its table held.

    Everything is checked before the first row is written, and no shard is changed
    when the rows of another fail.

    Raises:
        FillError: The file, a column or a value is not as it must be.
    """
    table = TABLES[fill.table]
    with duckdb.connect() as reader:
        try:
            rows = _read(reader, table, fill)
            _check_shards(rows)
            for name, column in table.columns.items():
                _check_values(rows, name, column)
            _check_key(rows)
            parts = _split(rows, table)
            days = rows.project(f"shard, {table.date_column}::DATE")
            shard_days = _count(days.distinct())
        except duckdb.Error as error:
            raise FillError(f"{fill.file}: {first_line(error)}") from None
        except FillError as error:
            raise FillError(f"{fill.file}: {error}") from None
    _write(databases, fill.server, table, parts)
    return Filled(
        shards=list(parts),
        rows=sum(part.num_rows for part in parts.values()),
        shard_days=shard_days,
    )


def _read(
    reader: duckdb.DuckDBPyConnection, table: Table, fill: CsvFill
) -> duckdb.DuckDBPyRelation:
    """Return each row's shard, and what the expressions give for it."""
    if not Path(fill.file).is_file():
        raise FillError("there is no such file")
    # The expressions may be anybody's, and read no other file.
    pattern = glob.escape(fill.file)
    confine(reader, [Path(fill.file), Path(pattern)])
    lines = reader.read_csv(
        pattern,
        header=True,
        sample_size=-1,
        # The name of a shard stays text, whatever it looks like.
        dtype={fill.shard_column: "VARCHAR"},
    )
    named = duckdb.ColumnExpression(fill.shard_column)
    # An empty field is NULL, but a quoted one is the empty text.
    shard = duckdb.CaseExpression(named != duckdb.ConstantExpression(""), named)
    empty_shard = duckdb.ConstantExpression(fill.empty_shard)
    lines.select(
        duckdb.CoalesceOperator(shard, empty_shard).alias("shard"),
        *(
            duckdb.SQLExpression(fill.mapping.get(column, "NULL")).alias(column)
            for column in table.columns
        ),
    ).create("filled")
    return reader.table("filled")


def _check_shards(rows: duckdb.DuckDBPyRelation) -> None:
    unnamed = _count(rows.filter("shard IS NULL"))
    if unnamed:
        raise FillError(f"{unnamed} rows name no shard; give --empty-shard NAME")
    names = rows.project("shard").distinct()
    too_long = _first(names.filter(f"len(shard) > {_LONGEST_NAME}"))
    if too_long:
        raise FillError(
            f"a database's name has at most {_LONGEST_NAME} characters: {too_long[0]!r}"
        )
    folded = names.aggregate("list(shard) AS alike", "lower(shard)")
    alike = _first(folded.filter("len(alike) > 1"))
    if alike:
        raise FillError(
            f"case alone does not make two databases of {' and '.join(alike[0])}"
        )


def _check_values(rows: duckdb.DuckDBPyRelation, title: str, column: Column) -> None:
    name, kind = quoted(title), column.made
    unfit = f"TRY_CAST({name} AS {kind}) IS NULL"
    if column.length:
        unfit += f" OR {_UNITS.format(name, _BEYOND)} > {column.length}"
    elif kind in _INTEGERS:
        # A cast to an integer rounds.
        unfit += (
            f" OR TRY_CAST({name} AS DECIMAL(38, 10)) <> TRY_CAST({name} AS {kind})"
        )
    elif kind == "TIMESTAMP":
        unfit += f" OR year(TRY_CAST({name} AS {kind})) NOT BETWEEN 1 AND 9999"
    wrong = rows.filter(f"{name} IS NOT NULL AND ({unfit})")
    found = _first(wrong.project(f"{name}::VARCHAR"))
    if found:
        raise FillError(f"{title}: {found[0]!r} does not fit {column.declared}")
    nulls = _count(rows.filter(f"{name} IS NULL"))
    if nulls and not column.nullable:
        raise FillError(f"{title}: {nulls} rows have no value")


def _check_key(rows: duckdb.DuckDBPyRelation) -> None:
    keys = rows.aggregate("shard, id, count(*) AS times")
    twice = _first(keys.filter("times > 1"))
    if twice:
        raise FillError(f"id: shard {twice[0]!r} has {twice[1]} twice")


def _split(rows: duckdb.DuckDBPyRelation, table: Table) -> dict[str, pa.Table]:
    values = ", ".join(
        f"{quoted(name)}::{column.made} AS {quoted(name)}"
        for name, column in table.columns.items()
    )
    shards = rows.project("shard").distinct().order("shard").fetchall()
    shard = duckdb.ColumnExpression("shard")
    return {
        name: rows.filter(shard == duckdb.ConstantExpression(name))
        .project(values)
        .to_arrow_table()
        for (name,) in shards
    }


def _first(rows: duckdb.DuckDBPyRelation) -> tuple[Any, ...] | None:
    found = rows.limit(1).fetchall()
    return found[0] if found else None


def _count(rows: duckdb.DuckDBPyRelation) -> int:
    return int(rows.shape[0])


def _write(
    databases: Databases, server: str, table: Table, parts: Mapping[str, pa.Table]
) -> None:
    with ExitStack() as running:
        sessions = []
        for shard, made in parts.items():
            opened = databases.open(server, shard, [table])
            session = running.enter_context(closing(opened))
            session.begin()
            replace_rows(session, table, made)
            sessions.append(session)
        for session in sessions:
            session.commit()
