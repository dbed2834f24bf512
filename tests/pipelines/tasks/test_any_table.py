"""A table needs no class; one that has a class has it in a module that is named."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from pipelines.etl_db import sessions_table
from pipelines.orders import LoadOrders
from pipelines.tasks import LoadDay
from sandbox.luigid import Luigid
from tests.kit.project import DAY, ORDERS, Project, insert, orders

NAMES = ("mail", "settings")
"""Tables that are called as modules of the package are."""

LOADS = """
from pipelines.tasks import LoadDay


class TeamLoad(LoadDay):
    retry_count = 3


class {name}(TeamLoad):
    table = "{table}"
"""


def entry(name: str) -> str:
    """The entry of a table that is read from dbo.Orders, too."""
    return ORDERS.replace("[orders", f"[{name}").replace(".orders", f".{name}")


@pytest.fixture
def project(project: Project) -> Project:
    project.tables = "".join(map(entry, NAMES))
    return project


def filled(project: Project) -> str:
    shard = project.add_shard()
    insert(project, shard, orders(3))
    return shard


def count(project: Project, table: str) -> object:
    ((found,),) = project.on_warehouse(f"SELECT COUNT(*) FROM {project.schema}.{table}")
    return found


def families(project: Project) -> list[str]:
    """Luigi's families of the attempts in the session log, in order."""
    with project.log() as log:
        names = log.scalars(
            sessions_table.select().with_only_columns(sessions_table.c.task_name)
        )
        return [str(name).partition("_")[0] for name in names]


