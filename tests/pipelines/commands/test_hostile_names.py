"""Names from the shards file and the servers' words, on terminals, pipes and pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import example, given

from pipelines.catalog import pool_name
from pipelines.tasks.base import NameParameter, WatchedTask
from pipelines.text import known_secrets
from sandbox.luigid import Luigid
from tests.kit.hidden import FAMILY, HOSTILE, TEXTS, hidden
from tests.kit.project import DAY, Project, insert, orders
from tests.kit.terminal import on_terminal

SHARD = f"\x1b[31m\u202e<b>evil\r\n12:00:00 INFO {FAMILY}\u2066"
SHOWN = rf"\x1b[31m\u202e<b>evil\r\n12:00:00 INFO {FAMILY}\u2066"
SERVER = "<img src=x onerror=alert(1)>\u202e"


@pytest.fixture
def hostile(project: Project) -> Project:
    """A shard with a hostile name on a server with one, and another that fails."""
    at = project.sandbox.addresses.mssql["mssql_0"]
    login = {"user": "shardline", "password": "shardline"}
    project.options[SERVER] = {"host": at.host, "port": str(at.port), **login}
    project.add_shard("plain", ddl="")
    insert(project, _renamed(project), orders(3))
    project.shards = [
        (SERVER if name == SHARD else server, name, database)
        for server, name, database in project.shards
    ]
    return project


def _renamed(project: Project) -> str:
    shard = project.add_shard("hostile")
    server, _, database = project.shards.pop()
    project.shards.append((server, SHARD, database))
    assert shard == "hostile"
    return SHARD


@pytest.fixture
def luigid(tmp_path: Path) -> Iterator[Luigid]:
    with Luigid(tmp_path / "luigid") as running:
        yield running


@pytest.mark.parametrize("form", ["human", "json"])
def test_no_command_shows_what_is_hidden_in_a_name(hostile: Project, form: str) -> None:
    shardline = ("shardline", "--log-format", form)
    days = ("--from", DAY, "--to", DAY)
    for command, code in (
        (("run", "orders", "--date", DAY, "--local-scheduler", "--verbose"), 30),
        (("shards",), 0),
        (("plan", *days), 0),
        (("status", *days, "--unfold"), 0),
        (("status", "sessions"), 0),
        (("status", "failures"), 0),
        (("verify", *days, "--tables", "orders"), 30),
        (("connections",), 0),
        (("alerts", "list"), 0),
        (("clear", *days, "--tables", "orders", "--yes"), 0),
        (("run", "orders", "--date", DAY, "--shard", "\x1b[2J"), 2),
    ):
        result = hostile.run(*shardline, *command)
        assert result.code == code, (command, result.err)
        assert not hidden(result.out, keep="\n\t"), command
        assert not hidden(result.err), command
        if form == "json":
            assert all(isinstance(json.loads(line), dict) for line in result.told)
    listed = hostile.run("shardline", "shards").out.splitlines()
    assert len(listed) == 2
    assert SHOWN in listed[1]


def test_luigis_own_command_shows_none_either(hostile: Project) -> None:
    result = hostile.luigi("LoadOrders", "--date", DAY, "--workers", "2")
    assert result.code == 30
    assert rf"shard={SHOWN}" in result.err
    assert "Traceback" in result.err
    assert not hidden(result.out + result.err)


def test_a_terminal_gets_only_the_styles_that_are_ours(hostile: Project) -> None:
    days = ("--from", DAY, "--to", DAY)
    words = ("shardline", "status", *days, "--unfold")
    screen = on_terminal(hostile, *words, columns=120)
    assert screen.code == 0
    assert any(line.startswith(rf"  {SHOWN[:20]}") for line in screen.lines)
    assert not hidden("\n".join(screen.lines))
    assert "\x1b[31m" not in screen.styles


def test_the_name_is_what_it_was_where_it_is_data(hostile: Project) -> None:
    result = hostile.load(DAY, shards=[SHARD])
    assert result.code == 0, result.err
    assert len(hostile.rows(SHARD)) == 3
    days = ("--from", DAY, "--to", DAY)
    found = hostile.run("shardline", "status", *days, "--json")
    assert found.out.isascii()
    assert SHARD in json.loads(found.out)["tables"]["orders"]


def schedule(project: Project, luigid: Luigid) -> None:
    project.options["core"] = {
        "scheduler_host": luigid.address.host,
        "scheduler_port": str(luigid.address.port),
    }


def asked(luigid: Luigid, question: str, **what: str) -> dict[str, Any]:
    """What luigid tells its page."""
    at = f"http://{luigid.address.host}:{luigid.address.port}/api/{question}"
    answer = requests.get(at, params={"data": json.dumps(what)}, timeout=30)
    found: dict[str, Any] = answer.json()["response"]
    return found


def loads(luigid: Luigid, status: str) -> dict[str, Any]:
    tasks = asked(luigid, "task_list", status=status, upstream_status="")
    return {
        name: task for name, task in tasks.items() if task["name"] == "LoadOrdersShard"
    }


def test_luigids_page_gets_no_markup_and_nothing_hidden(
    hostile: Project, luigid: Luigid
) -> None:
    schedule(hostile, luigid)
    hostile.options["resources"] = {pool_name(SERVER): "2"}
    assert hostile.load(DAY).code == 30
    (done,) = loads(luigid, "DONE").values()
    assert done["params"]["shard"] == SHOWN
    assert done["resources"] == {r"\x3cimg src=x onerror=alert(1)\x3e\u202e": 1}
    assert not hidden(json.dumps(done, ensure_ascii=False))


def test_luigids_page_tells_of_a_failure_with_nothing_hidden(
    project: Project, luigid: Luigid
) -> None:
    schedule(project, luigid)
    insert(project, project.add_shard("first"), orders(3))
    project.tables = project.tables.replace(
        "FROM dbo.Orders", "FROM dbo.Orders WHERE type = N'\\u202e\\u001b[31m'"
    )
    assert project.load(DAY).code == 30
    (failed,) = loads(luigid, "FAILED")
    why = asked(luigid, "fetch_error", task_id=failed)["error"]
    assert "Traceback" in why
    assert r"\u202e\x1b[31m" in json.loads(why)
    assert not hidden(json.loads(why))


class SomebodysOwn(WatchedTask):
    def run(self) -> None:
        raise ValueError(f"{HOSTILE} p%40ss%2Fword")


def test_what_a_task_raises_is_told_to_luigid_with_nothing_hidden() -> None:
    known_secrets().add("p@ss/word")
    task = SomebodysOwn()
    try:
        task.run()
    except ValueError as error:
        why = task.on_failure(error)
    assert "Traceback" in why
    assert r"\x1b]0;owned\x07" in why
    assert "ss%2Fword" not in why.rpartition("ValueError")[2]
    assert not hidden(why)


@given(TEXTS)
@example(r"\x5c\x1b \n\\n \u202e")
@example("\\\x1b\\")
def test_luigi_gives_back_the_name_that_it_was_given(name: str) -> None:
    parameter = NameParameter()
    written = parameter.serialize(name)
    assert not hidden(written, keep="")
    assert parameter.parse(written) == name
