from __future__ import annotations

import datetime as dt
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import jinja2
import pytest

from pipelines.catalog import Catalog, DayRange, Partition, Span, Table, read_catalog
from pipelines.config import CatalogFiles, Warehouse
from pipelines.source.extract import extract_statement
from pipelines.sql import Dialect, Sql, identifier, render
from pipelines.sql.rendering import literal
from pipelines.warehouse import STAGING, copy_statement, staging_statement
from pipelines.warehouse.replace import delete_rows_statement, insert_staged_statement
from pipelines.warehouse.schema import create_statements
from tests.kit.project import REPOSITORY
from tests.kit.report_statements import SHOWN, of_reports

SNAPSHOTS = Path(__file__).parent / "snapshots"
T, V = Dialect.SQL_SERVER, Dialect.VERTICA


@pytest.mark.parametrize(
    ("value", "sql_server", "vertica"),
    [
        (None, "NULL", "NULL"),
        (True, "1", "TRUE"),
        (5, "5", "5"),
        (-5, "(-5)", "(-5)"),
        (Decimal("1.50"), "1.50", "1.50"),
        (1.5, "1.5e0", "1.5e0"),
        (-1e300, "(-1e+300)", "(-1e+300)"),
        ([1, "a"], "1, N'a'", "1, 'a'"),
        ([], "NULL", "NULL"),
        ("O'Hare \\ 🚕", "N'O''Hare \\ 🚕'", "'O''Hare \\ 🚕'"),
        (date(2019, 3, 14), "CAST('2019-03-14' AS date)", "DATE '2019-03-14'"),
        (
            dt.datetime(2019, 3, 14, 1, 2, 3, 4),
            "CAST('2019-03-14T01:02:03.000004' AS datetime2)",
            "TIMESTAMP '2019-03-14 01:02:03.000004'",
        ),
        (
            UUID(int=1),
            "N'00000000-0000-0000-0000-000000000001'",
            "'00000000-0000-0000-0000-000000000001'",
        ),
    ],
)
def test_a_value_is_a_literal_of_its_type(
    value: object, sql_server: str, vertica: str
) -> None:
    assert literal(value, T).text == sql_server
    assert literal(value, V).text == vertica


@pytest.mark.parametrize("name", ['a"b', "a]b", "a.b", "'; DROP TABLE x --", " "])
def test_an_identifier_cannot_leave_its_quotes(name: str) -> None:
    assert identifier(name, T).text == "[" + name.replace("]", "]]") + "]"
    assert identifier(name, V).text == '"' + name.replace('"', '""') + '"'


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_no_server_takes_for_a_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        identifier(name, V)


@pytest.mark.parametrize("value", [b"x", object(), [b"x"]])
def test_a_value_of_another_type_has_no_literal(value: object) -> None:
    with pytest.raises(TypeError):
        literal(value, V)


def test_a_nul_and_a_time_zone_have_no_literal() -> None:
    with pytest.raises(ValueError, match="NUL"):
        literal("a\0b", V)
    with pytest.raises(ValueError, match="time zone"):
        literal(dt.datetime(2019, 1, 1, tzinfo=dt.UTC), V)


def test_a_name_that_is_not_given_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="schema"):
        render("create_schema", V)


def test_raw_text_never_reaches_a_statement() -> None:
    assert render("use_database", T, database="x] DROP") == "USE [x]] DROP]"
    assert "'1; DROP TABLE t'" in render(
        "select_marker",
        V,
        schema="s",
        markers="m",
        target=Sql("x"),
        source="1; DROP TABLE t",
        first=date(2019, 1, 1),
        last=date(2019, 1, 1),
    )


def packaged() -> Catalog:
    files = CatalogFiles()
    return read_catalog(files.tables, files.shards)


def rendered() -> dict[str, str]:
    """Every statement of a load of the packaged orders, and of their report."""
    tables = packaged()
    orders, moscow = tables.table("orders"), tables.shard("moscow")
    partition = Partition(orders, moscow, date(2019, 3, 14))
    key = {"target": orders.target, "source": moscow.name}
    span = {**key, "first": partition.day, "last": partition.day}
    day = Span.of(partition)
    rates = Span(tables.table("rates"), moscow, day.days)
    week = Span(orders, moscow, DayRange(partition.day, date(2019, 3, 20)))
    values = [[partition.day, 1, 2, 3], [date(2019, 3, 15), 4, 0, 0]]
    names = {"schema": "stage", "markers": "markers"}
    sources = ["kazan", "o'hara"]
    return {
        "use_database": render("use_database", T, database=moscow.database),
        "describe_query": render("describe_query", T, query=orders.query),
        "describe_table": render("describe_table", T, schema="dbo", table="Orders"),
        "extract": extract_statement(day),
        "extract_octets": extract_statement(rates, text_as_octets=True),
        "create": ";\n".join(create_statements(Warehouse(), orders)),
        "copy": copy_statement(orders),
        "copied_rows": render("copied_rows", V),
        "insert_marker": render("insert_marker", V, **names, **key, days=values[:1]),
        "insert_markers": render("insert_marker", V, **names, **key, days=values),
        "extract_days": extract_statement(week),
        "create_staging": staging_statement(orders, STAGING),
        "delete_rows": delete_rows_statement(orders, sources, week.days),
        "insert_staged": insert_staged_statement(orders),
        "delete_markers": render(
            "delete_markers",
            V,
            **names,
            target=orders.target,
            sources=sources,
            first=week.first,
            last=week.last,
            sessions=(),
        ),
        "delete_own_markers": render(
            "delete_markers",
            V,
            **names,
            target=orders.target,
            sources=sources,
            first=week.first,
            last=week.last,
            sessions=[7, 8],
        ),
        "count_undated": render(
            "count_undated",
            T,
            query=Sql(orders.query),
            date_column=orders.date_column,
        ),
        "select_marker": render("select_marker", V, **names, **span),
        "select_days": render(
            "select_marker", V, **names, **{**span, "last": week.last}
        ),
        "select_markers": render(
            "select_markers",
            V,
            **names,
            target=orders.target,
            first=partition.day,
            last=partition.day,
        ),
        "look": render("look", V, schema="stage", table="orders"),
        **of_reports(),
        **of_looking(orders, partition.day),
    }


def of_looking(orders: Table, day: date) -> dict[str, str]:
    """The statements of plan and verify."""
    table = {"schema": "stage", "table": "orders", "date_column": orders.date_column}
    start = datetime.combine(day, time())
    range_ = {**table, "start": start, "stop": start + timedelta(days=1)}
    return {
        "count_rows": render("count_rows", V, **range_),
        "select_moved": render("select_moved", V, **range_, key=orders.key),
        "select_values": render(
            "select_values",
            V,
            **range_,
            key=orders.key,
            source="o'hara",
            columns=[column.name for column in orders.columns],
        ),
    }


@pytest.mark.parametrize("name", sorted(rendered()))
def test_a_statement_is_what_it_was(name: str) -> None:
    snapshot = SNAPSHOTS / f"{name}.sql"
    assert rendered()[name] + "\n" == snapshot.read_text(encoding="utf-8")


def test_every_statement_of_the_package_has_a_snapshot() -> None:
    templates = {path.stem for path in (REPOSITORY / "pipelines/sql").glob("*.sql")}
    created = {"create_schema", "create_table", "create_markers", *SHOWN}
    variants = {
        *("create", "extract_days", "extract_octets", "insert_markers"),
        "select_days",
        "delete_own_markers",
    }
    assert templates - created | variants == set(rendered())
