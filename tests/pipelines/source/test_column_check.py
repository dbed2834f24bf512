"""The columns of a shard are compared with the catalog before a load."""

from __future__ import annotations

import pytest

from sandbox.holds import Failure
from tests.kit.project import DAY, ORDERS, ORDERS_DDL, Project, insert, orders
from tests.kit.steps import STEPS

ALL_COLUMNS = ORDERS.replace("SELECT id, start_time, end_time, type, data", "SELECT *")


def test_new_columns_are_a_warning_that_shards_share(project: Project) -> None:
    for shard in [project.add_shard(), project.add_shard()]:
        insert(project, shard, orders(3))
        project.on_shard(shard, "ALTER TABLE dbo.Orders ADD tip money NULL")
    result = project.load(DAY)
    assert result.code == 0
    (line,) = result.told
    assert line.startswith(f"warning: orders {DAY} ")
    assert "and 1 more shards: dbo.Orders.tip (money) is new and not loaded" in line
    assert "2 of 2 shards complete: 2 loaded" in result.out


def test_a_new_column_of_the_query_is_a_warning_too(project: Project) -> None:
    project.tables = ALL_COLUMNS
    shard = project.add_shard(
        ddl=ORDERS_DDL.replace("type int", "tip money NULL, type int")
    )
    insert(project, shard, orders(3))
    result = project.load(DAY)
    assert result.code == 0
    (line,) = result.told
    assert f"{shard}: tip (money) is new and not loaded" in line
    assert len(project.rows(shard)) == 3


def test_columns_left_out_on_purpose_are_no_warning(project: Project) -> None:
    project.tables = ORDERS.replace("key =", 'ignore = ["Tip"]\nkey =')
    shard = project.add_shard()
    insert(project, shard, orders(3))
    project.on_shard(shard, "ALTER TABLE dbo.Orders ADD tip money NULL")
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (" end_time datetime2 NULL,", "", "end_time is missing"),
        ("type int", "type bigint", "type is bigint, not int"),
        ("data uniqueidentifier", "data nvarchar(36)", "data is nvarchar(36), not uni"),
        ("start_time datetime2", "start_time date", "start_time is date, not datetime"),
    ],
)
def test_missing_and_changed_columns_stop_the_table_before_a_row_is_read(
    project: Project, before: str, after: str, told: str
) -> None:
    project.tables = ALL_COLUMNS
    shard = project.add_shard(ddl=ORDERS_DDL.replace(before, after))
    result = project.load(DAY)
    assert result.code == 30
    (line,) = result.told
    assert line.startswith(f"orders {DAY} {shard}: the shard's columns are not")
    assert told in line
    assert project.markers() == []


def test_a_narrower_type_of_the_same_kind_is_welcome(project: Project) -> None:
    shard = project.add_shard(ddl=ORDERS_DDL.replace("type int", "type smallint"))
    insert(project, shard, orders(3))
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    assert len(project.rows(shard)) == 3


@pytest.mark.parametrize("step", ["describe the query", "describe the table"])
def test_a_server_that_cannot_describe_is_loaded_from_all_the_same(
    project: Project, step: str
) -> None:
    shard = project.loadable(3)
    server, pattern = STEPS[step]
    failure = Failure("no permission", number=297)
    hold = project.sandbox.control.hold(
        pattern, server=server, action="fail", failure=failure
    )
    result = project.load(DAY)
    project.sandbox.control.remove(hold)
    assert (result.code, result.err) == (0, "")
    assert len(project.rows(shard)) == 3


@pytest.mark.parametrize("workers", ["1", "2"])
def test_columns_are_warned_of_in_one_line_once_a_run(
    project: Project, workers: str
) -> None:
    project.options["load"] = {"group_days": "1"}
    nullable = ORDERS_DDL.replace("type int NOT NULL", "type int NULL")
    shard = project.add_shard(
        ddl=nullable.replace("data uniqueidentifier NOT", "data uniqueidentifier")
    )
    project.on_shard(shard, "ALTER TABLE dbo.Orders ADD tip money NULL, fee money NULL")
    days = ("--from", "2019-02-23", "--to", DAY)
    result = project.run("shardline", "backfill", *days, "--workers", workers)
    assert result.code == 0
    new, null = result.told
    assert "dbo.Orders.tip (money), dbo.Orders.fee (money) are new and not" in new
    assert "type, data may be NULL in the shard, and the first NULL fails" in null
