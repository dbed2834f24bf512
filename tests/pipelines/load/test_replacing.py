"""Days that are loaded again: when asked for, or because they changed."""

from __future__ import annotations

import re

import pytest

from sandbox.clients import connect_vertica
from sandbox.holds import Failure, When
from tests.kit.backfilling import (
    DAYS,
    ROWS,
    backfill,
    command,
    filled,
    killed_at,
    kills,
    loaded,
    markers,
)
from tests.kit.commands import Process
from tests.kit.project import DAY, Project, finished, insert, orders

STEPS = [
    "CREATE LOCAL TEMP",
    "COPY ",
    "SELECT GET_NUM",
    'DELETE FROM "s_',
    'INSERT INTO "s_',
    'DELETE FROM "stage"."markers"',
    'INSERT INTO "stage"."markers"',
    "COMMIT",
]


def changed(project: Project) -> str:
    """A loaded shard, of which a row changed and another moved to the next day."""
    shard = filled(project)
    assert backfill(project).code == 0
    project.on_shard(shard, "UPDATE dbo.Orders SET type = 99 WHERE id = 5")
    project.on_shard(
        shard,
        "UPDATE dbo.Orders SET start_time = '2019-03-15T01:00:00' WHERE id = 3001",
    )
    return shard


def test_a_reload_replaces_each_day_whole(project: Project) -> None:
    shard = changed(project)
    result = backfill(project, "--reload")
    assert (result.code, result.err) == (0, "")
    assert "4 loaded, 1 skipped, 5 of them replaced, 0 already there" in result.out
    assert [row[2] for row in markers(project)] == [40, 0, 7, 299, 2]
    rows = project.rows(shard)
    assert len(rows) == len({row[0] for row in rows}) == sum(ROWS)
    assert [row[3] for row in rows if row[0] == 5] == [99]


@pytest.mark.parametrize(("step", "when"), kills(STEPS))
def test_a_reload_that_is_killed_leaves_the_old_rows_or_the_new(
    project: Project, step: str, when: When
) -> None:
    changed(project)
    old, new = (markers(project), loaded(project)), [40, 0, 7, 299, 2]
    killed_at(project, step, when, "--reload")
    found = markers(project), loaded(project)
    assert found == old or [row[2] for row in found[0]] == new
    again = backfill(project, "--reload")
    assert (again.code, again.err) == (0, "")
    assert [row[2] for row in markers(project)] == new
    assert len(loaded(project)) == sum(ROWS)
    assert project.untold() == []


@pytest.mark.parametrize(("step", "when"), kills(STEPS))
def test_a_recheck_that_is_killed_is_told_and_the_next_one_does_the_rest(
    project: Project, step: str, when: When
) -> None:
    changed(project)
    killed_at(project, step, when, "--recheck")
    again = backfill(project, "--recheck")
    assert (again.code, again.err) == (0, "")
    assert [row[2] for row in markers(project)] == [40, 0, 7, 299, 2]
    assert len(loaded(project)) == sum(ROWS)
    assert project.untold() == []


def test_a_recheck_replaces_just_the_days_that_differ(project: Project) -> None:
    changed(project)
    before = {str(row[1]): row[3] for row in markers(project)}
    result = backfill(project, "--recheck", "--workers", "2")
    assert (result.code, result.err) == (0, "")
    assert "3 loaded, 0 skipped, 3 of them replaced, 2 already there" in result.out
    after = {str(row[1]): row[3] for row in markers(project)}
    differing = {day for day in before if before[day] != after[day]}
    assert differing == {"2019-03-11", "2019-03-14", "2019-03-15"}
    again = backfill(project, "--recheck")
    assert "0 of them replaced" not in again.out
    assert "0 loaded, 0 skipped, 5 already there" in again.out


