"""Whatever is wrong is told in one line: shard, day, cause and what to do."""

from __future__ import annotations

import os
import signal

import pytest

from tests.kit.project import (
    ORDERS_DDL,
    Project,
    Result,
    finished,
    insert,
    orders,
)

DAY = "2019-03-14"


def good_and(project: Project, ddl: str = ORDERS_DDL) -> tuple[str, str]:
    """A shard that loads, and one on another server that will not."""
    good = project.add_shard("good")
    insert(project, good, orders(5))
    return good, project.add_shard("bad", server="mssql_1", ddl=ddl)


def assert_told(project: Project, result: Result, *words: str) -> None:
    """The other shard is loaded, and one line tells what is wrong with the bad one."""
    assert result.code == 30
    (line,) = result.told
    assert line.startswith(f"orders {DAY} bad: ")
    for word in (*words, "; "):
        assert word in line
    assert "1 of 2 shards complete: 1 loaded" in result.out
    assert [marker[0] for marker in project.markers()] == ["good"]
    assert len(project.rows("good")) == 5
    by_luigi = project.luigi("LoadOrders", "--date", DAY)
    assert by_luigi.code == 30
    assert by_luigi.last_line == line


def test_a_wrong_password(project: Project) -> None:
    good_and(project)
    project.options["mssql_1"] = {"password": "wr0ng-s3cret"}
    result = project.load(DAY)
    assert_told(project, result, "refused the login of shardline", "18456", "password")
    assert "wr0ng-s3cret" not in result.err + result.out


def test_an_unreachable_host(project: Project) -> None:
    good_and(project)
    project.options["mssql_1"] = {"port": "1"}
    result = project.load(DAY)
    assert_told(project, result, "127.0.0.1:1 cannot be reached", "luigi.cfg")
    assert project.outcomes().count("failed") == 6


def test_a_missing_database(project: Project) -> None:
    good_and(project)
    project.shards[1] = ("mssql_1", "bad", "no such database")
    result = project.load(DAY)
    assert_told(project, result, "no such database", "911", "shards file")


def test_a_missing_table(project: Project) -> None:
    good_and(project, ddl="")
    assert_told(project, project.load(DAY), "dbo.Orders", "208")


def test_a_missing_column(project: Project) -> None:
    good_and(project, ddl=ORDERS_DDL.replace("end_time", "ended"))
    assert_told(project, project.load(DAY), "end_time", "207", "catalog")


def test_a_column_of_another_type(project: Project) -> None:
    good_and(project, ddl=ORDERS_DDL.replace("type int", "type nvarchar(20)"))
    insert(project, "bad", orders(3))
    told = ("type is nvarchar(20), not int", "catalog")
    assert_told(project, project.load(DAY), *told)


def test_a_null_where_the_catalog_has_none(project: Project) -> None:
    good_and(project, ddl=ORDERS_DDL.replace("type int NOT NULL", "type int NULL"))
    insert(project, "bad", [(1, f"{DAY}T10:00:00", None, None, orders(1)[0][4])])
    result = project.load(DAY)
    warning, result.err = result.err.split("\n", 1)
    assert "bad: type may be NULL in the shard, and the first NULL fails" in warning
    assert_told(project, result, "column 'type'", "NULL")


def test_a_target_of_another_shape(project: Project) -> None:
    project.add_shard("bad")
    insert(project, "bad", orders(3))
    project.on_warehouse(f"CREATE SCHEMA {project.schema}")
    project.on_warehouse(
        f"CREATE TABLE {project.target}"
        " (id INTEGER, etl_source VARCHAR(384), etl_id INTEGER, hash_id INTEGER)"
    )
    result = project.load(DAY)
    assert result.code == 30
    assert result.last_line.startswith(f"orders {DAY} bad: Vertica: ")
    assert "42703" in result.last_line
    assert "compare the target's columns with the catalog" in result.last_line
    assert project.markers() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("shardline", "run", "orders", "--date", DAY, "--shard", "nowhere"),
        (
            *("luigi", "--module", "pipelines.orders", "LoadOrdersShard"),
            *("--date", DAY, "--shard", "nowhere", "--local-scheduler"),
        ),
    ],
)
def test_an_unknown_shard(project: Project, arguments: tuple[str, ...]) -> None:
    good_and(project)
    result = project.run(*arguments)
    assert result.code in {2, 35}
    told = "unknown shard 'nowhere'; `shardline shards` lists them"
    assert told in result.last_line
    assert project.run("shardline", "shards").out.split("\t")[0] == "good"