def module(project: Project, name: str, text: str) -> None:
    """Write a module of the user's, where PYTHONPATH has it."""
    path = project.folder / "own" / Path(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def own(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PYTHONPATH", str(project.folder / "own"))
    return project


def test_tables_of_any_name_are_loaded_and_loaded_again(project: Project) -> None:
    shard = filled(project)
    loaded = project.run("shardline", "run", *NAMES, "--date", DAY)
    assert (loaded.code, loaded.err) == (0, "")
    assert loaded.out.count("1 of 1 shards complete: 1 loaded") == 2
    assert [count(project, name) for name in NAMES] == [3, 3]
    project.on_shard(shard, "DELETE FROM dbo.Orders WHERE id = 1")
    one = ("backfill", "--from", DAY, "--to", DAY)
    again = project.run("shardline", *one, "--tables", "mail", "--reload")
    assert (again.code, again.err) == (0, "")
    checked = project.run("shardline", *one, "--recheck")
    assert (checked.code, checked.err) == (0, "")
    assert [count(project, name) for name in NAMES] == [2, 2]
    assert set(families(project)) == {"LoadTableShard"}
    verified = project.run("shardline", "verify", *one[1:], "--json")
    assert (verified.code, verified.err) == (0, "")


def test_days_of_tables_without_a_class_are_filled_planned_and_seen(
    project: Project,
) -> None:
    shard = filled(project)
    insert(project, shard, orders(2, "2019-03-15", first=100))
    span = ("--from", DAY, "--to", "2019-03-16")
    planned = project.run("shardline", "plan", *span, "--json")
    assert planned.code == 0, planned.err
    assert [one["table"] for one in json.loads(planned.out)["tables"]] == [*NAMES]
    filling = project.run("shardline", "backfill", *span, "--workers", "2")
    assert (filling.code, filling.err) == (0, "")
    assert filling.out.count("3 of 3 days of shards complete") == 2
    alone = project.run("shardline", "run", "mail", "--date", DAY, "--shard", shard)
    assert "1 of 1 shards complete: 0 loaded, 0 skipped, 1 already" in alone.out
    assert project.run("shardline", "status", *span).code == 0


def test_luigi_loads_a_table_without_a_class_and_its_ranges(project: Project) -> None:
    shard = filled(project)
    luigi = ("luigi", "--module", "pipelines.tasks", "--local-scheduler")
    day = project.run(*luigi, "LoadTable", "--table", "settings", "--date", DAY)
    assert day.code == 0, day.err
    one = ("--table", "mail", "--date", "2019-03-12", "--shard", shard)
    of_shard = project.run(*luigi, "LoadTableShard", *one)
    assert of_shard.code == 0, of_shard.err
    days = ("--start", "2019-03-12", "--stop", "2019-03-15", "--days-back", "10000")
    of_mail = ("--of", "LoadTable", "--of-params", '{"table": "mail"}')
    ranged = project.run(*luigi, "RangeDaily", *of_mail, *days)
    assert ranged.code == 0, ranged.err
    assert [count(project, name) for name in NAMES] == [3, 3]
    days_of_mail = project.on_warehouse(
        f"SELECT day FROM stage.markers WHERE target_table = '{project.schema}.mail'"
        " ORDER BY day"
    )
    assert days_of_mail == [[dt.date(2019, 3, at)] for at in (12, 13, 14)]


def test_the_page_shows_which_table_a_load_is_of(
    project: Project, tmp_path: Path
) -> None:
    from luigi.rpc import RemoteScheduler  # noqa: PLC0415

    shard = filled(project)
    with Luigid(tmp_path / "luigid") as luigid:
        host, port = luigid.address
        project.options["core"] = {"scheduler_host": host, "scheduler_port": str(port)}
        assert project.run("shardline", "run", "mail", "--date", DAY).code == 0
        done = RemoteScheduler(f"http://{host}:{port}").task_list("DONE", "")
    found = {task["name"]: task["params"] for task in done.values()}
    assert found["LoadTableShard"] == {"table": "mail", "date": DAY, "shard": shard}


def test_failures_of_tables_without_a_class_are_told_apart(project: Project) -> None:
    project.add_shard("bad", ddl="")
    result = project.run("shardline", "run", *NAMES, "--date", DAY)
    assert result.code == 30
    assert f"mail {DAY} bad: " in result.err
    listed = project.run("shardline", "alerts", "list", "--json")
    assert {one["headline"] for one in json.loads(listed.out)} == {
        f"1 of 1 shards of LoadTable {name} {DAY} failed" for name in NAMES
    }


def test_a_class_in_a_module_that_is_named_loads_its_table(own: Project) -> None:
    filled(own)
    module(own, "myteam.loads", LOADS.format(name="LoadPost", table="mail"))
    module(own, "more", "from pipelines.orders import LoadOrders\n")
    own.options["catalog"] = {"modules": "myteam.loads, more"}
    result = own.run("shardline", "run", *NAMES, "--date", DAY, "--workers", "2")
    assert (result.code, result.err) == (0, "")
    assert sorted(families(own)) == ["LoadPostShard", "LoadTableShard"]
    luigi = ("luigi", "--module", "myteam.loads", "LoadPost", "--local-scheduler")
    by_luigi = own.run(*luigi, "--date", "2019-03-13")
    assert by_luigi.code == 0, by_luigi.err
    again = ("backfill", "--from", DAY, "--to", DAY, "--reload", "--tables", "mail")
    assert own.run("shardline", *again).code == 0
    assert families(own).count("LoadPostShard") == 3


def test_the_task_of_one_shard_has_what_luigi_asks_of_the_class() -> None:
    class LoadParcels(LoadDay):
        table = "parcels"
        priority = 10
        worker_timeout = 60

    assert LoadParcels.shard_task.priority == 10
    assert LoadParcels.shard_task.worker_timeout == 60
    assert LoadOrders.shard_task.priority == 0


@pytest.mark.parametrize(
    ("modules", "told"),
    [
        (
            "one, two",
            "two classes load table 'mail': one.LoadPost and two.LoadPost; keep one",
        ),
        (
            "three",
            (
                "two classes load table 'orders': pipelines.orders.LoadOrders and"
                " three.LoadPost; keep one"
            ),
        ),
        ("four", "four.LoadPost loads table 'post', which no entry describes"),
        ("ends", "[catalog] modules: ends cannot be imported: SystemExit: 7"),
        ("nowhere.loads", "nowhere.loads cannot be imported: ModuleNotFoundError: No"),
        ("broken", "[catalog] modules: broken cannot be imported: NameError: name 'x'"),
        ("my-loads", "'my-loads' is not a module's name, such as myteam.loads"),
    ],
)
def test_what_is_wrong_with_the_modules_is_one_line(
    own: Project, modules: str, told: str
) -> None:
    own.add_shard()
    module(own, "one", LOADS.format(name="LoadPost", table="mail"))
    module(own, "two", LOADS.format(name="LoadPost", table="mail"))
    module(own, "three", LOADS.format(name="LoadPost", table="orders"))
    module(own, "four", LOADS.format(name="LoadPost", table="post"))
    module(own, "ends", "raise SystemExit(7)\n")
    module(own, "broken", "x\n")
    own.options["catalog"] = {"modules": modules}
    result = own.run("shardline", "run", "settings", "--date", DAY)
    assert (result.code, result.out) == (2, "")
    (line,) = result.told
    assert told in line
