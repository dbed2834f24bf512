"""`shardline clear` forgets days: rows and markers, together, after asking."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from sandbox.holds import Failure
from tests.kit import commands
from tests.kit.project import Project, insert, orders

DAY, NEXT = "2019-03-14", "2019-03-15"
RANGE = ("--from", DAY, "--to", NEXT)


@pytest.fixture
def loaded(project: Project) -> Project:
    """Two shards whose two days are loaded."""
    for name in ("kazan", "moscow"):
        shard = project.add_shard(name)
        insert(project, shard, orders(4, DAY))
        insert(project, shard, orders(3, NEXT, first=101))
    assert project.load(DAY, NEXT).code == 0
    return project


def answered(project: Project, answer: str) -> tuple[int, str]:
    """Run the command on a terminal and type an answer."""
    ours, theirs = os.openpty()
    process = commands.start(
        ["shardline", "clear", *RANGE, "--shards", "moscow"],
        project.folder,
        project.environment(),
        stdin=theirs,
        stderr=2,
    )
    os.write(ours, answer.encode())
    told, _ = process.communicate(timeout=100)
    os.close(theirs)
    os.close(ours)
    return process.returncode, told


@pytest.mark.long
def test_rows_and_markers_go_and_the_next_run_loads_them_again(
    loaded: Project,
) -> None:
    result = loaded.run("shardline", "clear", *RANGE, "--shards", "mos*", "--yes")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        f"orders {DAY} to {NEXT} moscow: 2 markers and 7 rows",
        "in all: 2 markers and 7 rows",
        f"orders {DAY} to {NEXT} moscow: forgot 2 markers and 7 rows",
    ]
    assert loaded.rows("moscow") == []
    assert {marker[0] for marker in loaded.markers()} == {"kazan"}
    assert len(loaded.rows("kazan")) == 7
    assert loaded.load(DAY, NEXT).code == 0
    assert len(loaded.rows("moscow")) == 7


def test_nothing_goes_that_was_not_agreed_to(loaded: Project) -> None:
    dry = loaded.run("shardline", "clear", *RANGE, "--dry-run")
    assert dry.code == 0
    assert "in all: 4 markers and 14 rows" in dry.out
    command = " ".join(("shardline", "clear", *RANGE))
    refused = loaded.run("sh", "-c", f"{command} < /dev/null")
    assert refused.code == 2
    assert "there is no terminal to ask on; give --yes" in refused.last_line
    code, told = answered(loaded, "n\n")
    assert code == 2
    assert "in all: 2 markers and 7 rows" in told
    assert len(loaded.markers()) == 4
    assert len(loaded.rows("moscow")) == 7
    code, _ = answered(loaded, "y\n")
    assert code == 0
    assert loaded.rows("moscow") == []


@pytest.mark.long
def test_orphans_and_shards_that_the_catalog_has_no_more_go_too(
    loaded: Project,
) -> None:
    loaded.on_warehouse(
        f"DELETE FROM stage.markers WHERE \"target_table\" = '{loaded.target}'"
    )
    loaded.shards = [row for row in loaded.shards if row[1] != "kazan"]
    result = loaded.run("shardline", "clear", *RANGE, "--shards", "kazan", "--yes")
    assert result.code == 0
    assert "forgot 0 markers and 7 rows" in result.out
    assert loaded.rows("kazan") == []
    assert len(loaded.rows("moscow")) == 7


def test_rows_and_markers_of_the_named_days_go_by_one_commit(
    loaded: Project,
) -> None:
    failure = Failure("no disk left", number=2927, sqlstate="53100")
    hold = loaded.sandbox.control.hold(
        f'^DELETE FROM "stage"."markers".*{loaded.target}',
        server="vertica",
        action="fail",
        failure=failure,
    )
    result = loaded.run("shardline", "clear", *RANGE, "--yes")
    loaded.sandbox.control.remove(hold)
    assert result.code == 30
    assert "no disk left" in result.last_line
    assert len(loaded.markers()) == 4
    assert len(loaded.rows("moscow")) == 7
    named = ("--from", DAY, "--to", DAY, "--yes")
    assert loaded.run("shardline", "clear", *named).code == 0
    assert {marker[1] for marker in loaded.markers()} == {dt.date(2019, 3, 15)}
    assert {len(loaded.rows(shard)) for shard in ("kazan", "moscow")} == {3}


def test_what_is_not_there_is_not_asked_about(project: Project) -> None:
    project.add_shard("moscow")
    result = project.run("shardline", "clear", *RANGE)
    assert (result.code, result.out) == (0, "there is nothing to forget\n")
    assert project.markers() == []


def test_a_job_deletes_what_somebody_has_agreed_to_and_nothing_else(
    project: Project,
) -> None:
    shard = project.loadable(3)
    assert project.load(DAY).code == 0
    day = ("--from", DAY, "--to", DAY)
    queued = project.run("shardline", "clear", *day, "--yes", "--on", "job")
    assert (queued.code, queued.err) == (0, "")
    insert(project, shard, orders(2, first=100))
    assert project.run("shardline", "backfill", *day, "--reload").code == 0
    assert project.run("shardline", "jobs", "work", "--drain").code == 0
    shown = project.run("shardline", "jobs", "show", "1").out
    assert "state\tfailed\n" in shown
    assert "is not what somebody agreed to any more" in shown
    assert len(project.rows(shard)) == 5
    wished = project.run("shardline", "clear", *day, "--yes", "--on", "job")
    assert wished.out.startswith("job 2 is queued")
    assert project.run("shardline", "jobs", "work", "--drain").code == 0
    assert project.rows(shard) == []
    assert project.markers() == []


@pytest.mark.parametrize("cleared", [[DAY], [DAY, "2019-03-17"]])
def test_a_job_that_is_begun_again_deletes_the_rest_of_what_was_agreed_to(
    project: Project, cleared: list[str]
) -> None:
    shard = project.loadable(3)
    insert(project, shard, orders(2, "2019-03-17", first=101))
    assert project.load(DAY, "2019-03-17").code == 0  # a commit for each
    days = ("--from", DAY, "--to", "2019-03-17")
    wished = project.run("shardline", "clear", *days, "--yes", "--on", "job")
    assert (wished.code, wished.err) == (0, "")
    for day in cleared:  # as by an attempt that was cut off after its commit
        gone = project.run("shardline", "clear", "--from", day, "--to", day, "--yes")
        assert gone.code == 0
    assert project.run("shardline", "jobs", "work", "--drain").code == 0
    assert "state\tsucceeded\n" in project.run("shardline", "jobs", "show", "1").out
    assert project.markers() == []


def test_a_job_is_asked_about_in_a_shell_as_well(loaded: Project) -> None:
    result = loaded.run("shardline", "clear", *RANGE, "--on", "job")
    assert result.code == 2
    assert "in all: 4 markers and 14 rows" in result.out
    assert "nothing is queued: there is no terminal to ask on" in result.err
    assert loaded.run("shardline", "jobs", "list").out == ""


def test_a_name_with_a_comma_is_one_name_in_a_shell(project: Project) -> None:
    for name in ("a,b", "a", "b"):
        insert(project, project.add_shard(name), orders(2, DAY))
    assert project.load(DAY).code == 0
    day = ("--from", DAY, "--to", DAY)
    shown = project.run("shardline", "clear", *day, "--shard", "a,b", "--dry-run")
    assert "in all: 1 markers and 2 rows" in shown.out
    words = ("clear", *day, "--shard", "a,b", "--yes", "--on", "job")
    assert project.run("shardline", *words).code == 0
    assert project.run("shardline", "jobs", "work", "--drain").code == 0
    assert sorted(str(row[0]) for row in project.markers()) == ["a", "b"]
