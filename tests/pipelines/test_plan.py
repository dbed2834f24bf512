"""`shardline plan`: what is there, what is missing, what a run would do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from project import DAY, Project, Result, insert, orders
from reporting import CALLS_DDL, RATES_DDL, Reporting

from sandbox.process import SandboxProcess

FIRST, LAST = "2019-03-11", "2019-03-15"


def plan(project: Project, *options: str) -> Result:
    return project.run("shardline", "plan", "--from", FIRST, "--to", LAST, *options)


def as_json(project: Project, *options: str) -> dict[str, Any]:
    result = plan(project, *options, "--json")
    assert (result.code, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    return found


def test_what_is_complete_skipped_and_missing_is_counted(project: Project) -> None:
    full, empty = project.add_shard("abakan"), project.add_shard("chita")
    insert(project, full, orders(5))
    project.load(DAY)
    (table,) = as_json(project)["tables"]
    counted = {name: table[name] for name in ("complete", "skipped", "missing")}
    assert counted == {"complete": 1, "skipped": 1, "missing": 8}
    assert {extract["shard"] for extract in table["extracts"]} == {full, empty}


def test_days_that_follow_each_other_would_be_one_extract(project: Project) -> None:
    project.add_shard("abakan")
    project.load(DAY)
    (table,) = as_json(project)["tables"]
    days = [(one["from"], one["to"]) for one in table["extracts"]]
    assert days == [("2019-03-11", "2019-03-13"), ("2019-03-15", "2019-03-15")]
    told = plan(project).out
    assert "missing: orders 2019-03-11 to 2019-03-13: abakan" in told
    assert "to load: 4 days of shards by 2 extracts and 2 COPYs at most" in told


def test_rows_and_time_are_those_of_the_loads_before(project: Project) -> None:
    known, new = project.add_shard("abakan"), project.add_shard("chita")
    insert(project, known, orders(7))
    project.load(DAY, shards=[known])
    (table,) = as_json(project, "--shards", known)["tables"]
    assert table["rows"] == 7 * 4
    assert table["seconds"] > 0
    (as_the_others,) = as_json(project, "--shards", new)["tables"]
    assert as_the_others["rows"] == 7 * 5


def test_nothing_is_known_of_what_was_never_loaded(project: Project) -> None:
    project.add_shard("abakan")
    (table,) = as_json(project)["tables"]
    assert (table["rows"], table["seconds"]) == (None, None)
    assert "rows and time unknown" in plan(project).out


def test_a_day_that_is_not_over_is_not_missing(project: Project) -> None:
    project.add_shard("abakan")
    result = project.run(
        *("shardline", "plan", "--from", "2999-01-01", "--to", "2999-01-03", "--json")
    )
    (table,) = json.loads(result.out)["tables"]
    assert (table["missing"], table["not_over"]) == (0, 3)


def test_shards_are_named_by_globs_and_by_their_names_as_they_are(
    project: Project,
) -> None:
    for name in ("moscow", "magadan", "chita", "odd[1]"):
        project.add_shard(name)
    shards = ("--shards", "m*", "--shards", "odd[1]")
    (table,) = as_json(project, *shards)["tables"]
    named = {extract["shard"] for extract in table["extracts"]}
    assert named == {"moscow", "magadan", "odd[1]"}


def test_what_names_nothing_is_refused(project: Project) -> None:
    project.add_shard("chita")
    for options, told in (
        (("--shards", "n*"), "no shard is called 'n*'; `shardline shards` lists them"),
        (("--tables", "calls"), "no table is called 'calls'"),
    ):
        result = plan(project, *options)
        assert result.code == 2
        assert told in result.last_line
    backwards = project.run("shardline", "plan", "--from", LAST, "--to", FIRST)
    assert backwards.code == 2
    assert "before they begin" in backwards.last_line


def test_the_markers_are_read_by_one_query_a_table(project: Project) -> None:
    project.add_shard("abakan")
    project.load(DAY)
    control = project.sandbox.control
    hold = control.hold(
        f"{project.target}", server="vertica", action="fail", skip=1, times=9
    )
    assert as_json(project)["missing"] == 4
    control.remove(hold)


@pytest.fixture
def reporting(tmp_path: Path, sandbox: SandboxProcess) -> Reporting:
    found = Reporting(tmp_path, sandbox)
    shard = found.add_shard("abakan")
    for ddl in (CALLS_DDL, RATES_DDL):
        found.on_shard(shard, ddl)
    insert(found, shard, orders(5))
    return found


def test_reports_of_which_something_else_is_loaded_now_are_stale(
    reporting: Reporting,
) -> None:
    assert reporting.run("shardline", "refresh", "--date", DAY).code == 0
    assert as_json(reporting)["stale"] == []
    reporting.on_warehouse(
        f"DELETE FROM stage.markers WHERE \"target_table\" = '{reporting.target}'"
    )
    stale = as_json(reporting)["stale"]
    assert {(one["report"], one["day"]) for one in stale} == {
        ("city_orders", DAY),
        ("daily_orders", DAY),
        ("order_duration", DAY),
    }
    assert f"stale: city_orders {DAY}" in plan(reporting).out