def test_a_day_that_is_not_over(project: Project) -> None:
    project.add_shard("bad")
    day = "2999-12-31"
    for result in (project.load(day), project.luigi("LoadOrders", "--date", day)):
        assert result.code == 20
        assert result.last_line == (
            f"orders {day} bad: the day is not over in Europe/Moscow;"
            " run it again after 2999-12-31 22:00 UTC"
        )
    assert project.on_warehouse(
        "SELECT COUNT(*) FROM v_catalog.tables"
        f" WHERE table_schema = '{project.schema}' AND table_name = 'orders'"
    ) in ([[0]], [[1]])
    assert project.outcomes() == [] if (project.folder / "etl.db").exists() else True


def test_a_day_that_will_hardly_come_is_not_over(project: Project) -> None:
    project.add_shard("bad")
    result = project.luigi("LoadOrders", "--date", "9999-12-30")
    assert result.code == 20
    assert "the day is not over" in result.last_line


@pytest.mark.parametrize(
    ("section", "option", "value", "told"),
    [
        ("warehouse", "port", "high", "[warehouse] port"),
        ("load", "atempts", "3", "[load] atempts"),
        ("mssql_1", "password", "${NOT_THERE}", "NOT_THERE is not set"),
        ("catalog", "tables", "/nowhere.toml", "/nowhere.toml cannot be read"),
        ("sessions", "database", "nonsense", "[sessions] database"),
    ],
)
def test_a_broken_configuration(
    project: Project, section: str, option: str, value: str, told: str
) -> None:
    good_and(project)
    project.options[section] = {option: value}
    result = project.load(DAY)
    assert result.code in {2, 30}
    assert told in result.last_line
    assert len(result.told) <= 2
    by_luigi = project.luigi("LoadOrders", "--date", DAY)
    assert by_luigi.code in {30, 35}
    assert told in by_luigi.last_line


def test_a_luigi_cfg_that_is_none(project: Project) -> None:
    project.add_shard("good")
    project.own_luigi_cfg = "no section here\n"
    result = project.run("shardline", "tables")
    assert result.code == 2
    (line,) = result.told
    assert line.startswith("shardline: luigi.cfg cannot be read: ")


def test_a_warehouse_that_cannot_be_reached(project: Project) -> None:
    good_and(project)
    project.options["warehouse"] = {"port": "1"}
    result = project.load(DAY)
    assert result.code == 30
    (line,) = result.told
    assert f"orders {DAY}, 2 shards: Vertica 127.0.0.1:1 cannot be reached" in line
    by_luigi = project.luigi("LoadOrders", "--date", DAY)
    assert by_luigi.code == 35
    assert f"orders {DAY}: Vertica 127.0.0.1:1 cannot be reached" in by_luigi.last_line


def test_a_luigid_that_cannot_be_reached_is_told_at_once(project: Project) -> None:
    project.add_shard("good")
    project.options["core"] = {"scheduler_host": "127.0.0.1", "scheduler_port": "1"}
    result = project.load(DAY)
    assert result.code == 30
    warning, line = result.told
    assert "warning: the session log is an SQLite file; containers" in warning
    assert "name a PostgreSQL in [sessions] database" in warning
    assert f"orders {DAY}, 1 shards: luigid 127.0.0.1:1 cannot be reached" in line
    assert "--local-scheduler" in line
    locally = project.run(
        "shardline", "run", "orders", "--date", DAY, "--local-scheduler"
    )
    assert (locally.code, locally.err) == (0, "")


