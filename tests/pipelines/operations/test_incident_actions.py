"""What people ask and do about an incident: `incidents show` and `incidents rerun`."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from pipelines.etl_db import incidents_table
from tests.kit.conversations import talk
from tests.kit.failing_shards import mend, two_of_three_fail
from tests.kit.project import DAY, ORDERS_DDL, Project, Result, insert, orders
from tests.kit.reporting import Reporting

LATER = "2019-03-16"
TOGETHER = (
    "all between them are taken together, 6 days of shards: what of these is there is"
    " left alone"
)


def incidents(project: Project, *words: str) -> Result:
    return project.run("shardline", "incidents", *words)


def shown(project: Project) -> dict[str, Any]:
    result = incidents(project, "show", "1", "--json")
    assert (result.code, result.err) == (0, "")
    found = json.loads(result.out)
    assert isinstance(found, dict)
    return found


def queued(project: Project) -> list[list[str]]:
    """The words of the jobs that are queued, newest first."""
    told = project.run("shardline", "jobs", "list", "--json")
    return [job["words"] for job in json.loads(told.out)]


def failing(project: Project, *days: str) -> Project:
    """A project with an incident: two of three shards failed on each day."""
    two_of_three_fail(project)
    assert project.load(*(days or (DAY,))).code == 30
    assert incidents(project, "list").out.startswith("#1\tnew\t")
    return project


def as_told(project: Project) -> None:
    """What a sender with a channel writes when it has shown all that there is."""
    now = datetime.now(UTC)
    with project.log() as log:
        log.execute(sa.update(incidents_table).values(shown=now, shown_partitions=2))


def test_an_incident_is_shown_with_cause_attempts_log_and_what_comes_next(
    project: Project,
) -> None:
    failing(project)
    assert incidents(project, "acknowledge", "1").code == 0
    told = incidents(project, "show", "1").out.splitlines()
    state, cause, shards, since, lacking, attempts, following, step, *rest = told
    assert state.startswith("#1 new, acknowledged by shell:")
    assert state.endswith(f": 2 of 3 shards of LoadOrders {DAY} failed")
    assert cause.startswith("ProgrammingError 208: SQL Server: Invalid object name")
    assert shards == "shards: first, second"
    assert since.startswith("since 20")
    assert lacking == "lacking still: 2 of 2"
    assert attempts.startswith("attempts that failed: 2, the last at 20")
    assert following.startswith("next: no job is queued for it")
    assert step.startswith("→ check the table's query in the catalog")
    head, row, log, *lines = rest
    assert (head, row) == ("2 failed:", f"orders\t{DAY}\tfirst, second")
    assert log == "log:"
    assert f" orders {DAY} second: SQL Server: Invalid object name" in lines[0]
    assert len(lines) == 2


def test_what_is_mended_lacks_no_more_and_a_job_that_brings_the_rest_comes_next(
    project: Project,
) -> None:
    failing(project)
    as_told(project)
    project.on_shard("first", ORDERS_DDL)
    assert project.load(DAY, shards=["first"]).code == 0
    wished = project.run(
        *("shardline", "run", "orders", "--date", DAY, "--shard", "s*", "--on", "job")
    )
    assert wished.code == 0
    found = shown(project)
    assert [one["shard"] for one in found["failed"]] == ["first", "second"]
    assert [one["shard"] for one in found["lacking"]] == ["second"]
    assert found["next"].startswith("job 1 of shell:")
    assert [job["number"] for job in found["jobs"]] == [1]
    told = incidents(project, "show", "1").out
    assert f"1 lacking still:\norders\t{DAY}\tsecond\n" in told


def test_a_rerun_is_a_backfill_of_just_what_is_lacking_and_ends_the_incident(
    project: Project,
) -> None:
    failing(project)
    mend(project)
    assert project.load(DAY, shards=["first"]).code == 0
    assert incidents(project, "rerun", "1", "--on", "job").code == 0
    (words,) = queued(project)
    assert words == shlex.split(
        f"backfill --table orders --from {DAY} --to {DAY} --shard second"
    )
    again = incidents(project, "rerun", "1", "--on", "job")
    assert "is for the same" in again.out
    assert project.run("shardline", "jobs", "work", "--drain").code == 0
    assert len(project.markers()) == 3
    refused = incidents(project, "rerun", "1")
    assert (refused.code, len(refused.told)) == (2, 1)
    assert "nothing is lacking of incident #1; it is over" in refused.err
    assert incidents(project, "list").out == ""
    assert shown(project)["next"] == "nothing, it is over"


def test_in_a_shell_a_rerun_is_that_command_itself(project: Project) -> None:
    failing(project)
    mend(project)
    result = incidents(project, "rerun", "1")
    assert result.code == 0
    command = f"backfill --table orders --from {DAY} --to {DAY}"
    assert result.out.splitlines()[0] == (
        f"shardline {command} --shard first --shard second"
    )
    assert len(project.markers()) == 3
    entry = project.run("shardline", "audit", "--verb", "backfill").out
    assert "--shard first --shard second" in entry


def test_a_ragged_rest_is_taken_by_the_days_between_and_the_plan_says_so(
    project: Project,
) -> None:
    failing(project, DAY, LATER)
    mend(project)
    assert project.load(DAY, shards=["first"]).code == 0
    assert project.load(LATER, shards=["second"]).code == 0
    told = talk(project, "incidents rerun 1", "1")
    assert told[:2] == [
        "#1 lacks 2 days of shards",
        f"{TOGETHER}, what is missing besides is loaded, too",
    ]
    assert told[2].startswith(
        f"orders {DAY} to {LATER}: 4 days of shards to do in 2 extracts; 2 are there"
    )
    assert told[3] == "Shall I? You have two minutes to say so."
    assert told[5].startswith("Job 1 is queued: shardline backfill --table orders ")
    assert project.run("shardline", "jobs", "work", "--drain").code == 0
    assert shown(project)["lacking"] == []
    assert talk(project, "rerun 1")[0].startswith("nothing is lacking of incident #1")


def test_who_may_only_look_is_shown_an_incident_and_may_not_have_it_rerun(
    project: Project,
) -> None:
    failing(project)
    told = talk(project, "incident 1", "rerun 1", role="viewer")
    assert told[0].startswith("#1 new: 2 of 3 shards")
    assert told[-1].startswith("a viewer may not incidents rerun")


def test_days_that_were_to_be_replaced_are_compared_and_that_ends_it(
    project: Project,
) -> None:
    shard = project.loadable(3)
    assert project.load(DAY).code == 0
    project.on_shard(shard, "DROP TABLE dbo.Orders")
    again = ("backfill", "--from", DAY, "--to", DAY, "--reload")
    assert project.run("shardline", *again).code == 30
    assert len(shown(project)["lacking"]) == 1
    project.on_shard(shard, ORDERS_DDL)
    insert(project, shard, orders(5))
    result = incidents(project, "rerun", "1")
    assert result.code == 0
    assert result.out.splitlines()[0].endswith(f"--to {DAY} --recheck")
    assert len(project.rows(shard)) == 5
    assert incidents(project, "list").out == ""


def test_a_report_that_is_not_fresh_is_refreshed(reporting: Reporting) -> None:
    shard = reporting.add_tables("moscow")
    reporting.fill(shard, DAY, 5, 1)
    told = ("alerts", "tell", "killed", "--for", "reports")
    assert reporting.run("shardline", *told).code == 0
    assert incidents(reporting, "list").code == 0
    found = shown(reporting)
    (day,) = {one["day"] for one in found["lacking"]}
    assert {one["shard"] for one in found["lacking"]} == {None}
    assert incidents(reporting, "rerun", "1", "--on", "job").code == 0
    (words,) = queued(reporting)
    assert (words[0], words[-4:]) == ("refresh", ["--from", day, "--to", day])


def test_what_is_about_no_days_is_shown_and_cannot_be_rerun(project: Project) -> None:
    project.loadable(1)
    assert project.run("shardline", "alerts", "tell", "the backup failed").code == 0
    assert incidents(project, "list").code == 0
    found = shown(project)
    assert (found["failed"][0]["day"], found["log"]) == (None, [])
    result = incidents(project, "rerun", "1")
    assert (result.code, len(result.told)) == (2, 1)
    assert "about no days that could be loaded again; look into the log" in result.err


def test_without_the_warehouse_all_is_shown_but_what_is_lacking(
    project: Project,
) -> None:
    failing(project)
    project.options["warehouse"] = {"host": "127.0.0.1", "port": "1"}
    result = incidents(project, "show", "1")
    assert result.code == 0
    (warning,) = result.told
    assert "what of it is mended is not known" in warning
    assert "2 failed:\n" in result.out
    assert "lacking" not in result.out
    assert incidents(project, "rerun", "1").code == 30


def test_an_incident_that_there_is_not_is_one_line(project: Project) -> None:
    project.loadable(1)
    for verb in ("show", "rerun"):
        result = incidents(project, verb, "4711")
        assert (result.code, len(result.told)) == (2, 1)
        assert "there is no incident #4711" in result.err
