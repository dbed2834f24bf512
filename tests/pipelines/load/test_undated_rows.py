"""Rows of a shard that have no date, and so are in no day's extract."""

from __future__ import annotations

import json

import pytest

from tests.kit.project import DAY, ORDERS, ORDERS_DDL, Project, insert, orders

DDL = ORDERS_DDL.replace("start_time datetime2 NOT NULL", "start_time datetime2 NULL")
TOLD = "2 rows have no date (start_time is NULL)"


def undated(project: Project, *, entry: str = "") -> str:
    """A shard with three orders of `DAY`, and two of no day at all."""
    project.tables = ORDERS.replace("key =", f"{entry}\nkey =")
    shard = project.add_shard(ddl=DDL)
    insert(project, shard, orders(3))
    insert(
        project, shard, [(at, None, *one[2:]) for at, one in enumerate(orders(2), 90)]
    )
    return shard


def test_they_fail_the_load_before_a_row_is_read(project: Project) -> None:
    shard = undated(project)
    result = project.load(DAY)
    assert result.code == 30
    (line,) = result.told
    assert line.startswith(f"orders {DAY} {shard}: {TOLD}, and would be in no day;")
    assert 'undated = "warn"' in line
    assert project.markers() == []


def test_they_are_a_warning_where_the_entry_says_so(project: Project) -> None:
    shard = undated(project, entry='undated = "warn"')
    result = project.load(DAY)
    assert result.code == 0
    assert result.told == [f"warning: orders {DAY} {shard}: {TOLD} and are not loaded"]
    assert len(project.rows(shard)) == 3


def test_a_column_that_may_be_null_and_never_is_says_nothing(project: Project) -> None:
    shard = project.add_shard(ddl=DDL)
    insert(project, shard, orders(3))
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    assert len(project.rows(shard)) == 3


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_counts_them_once_a_shard(project: Project, workers: str) -> None:
    project.options["load"] = {"group_days": "1"}
    undated(project, entry='undated = "warn"')
    control = project.sandbox.control
    control.start_log()
    days = ("--from", "2019-02-23", "--to", DAY)
    result = project.run("shardline", "backfill", *days, "--workers", workers)
    counts = [one for one in control.statements() if "COUNT_BIG" in one.text]
    control.stop_log()
    assert result.code == 0
    assert len(counts) == 1
    assert len(result.told) == 1


@pytest.mark.parametrize(("entry", "code"), [("", 30), ('undated = "warn"', 0)])
def test_verify_counts_them_either_way(project: Project, entry: str, code: int) -> None:
    shard = undated(project, entry='undated = "warn"')
    assert project.load(DAY).code == 0
    project.tables = ORDERS.replace("key =", f"{entry}\nkey =")
    days = ("--from", DAY, "--to", DAY)
    result = project.run("shardline", "verify", *days)
    assert (result.code, result.err) == (code, "")
    assert result.out.splitlines() == [
        f"orders {shard}: {TOLD}",
        "compared 1 days of shards, 3 rows: 0 differ, 2 without a date",
    ]
    found = json.loads(project.run("shardline", "verify", *days, "--json").out)
    assert found["undated"] == [{"table": "orders", "shard": shard, "rows": 2}]


def test_another_column_that_may_be_null_is_a_warning_until_the_first_null(
    project: Project,
) -> None:
    shard = project.add_shard(
        ddl=ORDERS_DDL.replace("type int NOT NULL", "type int NULL")
    )
    insert(project, shard, orders(3))
    result = project.load(DAY)
    assert result.code == 0
    (line,) = result.told
    assert f"{shard}: type may be NULL in the shard, and the first NULL fails" in line
    project.on_shard(shard, "UPDATE dbo.Orders SET type = NULL WHERE id = 2")
    again = project.run("shardline", "backfill", "--from", DAY, "--to", DAY, "--reload")
    assert again.code == 30
    assert "column 'type': NULL where a value is required" in again.last_line


@pytest.mark.parametrize("command", ["run", "verify"])
def test_a_count_that_breaks_off_is_named_with_what_makes_it_cheap(
    project: Project, command: str
) -> None:
    undated(project, entry='undated = "warn"')
    hold = project.sandbox.control.hold(
        "COUNT_BIG", server="mssql_0", action="kill", times=9
    )
    words = ("run", "orders", "--date", DAY)
    if command == "verify":
        words = ("verify", "--from", DAY, "--to", DAY)
    result = project.run("shardline", *words)
    project.sandbox.control.remove(hold)
    assert result.code == 30
    (line,) = result.told
    assert "rows without a date could not be counted: the connection to SQL" in line
    assert "an index that begins with start_time makes that cheap" in line
    assert "`timeout` is how long it may take" in line
