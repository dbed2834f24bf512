"""The tables that a load needs, made when they are not there."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.catalog import MAX_NAME_LENGTH, OCTETS_PER_UNIT, Table
from pipelines.config import Warehouse
from pipelines.errors import ShardlineError
from pipelines.runtime import retrying
from pipelines.sql import Dialect, Sql, render
from pipelines.warehouse.connection import Connection, connect_warehouse
from pipelines.warehouse.errors import MissingRelationError

SOURCE_OCTETS = MAX_NAME_LENGTH * OCTETS_PER_UNIT
"""Most octets in a shard's name."""

NAME_OCTETS = 2 * SOURCE_OCTETS + 1
"""Most octets in schema.table."""


@dataclass(frozen=True)
class _Column:
    name: str
    type: Sql
    nullable: bool


def tables_exist(connection: Connection, markers: str, table: Table) -> bool:
    """Whether the table's target and the marker table are both there."""
    names = {table.schema_and_table, _two_parts(markers)}
    try:
        for schema, name in sorted(names):
            connection.query(render("look", Dialect.VERTICA, schema=schema, table=name))
    except MissingRelationError:
        return False
    return True


def create_tables(options: Warehouse, table: Table) -> None:
    """Make schema, target and marker table, unless they are there.

    Many processes may do so at once. IF NOT EXISTS does not keep two of them from
    colliding on the server's catalog, so one that failed tries again: by then the
    other has done the work, or the fault is a lasting one.
    """
    attempts = retrying(ShardlineError, attempts=5, backoff=0.2, backoff_max=5)
    for attempt in attempts:
        with attempt, connect_warehouse(options) as connection:
            for statement in create_statements(options, table):
                connection.query(statement)


def create_statements(options: Warehouse, table: Table) -> list[str]:
    """The DDL, in the order in which it must run."""
    schema, name = table.schema_and_table
    marker_schema, markers = _two_parts(options.markers)
    schemas = [
        render("create_schema", Dialect.VERTICA, schema=each)
        for each in dict.fromkeys([schema, marker_schema])
    ]
    target = render(
        "create_table",
        Dialect.VERTICA,
        schema=schema,
        table=name,
        columns=_columns(table),
        date_column=table.date_column,
        key=table.key,
    )
    return [
        *schemas,
        target,
        render(
            "create_markers",
            Dialect.VERTICA,
            schema=marker_schema,
            table=markers,
            constraint=f"{markers}_key",
            name_octets=NAME_OCTETS,
            source_octets=SOURCE_OCTETS,
        ),
    ]


def staging_statement(table: Table, staging: str) -> str:
    """The DDL of a temporary table that holds what a target does."""
    return render(
        "create_staging",
        Dialect.VERTICA,
        staging=staging,
        columns=_columns(table),
    )


def _columns(table: Table) -> list[_Column]:
    """Those of the source, and those that every load fills."""
    return [
        *(_Column(one.name, Sql(one.vertica), one.nullable) for one in table.columns),
        _Column("etl_source", Sql(f"VARCHAR({SOURCE_OCTETS})"), nullable=False),
        _Column("etl_id", Sql("INTEGER"), nullable=False),
        _Column("hash_id", Sql("INTEGER"), nullable=False),
    ]


def _two_parts(name: str) -> tuple[str, str]:
    schema, _, table = name.partition(".")
    return schema, table
