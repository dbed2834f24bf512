from __future__ import annotations

import datetime as dt
from uuid import UUID

import pandas as pd
import pytest

from sandbox.fill.tables import CALLS, RATES
from tests.kit.project import REPOSITORY, Project, insert, orders
from tests.kit.relay import Relay

DAY = "2019-03-14"


def test_a_day_is_loaded_with_its_marker_and_what_the_load_adds(
    project: Project,
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(50))
    insert(project, shard, orders(3, "2019-03-13", first=1000))
    insert(project, shard, orders(3, "2019-03-15", first=2000))
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "orders 2019-03-14: 1 of 1 shards complete:"
        " 1 loaded, 0 skipped, 0 already there, 0 missing; 50 rows\n"
    )
    assert project.rows(shard) == project.on_shard(
        shard,
        "SELECT id, start_time, end_time, type, data FROM dbo.Orders"
        " WHERE id <= 1000 - 1 ORDER BY id",
    )
    assert project.markers() == [[shard, dt.date(2019, 3, 14), 50]]
    added = project.on_warehouse(
        f"SELECT id, etl_source, etl_id, hash_id FROM {project.target} ORDER BY id"
    )
    frame = pd.DataFrame({"etl_source": shard, "id": [row[0] for row in added]})
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy().view("int64")
    assert [row[3] for row in added] == hashes.tolist()
    ((etl_id,),) = project.on_warehouse(
        f"SELECT etl_id FROM stage.markers WHERE target_table = '{project.target}'"
    )
    assert {row[2] for row in added} == {etl_id}
    assert {row[1] for row in added} == {shard}


@pytest.mark.parametrize(
    ("encryption", "tlsmode", "in_the_clear"),
    [
        (None, None, False),
        ("require", "require", False),
        ("off", "disable", True),
    ],
)
def test_statements_travel_as_the_configuration_says(
    project: Project, encryption: str | None, tlsmode: str | None, in_the_clear: bool
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(300))
    at = project.sandbox.addresses
    with (
        Relay(at.mssql["mssql_0"].host, at.mssql["mssql_0"].port) as mssql,
        Relay(at.vertica.host, at.vertica.port) as vertica,
    ):
        project.options["mssql_0"] = {"port": str(mssql.port)}
        project.options["warehouse"] = {"port": str(vertica.port)}
        if encryption and tlsmode:
            project.options["mssql_0"]["encryption"] = encryption
            project.options["warehouse"]["tlsmode"] = tlsmode
        result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    assert len(project.rows(shard)) == 300
    assert ("FROM dbo.Orders".encode("utf-16-le") in mssql.sent) is in_the_clear
    assert (b"COPY " in vertica.sent) is in_the_clear


def test_a_second_run_loads_nothing(project: Project) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(5))
    assert project.load(DAY).code == 0
    again = project.load(DAY)
    assert again.code == 0
    assert "0 loaded, 0 skipped, 1 already there, 0 missing; 0 rows" in again.out
    assert len(project.rows(shard)) == 5


def test_a_day_without_rows_is_skipped_and_has_a_marker(project: Project) -> None:
    shard = project.add_shard()
    result = project.load(DAY)
    assert result.code == 0
    assert "0 loaded, 1 skipped" in result.out
    assert project.markers() == [[shard, dt.date(2019, 3, 14), 0]]
    assert "1 already there" in project.load(DAY).out


def test_the_first_and_the_last_moment_of_a_day_belong_to_it(project: Project) -> None:
    shard = project.add_shard()
    moments = [
        "2019-03-13T23:59:59.9999999",
        "2019-03-14T00:00:00",
        "2019-03-14T23:59:59.9999999",
        "2019-03-15T00:00:00",
    ]
    insert(
        project,
        shard,
        [(at, moment, None, 0, str(UUID(int=at))) for at, moment in enumerate(moments)],
    )
    assert project.load(DAY).code == 0
    assert [row[:2] for row in project.rows(shard)] == [
        (1, dt.datetime(2019, 3, 14)),
        (2, dt.datetime(2019, 3, 14, 23, 59, 59, 999999)),
    ]


def test_several_days_and_shards_on_several_servers_are_loaded_by_two_workers(
    project: Project,
) -> None:
    shards = [project.add_shard(server=f"mssql_{at % 3}") for at in range(6)]
    for shard in shards:
        insert(project, shard, orders(4, "2019-03-14"))
        insert(project, shard, orders(3, "2019-03-15", first=100))
    result = project.run(
        *("shardline", "run", "orders", "--workers", "2"),
        *("--date", "2019-03-14", "--date", "2019-03-15"),
    )
    assert (result.code, result.err) == (0, "")
    assert [line.split(";")[1] for line in result.out.splitlines()] == [
        " 24 rows",
        " 18 rows",
    ]
    assert len(project.markers()) == 12
    assert {len(project.rows(shard)) for shard in shards} == {7}


