"""`shardline plan`: what is there, what is missing, what a run would do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.process import SandboxProcess
from tests.kit.project import DAY, Project, Result, insert, orders
from tests.kit.reporting import CALLS_DDL, RATES_DDL, Reporting

FIRST, LAST = "2019-03-11", "2019-03-15"


def plan(project: Project, *options: str) -> Result:
    return project.run("shardline", "plan", "--from", FIRST, "--to", LAST, *options)


def as_json(project: Project, *options: str) -> dict[str, Any]:
    result = plan(project, *options, "--json")
    assert (result.code, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def test_what_is_there_and_what_a_run_would_do(project: Project) -> None:
    known, new = project.add_shard("abakan"), project.add_shard("chita")
    empty = project.add_shard("moscow")
    insert(project, known, orders(7))
    assert project.load(DAY, shards=[known, empty]).code == 0
    control = project.sandbox.control
    second = control.hold(
        project.target, server="vertica", action="fail", skip=1, times=9
    )
    (table,) = as_json(project)["tables"]
    control.remove(second)  # a query more than one would have failed
    counted = {name: table[name] for name in ("complete", "skipped", "missing")}
    assert counted == {"complete": 1, "skipped": 1, "missing": 13}
    days = [(one["shard"], one["from"], one["to"]) for one in table["extracts"]]
    assert days == [
        (known, FIRST, "2019-03-13"),
        (known, LAST, LAST),
        (new, FIRST, LAST),
        (empty, FIRST, "2019-03-13"),
        (empty, LAST, LAST),
    ]
    rows = [one["rows"] for one in table["extracts"]]
    assert rows == [7 * 3, 7, 3.5 * 5, 0, 0]  # a new shard is as the others are
    assert table["seconds"] > 0
    told = plan(project).out
    assert "missing: orders 2019-03-11 to 2019-03-13: abakan, chita, moscow" in told
    assert "to load: 13 days of shards by 5 extracts and 5 COPYs at most" in told


def test_nothing_is_known_of_what_was_never_loaded(project: Project) -> None:
    project.add_shard("abakan")
    (table,) = as_json(project)["tables"]
    assert (table["rows"], table["seconds"]) == (None, None)
    assert "rows and time unknown" in plan(project).out


def test_shards_are_named_by_globs_and_by_their_names_as_they_are(
    project: Project,
) -> None:
    for name in ("moscow", "magadan", "chita", "odd[1]"):
        project.add_shard(name)
    chosen = ("--shards", "m*", "--shards", "odd[1]", "--json")
    not_over = ("--from", "2019-03-15", "--to", "2999-01-01")
    (table,) = json.loads(project.run("shardline", "plan", *not_over, *chosen).out)[
        "tables"
    ]
    named = {extract["shard"] for extract in table["extracts"]}
    assert named == {"moscow", "magadan", "odd[1]"}
    assert table["missing"] > 0
    assert table["not_over"] > 300_000 * 3


def test_what_names_nothing_is_refused(project: Project) -> None:
    project.add_shard("chita")
    for options, told in (
        (("--shards", "n*"), "unknown shard 'n*'; `shardline shards` lists them"),
        (("--tables", "calls"), "unknown table 'calls'"),
    ):
        result = plan(project, *options)
        assert result.code == 2
        assert told in result.last_line
    backwards = project.run("shardline", "plan", "--from", LAST, "--to", FIRST)
    assert backwards.code == 2
    assert "before they begin" in backwards.last_line


@pytest.fixture
def reporting(tmp_path: Path, sandbox: SandboxProcess) -> Reporting:
    found = Reporting(tmp_path, sandbox)
    shard = found.add_shard("abakan")
    for ddl in (CALLS_DDL, RATES_DDL):
        found.on_shard(shard, ddl)
    insert(found, shard, orders(5))
    return found


@pytest.mark.long
def test_reports_of_which_something_else_is_loaded_now_are_stale(
    reporting: Reporting,
) -> None:
    names = ("city_orders", "client_rates")
    assert reporting.run("shardline", "refresh", *names, "--date", DAY).code == 0
    assert as_json(reporting)["stale"] == []
    reporting.on_warehouse(
        f"DELETE FROM stage.markers WHERE \"target_table\" = '{reporting.target}'"
    )
    assert as_json(reporting)["stale"] == [{"report": "city_orders", "day": DAY}]
    assert f"stale: city_orders {DAY}" in plan(reporting).out