def test_a_wrong_password_of_the_warehouse(project: Project) -> None:
    good_and(project)
    project.options["warehouse"] = {"password": "wr0ng-s3cret"}
    result = project.load(DAY)
    assert result.code == 30
    assert "refused the login of shardline" in result.last_line
    assert "[warehouse]" in result.last_line
    assert "wr0ng-s3cret" not in result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "orders"), "give days by --date or --last, or a range"),
        (("run", "orders", "--date", "14.03.2019"), "'14.03.2019' does not match"),
        (("run", "--date", DAY), "Missing argument 'TABLES...'"),
        (("run", "orders", "--date", DAY, "--workers", "0"), "'--workers'"),
        (("run", "orders", "--date", DAY, "--wrkers", "1"), "--wrkers"),
        (("run", "calls", "--date", DAY), "unknown table 'calls'"),
        (("runn",), "No such command 'runn'"),
    ],
)
def test_wrong_words_on_the_command_line(
    project: Project, arguments: tuple[str, ...], told: str
) -> None:
    project.add_shard()
    result = project.run("shardline", *arguments)
    assert result.code == 2
    assert told in result.last_line
    assert len(result.told) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_says_so_in_one_line(
    project: Project, number: signal.Signals
) -> None:
    shards = [project.add_shard() for _ in range(3)]
    for shard in shards:
        insert(project, shard, orders(3))
    project.create_target()
    control = project.sandbox.control
    hold = control.hold(f"^COPY .*{project.schema}", server="vertica", times=10)
    process = project.start_load("--workers", "2")
    control.wait(hold, count=2)
    os.killpg(process.pid, number)
    result = finished(process)
    control.remove(hold)
    assert result.code == 128 + number
    lines = [line for line in result.told if line]
    assert len(lines) == 2, result.err
    day, last = lines
    assert "(3 shards in all): not loaded, since the run was told to end" in day
    assert f"interrupted by {number.name}; run it again to load" in last
    assert f"orders {DAY}: 0 of 3 shards complete" in result.out
    again = project.load(DAY)
    assert (again.code, again.err) == (0, "")
    assert {len(project.rows(shard)) for shard in shards} == {3}


@pytest.mark.parametrize("named", ["/nowhere/luigi.cfg", "", "."])
def test_a_configuration_that_is_not_there_is_not_done_without(
    project: Project, named: str
) -> None:
    result = project.run("env", f"LUIGI_CONFIG_PATH={named}", "shardline", "tables")
    assert result.code == 2
    (line,) = result.told
    assert "cannot be read" in line


def test_luigi_tells_failures_by_its_exit_code_without_a_luigi_cfg(
    project: Project,
) -> None:
    good_and(project, ddl="")
    project.own_luigi_cfg = "[core]\nautoload_range = true\n"
    result = project.luigi("LoadOrders", "--date", DAY)
    assert result.code == 30
    assert result.last_line.startswith(f"orders {DAY} bad: ")


def test_a_session_log_that_cannot_be_used_is_told_once_before_the_start(
    project: Project,
) -> None:
    good_and(project)
    project.options["sessions"] = {"database": "sqlite:////nowhere/etl.db"}
    result = project.load(DAY)
    assert result.code == 2
    (line,) = result.told
    assert "the ETL database cannot be used: unable to open database file" in line
    assert project.markers() == []


@pytest.mark.parametrize(
    ("section", "option", "value", "told"),
    [
        ("resources", "mssql_0", "0", "[resources] mssql_0: '0'"),
        ("resources", "mssql_0", "four", "[resources] mssql_0: 'four'"),
        ("load", "settle_minutes", "inf", "[load] settle_minutes"),
        ("worker", "timeout", "maybe", "timeout"),
    ],
)
def test_an_option_out_of_its_range_is_named(
    project: Project, section: str, option: str, value: str, told: str
) -> None:
    project.add_shard()
    project.options[section] = {option: value}
    result = project.load(DAY)
    assert result.code == 2
    assert told in result.last_line
    assert len(result.told) == 1


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("command", ["verify", "clear", "plan", "backfill"])
def test_a_day_that_no_server_counts_is_refused(
    project: Project, command: str, day: str
) -> None:
    result = project.run("shardline", command, "--from", day, "--to", day)
    (line,) = result.told
    assert result.code == 2
    assert f"'--from': {day} is not from 1753-01-01 to 2999-12-31" in line