def test_readers_see_the_old_rows_or_the_new(project: Project) -> None:
    changed(project)
    control = project.sandbox.control
    seen = set()
    days = ("--from", "2019-03-11", "--to", "2019-03-11")
    process = project.start("shardline", "backfill", *days, "--reload", paused=True)
    with connect_vertica(project.sandbox.addresses) as connection:
        cursor = connection.cursor()
        holds = [
            control.hold(
                f"^{step}", when="after", server="vertica", client_pid=process.pid
            )
            for step in STEPS
        ]
        process.resume()
        for hold in holds:
            control.wait(hold)
            cursor.execute(
                "SELECT COUNT(*), MAX(type) FROM "
                f"{project.target} WHERE start_time < '2019-03-12'"
            )
            seen.add(tuple(cursor.fetchall()[0]))
            control.release("go", hold=hold)
            control.remove(hold)
    assert finished(process).code == 0
    assert seen == {(40, 6), (40, 99)}


def test_a_reload_of_a_day_that_was_never_loaded_loads_it(project: Project) -> None:
    filled(project)
    result = backfill(project, "--reload")
    assert (result.code, result.err) == (0, "")
    assert "4 loaded, 1 skipped, 0 already there" in result.out
    assert len(loaded(project)) == sum(ROWS)


def test_a_run_compares_the_days_before_it_when_the_catalog_says_so(
    project: Project,
) -> None:
    project.tables = project.tables.replace(
        'key = "id"', 'key = "id"\nrecheck_days = 2'
    )
    shard = project.add_shard()
    for at, day in enumerate(("2019-03-12", "2019-03-13", DAY)):
        insert(project, shard, orders(3, day, first=10 * at))
    assert project.load("2019-03-12", "2019-03-13").code == 0
    project.on_shard(shard, "UPDATE dbo.Orders SET type = 99 WHERE id = 10")
    result = project.load(DAY)
    assert (result.code, result.err) == (0, "")
    assert "1 loaded, 0 skipped, 1 of them replaced, 1 already there" in result.out
    assert [row[3] for row in project.rows(shard) if row[0] == 10] == [99]


def held(
    project: Project, step: str, *command: str, skip: int = 0
) -> tuple[Process, int]:
    """A run that waits before it sends a statement to the warehouse."""
    process = project.start(*command, paused=True)
    hold = project.sandbox.control.hold(
        f"^{step}", server="vertica", client_pid=process.pid, skip=skip
    )
    process.resume()
    project.sandbox.control.wait(hold)
    return process, hold


RELOAD = ("shardline", "backfill", "--from", DAY, "--to", DAY, "--reload")


@pytest.mark.parametrize("step", STEPS[3:])
def test_rows_that_were_read_earlier_never_replace_rows_that_were_read_later(
    project: Project, step: str
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(50))
    assert project.load(DAY).code == 0
    control = project.sandbox.control
    slow, hold = held(project, step, *RELOAD)
    insert(project, shard, orders(27, first=51))
    fast = project.start(*RELOAD)
    ended = []
    if step == STEPS[3]:
        # Nothing of the slow one is in the way of the fast one yet.
        ended.append(finished(fast))
    control.release("go", hold=hold)
    control.remove(hold)
    ended += [finished(one) for one in (slow, fast)[: 2 - len(ended)]]
    assert [(result.code, result.err) for result in ended] == [(0, "")] * 2
    assert len(project.rows(shard)) == 77
    assert [marker[2] for marker in project.markers()] == [77]


def test_a_day_that_is_cleared_while_it_is_read_again_is_read_once_more(
    project: Project,
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(50))
    assert project.load(DAY).code == 0
    control = project.sandbox.control
    process, hold = held(project, STEPS[3], *RELOAD)
    insert(project, shard, orders(27, first=51))
    days = ("--from", DAY, "--to", DAY)
    assert project.run("shardline", "clear", *days, "--yes").code == 0
    control.release("go", hold=hold)
    control.remove(hold)
    assert finished(process).code == 0
    assert len(project.rows(shard)) == 77
    assert [marker[2] for marker in project.markers()] == [77]


