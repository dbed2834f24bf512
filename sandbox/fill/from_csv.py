"""Orders from any CSV file, a shard for each value of one of its columns."""

from __future__ import annotations

import glob
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from sandbox.engine import quoted
from sandbox.fill.orders import first_line, replace_rows
from sandbox.fill.requests import COLUMNS, NULLABLE, Filled, FillError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from sandbox.fill.orders import Shards
    from sandbox.fill.requests import CsvFill

_LONGEST_NAME = 128  # characters of a SQL Server identifier


def fill_from_csv(databases: Shards, fill: CsvFill) -> Filled:
    """Fill one database a shard, in place of what its table held.

    Everything is checked before the first row is written, and no shard is changed
    when the rows of another fail.

    Raises:
        FillError: The file, a column or a value is not as it must be.
    """
    with duckdb.connect() as reader:
        try:
            rows = _read(reader, fill)
            _check_shards(rows)
            for column in COLUMNS:
                _check_values(rows, column)
            _check_key(rows)
            tables = _split(rows)
            shard_days = _count(rows.project("shard, start_time::DATE").distinct())
        except duckdb.Error as error:
            raise FillError(f"{fill.file}: {first_line(error)}") from None
        except FillError as error:
            raise FillError(f"{fill.file}: {error}") from None
    _write(databases, fill.server, tables)
    return Filled(
        shards=list(tables),
        rows=sum(table.num_rows for table in tables.values()),
        shard_days=shard_days,
    )


def _read(reader: duckdb.DuckDBPyConnection, fill: CsvFill) -> duckdb.DuckDBPyRelation:
    """Return each row's shard, and what the expressions give for it."""
    if not Path(fill.file).is_file():
        raise FillError("there is no such file")
    lines = reader.read_csv(
        glob.escape(fill.file),
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
            for column in COLUMNS
        ),
    ).create("orders")
    return reader.table("orders")


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


def _check_values(rows: duckdb.DuckDBPyRelation, column: str) -> None:
    name, kind = quoted(column), COLUMNS[column]
    unfit = f"TRY_CAST({name} AS {kind}) IS NULL"
    if kind in ("BIGINT", "INTEGER"):
        # A cast to an integer rounds.
        unfit += (
            f" OR TRY_CAST({name} AS DECIMAL(38, 10)) <> TRY_CAST({name} AS {kind})"
        )
    elif kind == "TIMESTAMP":
        unfit += f" OR year(TRY_CAST({name} AS {kind})) NOT BETWEEN 1 AND 9999"
    wrong = rows.filter(f"{name} IS NOT NULL AND ({unfit})")
    found = _first(wrong.project(f"{name}::VARCHAR"))
    if found:
        raise FillError(f"{column}: {found[0]!r} does not fit {kind.lower()}")
    nulls = _count(rows.filter(f"{name} IS NULL"))
    if nulls and column not in NULLABLE:
        raise FillError(f"{column}: {nulls} rows have no value")


def _check_key(rows: duckdb.DuckDBPyRelation) -> None:
    keys = rows.aggregate("shard, id, count(*) AS times")
    twice = _first(keys.filter("times > 1"))
    if twice:
        raise FillError(f"id: shard {twice[0]!r} has {twice[1]} twice")


def _split(rows: duckdb.DuckDBPyRelation) -> dict[str, pa.Table]:
    values = ", ".join(
        f"{quoted(column)}::{kind} AS {quoted(column)}"
        for column, kind in COLUMNS.items()
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


def _write(databases: Shards, server: str, tables: Mapping[str, pa.Table]) -> None:
    with ExitStack() as running:
        sessions = []
        for shard, made in tables.items():
            session = running.enter_context(closing(databases.open(server, shard)))
            session.begin()
            replace_rows(session, made)
            sessions.append(session)
        for session in sessions:
            session.commit()
