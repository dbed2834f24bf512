"""A range of days: grouped, raced, cut, replaced and compared."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from pipelines.etl_db import sessions_table
from sandbox.holds import When
from tests.kit.backfilling import (
    DAYS,
    FIRST,
    LAST,
    ROWS,
    backfill,
    command,
    filled,
    killed_at,
    kills,
    loaded,
    markers,
)
from tests.kit.project import Project, finished


def sent(project: Project, pattern: str) -> int:
    """How many statements began so since the log was started."""
    return sum(
        one.text.startswith(pattern) for one in project.sandbox.control.statements()
    )


def test_days_are_loaded_together_as_each_would_be_alone(project: Project) -> None:
    shard = filled(project)
    control = project.sandbox.control
    control.start_log()
    result = backfill(project)
    extracts, copies = sent(project, "SELECT\n    q."), sent(project, "COPY ")
    control.stop_log()
    assert (result.code, result.err) == (0, "")
    assert "5 of 5 days of shards complete: 4 loaded, 1 skipped" in result.out
    assert (extracts, copies) == (1, 1)
    together, rows = markers(project), loaded(project)
    assert [row[2] for row in together] == ROWS
    project.on_warehouse(f"DELETE FROM {project.target}; COMMIT")
    project.on_warehouse(
        f"DELETE FROM stage.markers WHERE target_table = '{project.target}'; COMMIT"
    )
    assert project.load(*DAYS).code == 0
    assert (markers(project), loaded(project)) == (together, rows)
    assert len(project.rows(shard)) == sum(ROWS)


def test_each_day_has_a_session_and_its_rows_name_it(project: Project) -> None:
    filled(project)
    assert backfill(project).code == 0
    with project.log() as connection:
        columns = (sessions_table.c.id, sessions_table.c.day, sessions_table.c.outcome)
        log = connection.execute(
            sa.select(*columns, sessions_table.c.loaded_rows).order_by(
                sessions_table.c.day
            )
        ).all()
    assert [(str(row.day), row.outcome, row.loaded_rows) for row in log] == [
        (day, "loaded" if rows else "skipped", rows)
        for day, rows in zip(DAYS, ROWS, strict=True)
    ]
    per_day = project.on_warehouse(
        f"SELECT etl_id, start_time::DATE FROM {project.target} GROUP BY 1, 2"
    )
    assert {(etl_id, str(day)) for etl_id, day in per_day} == {
        (row.id, str(row.day)) for row in log if row.loaded_rows
    }


def test_what_is_there_is_left_alone_and_parts_the_groups(project: Project) -> None:
    filled(project)
    project.load("2019-03-13")
    before = markers(project)
    control = project.sandbox.control
    control.start_log()
    result = backfill(project)
    copies = sent(project, "COPY ")
    control.stop_log()
    assert "3 loaded, 1 skipped, 1 already there, 0 missing" in result.out
    assert copies == 2
    assert before[0] in markers(project)
    again = backfill(project)
    assert "0 loaded, 0 skipped, 5 already there" in again.out


def test_a_group_ends_with_the_day_that_fills_it(project: Project) -> None:
    project.options["load"] = {"group_rows": "41"}
    filled(project)
    control = project.sandbox.control
    control.start_log()
    result = backfill(project)
    copies = sent(project, "COPY ")
    control.stop_log()
    assert result.code == 0, result.err
    assert copies == 3
    assert [row[2] for row in markers(project)] == ROWS
    assert len(loaded(project)) == sum(ROWS)


def test_a_day_that_another_run_loads_meanwhile_is_loaded_once(
    project: Project,
) -> None:
    filled(project)
    project.create_target()
    control = project.sandbox.control
    process = project.start(*command(), paused=True)
    hold = control.hold(
        r'^INSERT INTO "stage"."markers"', server="vertica", client_pid=process.pid
    )
    process.resume()
    control.wait(hold)
    assert project.load("2019-03-13").code == 0
    control.release("go", hold=hold)
    control.remove(hold)
    result = finished(process)
    assert (result.code, result.err) == (0, "")
    assert [row[2] for row in markers(project)] == ROWS
    assert len(loaded(project)) == sum(ROWS)
    assert sorted(map(str, project.outcomes())) == sorted(
        ["loaded"] * 4 + ["skipped", "present"]
    )


STEPS = ["COPY ", "SELECT GET_NUM", 'INSERT INTO "stage"."markers"', "COMMIT"]


@pytest.mark.parametrize(("step", "when"), kills(STEPS))
def test_killed_at_a_statement_all_days_of_a_group_or_none_are_there(
    project: Project, step: str, when: When
) -> None:
    filled(project)
    project.create_target()
    killed_at(project, step, when)
    state = [row[2] for row in markers(project)], len(loaded(project))
    assert state in [([], 0), (ROWS, sum(ROWS))]
    again = backfill(project)
    assert (again.code, again.err) == (0, "")
    assert [row[2] for row in markers(project)] == ROWS
    assert len(loaded(project)) == sum(ROWS)
    assert None not in project.outcomes()


def test_a_failing_shard_is_told_and_the_others_are_loaded(project: Project) -> None:
    good, bad = filled(project), filled(project)
    project.on_shard(bad, "DROP TABLE dbo.Orders")
    result = backfill(project)
    assert result.code == 30
    assert f"orders 2019-03-11 to 2019-03-15 {bad}: " in result.err
    assert "5 of 10 days of shards complete" in result.out
    assert {row[0] for row in markers(project)} == {good}
    listed = project.run("shardline", "alerts", "list").out
    assert "5" in listed, listed


def test_days_that_are_not_over_are_told_and_the_others_loaded(
    project: Project,
) -> None:
    project.add_shard()
    # The shard's own date, of whose first hour the day before is not settled.
    today = datetime.now(ZoneInfo("Europe/Moscow")).date()
    days = [str(today + timedelta(days=at)) for at in (-4, 3)]
    result = project.run("shardline", "backfill", "--from", days[0], "--to", days[1])
    assert result.code == 20
    assert "the day is not over in Europe/Moscow; run it again after" in result.err
    assert len(markers(project)) in (3, 4)


@pytest.mark.long
def test_a_dry_run_tells_what_would_be_done_and_does_nothing(
    project: Project,
) -> None:
    filled(project)
    project.load("2019-03-13")
    told = backfill(project, "--dry-run").out
    assert (
        "orders 2019-03-11 to 2019-03-15: 4 days of shards to do in 2 extracts" in told
    )
    (work,) = json.loads(backfill(project, "--dry-run", "--json").out)
    assert [(one["from"], one["to"]) for one in work["extracts"]] == [
        ("2019-03-11", "2019-03-12"),
        ("2019-03-14", "2019-03-15"),
    ]
    assert len(markers(project)) == 1


def test_what_was_done_is_told_to_programs(project: Project) -> None:
    filled(project)
    result = backfill(project, "--json")
    (report,) = json.loads(result.out)
    assert report["table"] == "orders"
    assert (report["asked"], report["loaded"], report["skipped"]) == (5, 4, 1)
    assert (report["rows"], report["exit_code"]) == (sum(ROWS), 0)


def test_a_run_over_a_range_is_a_backfill(project: Project) -> None:
    filled(project)
    days = ("--from", FIRST, "--to", LAST)
    result = project.run("shardline", "run", "orders", *days)
    assert (result.code, result.err) == (0, "")
    assert "5 of 5 days of shards complete: 4 loaded, 1 skipped" in result.out


def test_luigi_loads_days_together_too(project: Project) -> None:
    shard = filled(project)
    days = ("--first", FIRST, "--last", LAST)
    result = project.luigi("LoadDays", "--table", "orders", "--shard", shard, *days)
    assert result.code == 0, result.err
    assert [row[2] for row in markers(project)] == ROWS


def test_luigis_range_of_one_shard_loads_what_is_missing(project: Project) -> None:
    shard, other = filled(project), filled(project)
    project.load("2019-03-13")
    result = project.luigi(
        *("RangeDaily", "--of", "LoadOrdersShard"),
        *("--of-params", json.dumps({"shard": shard})),
        *("--start", FIRST, "--stop", "2019-03-16", "--days-back", "10000"),
    )
    assert result.code == 0, result.err
    loaded_days = [row[0] for row in markers(project)]
    assert (loaded_days.count(shard), loaded_days.count(other)) == (5, 1)
    assert project.outcomes().count("loaded") + project.outcomes().count("skipped") == 6
