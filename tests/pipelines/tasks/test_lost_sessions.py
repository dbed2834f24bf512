"""Sessions that a dead process left open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines.alerts import Event
from pipelines.etl_db import alerts_table, sessions_table
from sandbox.holds import When
from tests.kit.commands import Process
from tests.kit.project import DAY, Project, finished, insert, kill, orders


@pytest.fixture
def project(logged_project: Project) -> Project:
    return logged_project


RELOAD = ("backfill", "--from", DAY, "--to", DAY, "--tables", "orders", "--reload")
OLD = datetime(2000, 1, 1, tzinfo=UTC)
PAST = "UPDATE sessions SET lease = '2000-01-01 00:00:00.000000'"


def held(project: Project, *words: str, step: str, when: When) -> tuple[Process, int]:
    """Start a command, and wait until it is held at a step."""
    process = project.start("shardline", *words, paused=True)
    hold = project.hold(process, step, when)
    project.sandbox.control.wait(hold)
    return process, hold


def killed(
    project: Project,
    step: str,
    when: When,
    *words: str,
) -> None:
    control = project.sandbox.control
    words = words or ("run", "orders", "--date", DAY)
    process, hold = held(project, *words, step=step, when=when)
    kill(process)
    finished(process)
    control.release("kill", hold=hold)
    control.remove(hold)


def pretend(project: Project, sql: str) -> None:
    with project.log() as log:
        log.execute(sa.text(sql))


def lost(project: Project) -> list[tuple[str, str, str]]:
    """Family, subject and shard of what was told to be lost."""
    columns = alerts_table.c
    query = sa.select(columns.family, columns.subject, columns.shard)
    with project.log() as log:
        found = log.execute(query.where(columns.event == Event.LOST))
        return [tuple(map(str, row)) for row in found]  # type: ignore[misc]


def test_plain_luigi_closes_them_too_even_if_nothing_is_left_to_do(
    project: Project,
) -> None:
    shard = project.add_shard()
    insert(project, shard, orders(10))
    killed(project, "commit", "after")
    assert project.outcomes() == [None]
    assert project.luigi("LoadOrders", "--date", DAY).code == 0
    assert project.outcomes() == ["loaded"]


def test_one_of_another_host_stays_open_until_its_day_has_a_marker(
    project: Project,
) -> None:
    first, second = project.add_shard("first"), project.add_shard("second")
    insert(project, first, orders(10))
    insert(project, second, orders(10))
    killed(project, "extract", "before")
    pretend(project, "UPDATE sessions SET host = 'elsewhere'")
    assert project.load(DAY, shards=["second"]).code == 0
    assert project.outcomes() == [None, "loaded"]
    assert project.load(DAY, shards=["first"]).code == 0
    assert project.load(DAY).code == 0
    assert project.outcomes() == ["lost", "loaded", "loaded"]


def test_one_whose_process_is_at_work_is_left_alone(project: Project) -> None:
    shard, other = project.add_shard("first"), project.add_shard("second")
    insert(project, shard, orders(10))
    control = project.sandbox.control
    process = project.start_load("--shard", "first", paused=True)
    hold = project.hold(process, "extract")
    control.wait(hold)
    assert project.load(DAY, shards=[other]).code == 0
    assert project.outcomes() == [None, "skipped"]
    control.release("go", hold=hold)
    assert finished(process).code == 0
    assert project.outcomes() == ["loaded", "skipped"]


@pytest.mark.parametrize("host", ["this", "another"])
def test_a_reload_that_is_at_work_is_left_alone(project: Project, host: str) -> None:
    shard = project.loadable(10)
    assert project.load(DAY).code == 0
    process, hold = held(project, *RELOAD, step="extract", when="before")
    if host == "another":
        pretend(project, "UPDATE sessions SET host = 'elsewhere'")
    assert project.load(DAY).code == 0
    assert project.outcomes() == ["loaded", None]
    assert lost(project) == []
    project.sandbox.control.release("go", hold=hold)
    assert finished(process).code == 0
    assert project.outcomes() == ["loaded", "loaded"]
    assert len(project.rows(shard)) == 10


def test_a_reload_that_was_killed_on_another_host_is_told_when_its_lease_is_over(
    project: Project,
) -> None:
    shard = project.loadable(10)
    assert project.load(DAY).code == 0
    killed(project, "extract", "before", *RELOAD)
    pretend(project, "UPDATE sessions SET host = 'elsewhere'")
    assert project.load(DAY).code == 0
    assert project.outcomes() == ["loaded", None]
    pretend(project, PAST)
    for _ in range(2):
        assert project.load(DAY).code == 0
    assert project.outcomes() == ["loaded", "lost"]
    assert lost(project) == [("LoadOrders", "orders", shard)]


def test_a_killed_load_on_another_host_is_told_though_nobody_loads_its_day(
    project: Project,
) -> None:
    shard = project.loadable(10)
    other = project.add_shard("other")
    killed(
        project, "extract", "before", "run", "orders", "--date", DAY, "--shard", shard
    )
    pretend(project, "UPDATE sessions SET host = 'elsewhere'")
    pretend(project, PAST)
    assert project.load(DAY, shards=[other]).code == 0
    assert project.outcomes() == ["lost", "skipped"]
    assert lost(project) == [("LoadOrders", "orders", shard)]


def test_a_killed_reload_is_told_though_the_log_has_forgotten_the_load(
    project: Project,
) -> None:
    shard = project.loadable(10)
    assert project.load(DAY).code == 0
    pretend(project, "DELETE FROM sessions")
    killed(project, "extract", "before", *RELOAD)
    assert project.load(DAY).code == 0
    assert project.outcomes() == ["lost"]
    assert lost(project) == [("LoadOrders", "orders", shard)]


def test_a_killed_reload_is_told_though_one_that_read_earlier_was_done_since(
    project: Project,
) -> None:
    shard = project.loadable(10)
    assert project.load(DAY).code == 0
    early, replacing = held(project, *RELOAD, step="commit", when="before")
    insert(project, shard, orders(7, first=11))
    late, reading = held(project, *RELOAD, step="extract", when="before")
    control = project.sandbox.control
    control.release("go", hold=replacing)
    assert finished(early).code == 0
    kill(late)
    finished(late)
    control.release("kill", hold=reading)
    assert project.load(DAY).code == 0
    assert project.outcomes() == ["loaded", "loaded", "lost"]
    assert len(project.rows(shard)) == 10
    assert lost(project) == [("LoadOrders", "orders", shard)]


def test_a_killed_reload_is_told_though_a_load_of_its_day_has_failed_since(
    project: Project,
) -> None:
    shard = project.loadable(10)
    assert project.load(DAY).code == 0
    killed(project, "extract", "before", *RELOAD)
    project.options["warehouse"] = {"port": "1"}
    assert project.load(DAY).code == 30
    del project.options["warehouse"]
    assert project.load(DAY).code == 0
    assert lost(project) == [("LoadOrders", "orders", shard)]


def test_what_the_catalog_lacks_is_left_to_others_for_a_day_and_then_told(
    project: Project,
) -> None:
    shard, own = project.loadable(10), project.shards.pop()
    kept = project.add_shard("kept")
    project.shards.insert(0, own)
    words = ("run", "orders", "--date", DAY, "--shard", shard)
    killed(project, "extract", "before", *words)
    project.shards.remove(own)
    now = datetime.now(UTC)
    for lease, outcome in ((-1, None), (24 * 60 - 1, None), (24 * 60 + 1, "lost")):
        with project.log() as log:
            then = now - timedelta(minutes=lease)
            one = sessions_table.c.shard == shard
            aged = sa.update(sessions_table).where(one)
            log.execute(aged.values(started=OLD, lease=then))
        assert project.load(DAY, shards=[kept]).code == 0
        assert project.outcomes()[0] == outcome
    assert lost(project) == [("LoadOrders", "orders", shard)]


def test_a_load_at_work_is_left_alone_though_others_have_brought_its_day(
    project: Project,
) -> None:
    project.loadable(3)
    control = project.sandbox.control
    process = project.start_load(paused=True)
    hold = project.hold(process, "look for the marker")
    control.wait(hold)
    assert project.load(DAY).code == 0
    assert project.load("2019-03-13").code == 0
    assert project.outcomes() == [None, "loaded", "skipped"]
    control.release("go", hold=hold)
    control.remove(hold)
    assert finished(process).code == 0
    assert project.outcomes() == ["present", "loaded", "skipped"]