def apart(project: Project) -> str:
    """A loaded shard, of which every other day has changed."""
    shard = filled(project, [10] * len(DAYS))
    assert backfill(project).code == 0
    for day in DAYS[::2]:
        change = "UPDATE dbo.Orders SET type = 99 WHERE start_time BETWEEN %s AND %s"
        project.on_shard(shard, change, (f"{day}T03:00:00", f"{day}T04:00:00"))
    return shard


def test_a_recheck_reads_the_days_once_and_then_those_that_differ(
    project: Project,
) -> None:
    apart(project)
    control = project.sandbox.control
    process = project.start(*command("--recheck"), paused=True)
    control.start_log()
    process.resume()
    result = finished(process)
    control.stop_log()
    assert "3 loaded, 0 skipped, 3 of them replaced, 2 already there" in result.out
    database = project.shards[0][2]
    extracts = [
        sorted(set(re.findall(r"2019-03-\d\d", one.text)))
        for one in control.statements()
        if one.database == database and re.match(r"SELECT\s+q\.", one.text)
    ]
    assert extracts == [["2019-03-11", "2019-03-16"]] + [
        [day, f"2019-03-{int(day[-2:]) + 1}"] for day in DAYS[::2]
    ]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("skip", [0, 1, 2, 3])
def test_a_recheck_that_succeeds_in_the_end_is_a_success(
    project: Project, workers: str, skip: int
) -> None:
    apart(project)
    project.options["load"] = {"attempts": "1"}
    project.options["run"] = {"retries": "1", "retry_pause": "0.01"}
    process = project.start(*command("--recheck", "--workers", workers), paused=True)
    control = project.sandbox.control
    hold = control.hold(
        r"^SELECT\s+q\.",
        action="fail",
        database=project.shards[0][2],
        skip=skip,
        failure=Failure("deadlock", number=1205),
    )
    process.resume()
    result = finished(process)
    assert len(control.wait(hold)) == 1
    control.remove(hold)
    assert (result.code, result.err) == (0, "")
    assert "3 loaded, 0 skipped, 3 of them replaced, 2 already there" in result.out


def test_days_that_could_not_be_compared_are_not_said_to_be_complete(
    project: Project,
) -> None:
    shard = filled(project)
    assert backfill(project).code == 0
    project.on_shard(shard, "DROP TABLE dbo.Orders")
    result = backfill(project, "--recheck")
    assert result.code == 30
    assert "0 of 5 days of shards complete" in result.out
    assert "0 already there, 5 missing" in result.out


@pytest.mark.parametrize("look", ['SELECT "day"', 'SELECT "etl_id"', "CREATE LOCAL"])
def test_a_reload_is_not_met_by_one_that_read_before_it_was_asked_for(
    project: Project, look: str
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(50))
    assert project.load(DAY).code == 0
    control = project.sandbox.control
    early, committing = held(project, STEPS[3], *RELOAD)
    insert(project, shard, orders(27, first=51))
    # Asked for now, with rows that the other one has not read.
    late, looking = held(project, look, *RELOAD)
    control.release("go", hold=committing)
    control.remove(committing)
    assert finished(early).code == 0
    control.release("go", hold=looking)
    control.remove(looking)
    result = finished(late)
    assert (result.code, result.err) == (0, "")
    assert "1 loaded" in result.out
    assert len(project.rows(shard)) == 77
    assert [marker[2] for marker in project.markers()] == [77]


@pytest.mark.parametrize("skip", [0, 1], ids=["by Luigi", "by the load"])
def test_a_reload_leaves_what_another_has_replaced_since_it_was_asked_for(
    project: Project, skip: int
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(50))
    assert project.load(DAY).code == 0
    control = project.sandbox.control
    process, looking = held(project, 'SELECT "etl_id", "rows"', *RELOAD, skip=skip)
    assert project.run(*RELOAD).code == 0
    control.start_log()
    control.release("go", hold=looking)
    control.remove(looking)
    result = finished(process)
    sent = [one.text for one in control.statements() if one.client_pid == process.pid]
    control.stop_log()
    assert (result.code, result.err) == (0, "")
    assert "0 loaded, 0 skipped, 1 already there" in result.out
    assert not any("COPY" in text for text in sent)