def test_only_the_named_shards_are_loaded(project: Project) -> None:
    one, two = project.add_shard(), project.add_shard()
    insert(project, one, orders(2))
    insert(project, two, orders(2))
    result = project.load(DAY, shards=[two])
    assert "1 of 1 shards complete" in result.out
    assert [row[0] for row in project.markers()] == [two]
    assert "2 of 2 shards complete: 1 loaded" in project.load(DAY).out


def test_all_tables_of_the_catalog_are_loaded_by_one_command(
    project: Project,
) -> None:
    packaged = (REPOSITORY / "pipelines/catalog/packaged/tables.toml").read_text(
        "utf-8"
    )
    project.tables = (
        packaged.replace("{", "{{").replace("}", "}}").replace('"stage.', '"{schema}.')
    )
    shard = project.add_shard()
    insert(project, shard, orders(3))
    for table in (CALLS, RATES):
        project.on_shard(shard, table.ddl)
    project.on_shard(
        shard,
        "INSERT INTO dbo.Calls VALUES (1, '2019-03-14T10:00:00', 1, 61, 1),"
        " (2, '2019-03-14T11:00:00', NULL, 0, 0)",
    )
    project.on_shard(
        shard,
        "INSERT INTO dbo.Rates VALUES (1, '2019-03-14T10:30:00', 1, 5, N'Спасибо!'),"
        " (2, '2019-03-14T10:31:00', 1, 0, N''), (3, '2019-03-14', 2, 255, NULL)",
    )
    result = project.run("shardline", "run", "all", "--date", "2019-03-14")
    assert (result.code, result.err) == (0, "")
    assert [line.split(":")[0] for line in result.out.splitlines()] == [
        f"{table} 2019-03-14" for table in ("orders", "calls", "rates")
    ]
    assert len(project.rows(shard)) == 3
    assert project.on_warehouse(
        "SELECT id, started, order_id, duration_s, answered"
        f" FROM {project.schema}.calls ORDER BY id"
    ) == [
        [1, dt.datetime(2019, 3, 14, 10), 1, 61, True],
        [2, dt.datetime(2019, 3, 14, 11), None, 0, False],
    ]
    assert project.on_warehouse(
        f"SELECT id, score, comment FROM {project.schema}.rates ORDER BY id"
    ) == [[1, 5, "Спасибо!"], [2, 0, ""], [3, 255, None]]


def test_luigi_loads_the_same_from_its_own_command_line(project: Project) -> None:
    shards = [project.add_shard(), project.add_shard()]
    for shard in shards:
        insert(project, shard, orders(3))
    result = project.luigi("LoadOrders", "--date", DAY, "--workers", "2")
    assert result.code == 0, result.err
    assert "LoadOrdersShard" in result.err
    assert {len(project.rows(shard)) for shard in shards} == {3}
    again = project.luigi("LoadOrdersShard", "--date", DAY, "--shard", shards[0])
    assert again.code == 0, again.err
    assert len(project.rows(shards[0])) == 3


@pytest.mark.long
def test_range_daily_loads_what_is_missing_and_asks_once(project: Project) -> None:
    shard = project.add_shard()
    for at, day in enumerate(("2019-03-13", "2019-03-14", "2019-03-15")):
        insert(project, shard, orders(2, day, first=10 * at))
    assert project.load("2019-03-14").code == 0
    arguments = (
        *("RangeDaily", "--of", "LoadOrders"),
        *("--start", "2019-03-13", "--stop", "2019-03-16", "--days-back", "100000"),
    )
    project.sandbox.control.start_log()
    result = project.luigi(*arguments)
    assert result.code == 0, result.err
    assert [row[1].isoformat() for row in project.markers()] == [  # type: ignore[attr-defined]
        "2019-03-13",
        "2019-03-14",
        "2019-03-15",
    ]
    project.sandbox.control.start_log()
    again = project.luigi(*arguments)
    assert again.code == 0, again.err
    asked = [s.text for s in project.sandbox.control.statements()]
    project.sandbox.control.stop_log()
    assert len([sql for sql in asked if project.target in sql]) == 1


def test_fifty_processes_may_create_the_target_at_once(project: Project) -> None:
    project.add_shard()
    script = """
import multiprocessing, sys
from pipelines.config import read_settings
from pipelines.warehouse import create_tables

def create(barrier):
    options = read_settings()
    barrier.wait()
    create_tables(options.warehouse, options.catalog.table("orders"))

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(50)
    children = [context.Process(target=create, args=(barrier,)) for _ in range(50)]
    for child in children: child.start()
    for child in children: child.join()
    print([child.exitcode for child in children].count(0))
"""
    (project.folder / "create.py").write_text(script)
    result = project.run("python", "create.py")
    assert result.out == "50\n", result.err
    assert project.on_warehouse(f"SELECT COUNT(*) FROM {project.target}") == [[0]]
