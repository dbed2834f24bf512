"""Whatever starts a run, what fails in it is in the outbox."""

from __future__ import annotations

import os

import pytest
import sqlalchemy as sa

from pipelines.etl_db import alerts_table
from sandbox.holds import Failure
from tests.kit.project import DAY, ORDERS, Project, finished, insert, orders
from tests.kit.reporting import Reporting
from tests.kit.steps import STEPS

NEXT, LAST = "2019-03-15", "2019-03-16"
AT = ("--date", NEXT)
SPAN = ("--shard", "first", "--first", NEXT, "--last", LAST)
RANGE = ("--of", "LoadOrders", "--start", NEXT, "--stop", LAST, "--days-back", "36500")
OF_MAIL = ("LoadTable mail", "mail")
OWN = """
from pipelines.tasks import LoadDay


class LoadMail(LoadDay):
    table = "mail"
"""
KILLED = """
import os, signal, sys
from pipelines import {module}
from pipelines.__main__ import main

def out_of_memory(self):
    os.kill(os.getpid(), signal.SIGKILL)

{module}.{task}.run = out_of_memory
sys.argv[0] = "shardline"
main()
"""


def recorded(project: Project) -> set[tuple[str, str, str]]:
    """Family, subject and event of each row of the outbox."""
    columns = alerts_table.c
    query = sa.select(columns.family, columns.subject, columns.event)
    with project.log() as log:
        return {tuple(map(str, row)) for row in log.execute(query)}  # type: ignore[misc]


@pytest.fixture
def broken(project: Project) -> Project:
    """A project with a day that is loaded, whose source is gone."""
    mail = ORDERS.replace("[orders", "[mail").replace(".orders", ".mail")
    project.tables = ORDERS + mail
    shard = project.add_shard("first")
    insert(project, shard, orders(3))
    assert project.load(DAY).code == 0
    project.on_shard(shard, "DROP TABLE dbo.Orders")
    return project


@pytest.mark.parametrize(
    "words",
    [
        ("run", "orders", "--date", NEXT),
        ("backfill", "--from", NEXT, "--to", NEXT, "--tables", "orders"),
        ("backfill", "--from", DAY, "--to", DAY, "--tables", "orders", "--reload"),
        ("backfill", "--from", DAY, "--to", DAY, "--tables", "orders", "--recheck"),
        ("refresh", "daily_orders", "--date", NEXT),
        ("run", "orders", "--from", NEXT, "--to", LAST),
        ("backfill", "--from", NEXT, "--to", LAST, "--tables", "orders"),
        ("backfill", "--from", DAY, "--to", LAST, "--tables", "orders", "--reload"),
        ("run", "orders", "--date", NEXT, "--recheck-days", "1"),
    ],
    ids=[
        *("run", "backfill", "reload", "recheck", "refresh"),
        *("run of days", "backfill of days", "reload of days", "run and recheck"),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_failure_in_a_run_of_ours_is_recorded(
    broken: Project, words: tuple[str, ...], workers: str
) -> None:
    result = broken.run("shardline", *words, "--workers", workers)
    assert result.code == 30
    assert "Invalid object name 'dbo.Orders'" in result.err
    assert recorded(broken) == {("LoadOrders", "orders", "failure")}


@pytest.mark.parametrize(
    ("words", "family", "table"),
    [
        (("pipelines.orders", "LoadOrders", *AT), "LoadOrders", "orders"),
        (("pipelines.tasks", "LoadTable", "--table", "mail", *AT), *OF_MAIL),
        (
            ("pipelines.tasks", "LoadDays", "--table", "mail", *SPAN),
            *OF_MAIL,
        ),
        (("pipelines.reports", "RefreshReports", *AT), "LoadOrders", "orders"),
        (("own", "LoadMail", *AT), "LoadMail", "mail"),
        (("pipelines.orders", "RangeDaily", *RANGE), "LoadOrders", "orders"),
    ],
    ids=["class", "any table", "any table's days", "reports", "own", "range"],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_failure_in_a_run_of_luigis_is_recorded(
    broken: Project,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    family: str,
    table: str,
    workers: str,
) -> None:
    if words[0] == "own":
        (broken.folder / "own.py").write_text(OWN, encoding="utf-8")
        path = os.pathsep.join([str(broken.folder), os.environ.get("PYTHONPATH", "")])
        monkeypatch.setenv("PYTHONPATH", path.rstrip(os.pathsep))
    luigi = ("luigi", "--local-scheduler", "--workers", workers, "--module", *words)
    result = broken.run(*luigi)
    assert result.code == 30, result.err
    assert "Invalid object name 'dbo.Orders'" in result.last_line
    assert (family, table, "failure") in recorded(broken)


@pytest.mark.parametrize("by", ["shardline", "luigi"])
def test_a_report_that_fails_is_recorded(reporting: Reporting, by: str) -> None:
    for _ in range(2):
        reporting.add_tables()
    options = ("--date", DAY, "--allow-missing", "1", "--local-scheduler")
    commands = {
        "shardline": ("shardline", "refresh", "daily_orders", *options),
        "luigi": ("luigi", "--module", "pipelines.reports", "RefreshReports", *options),
    }
    assert reporting.run(*commands[by]).code == 20
    of_orders = ("DayPresent", "daily_orders", "dependency missing")
    assert of_orders in recorded(reporting)


def test_a_report_whose_refresh_fails_is_recorded(reporting: Reporting) -> None:
    reporting.fill(reporting.add_tables(), DAY, rows=3, first=1)
    assert reporting.refresh(DAY, "daily_orders").code == 0
    reporting.forget("orders", reporting.shards[0][1], DAY)
    hold = reporting.sandbox.control.hold(
        '^INSERT INTO "\\w+"."daily_orders"',
        action="fail",
        server="vertica",
        times=9,
        failure=Failure("no such thing", sqlstate="42703"),
    )
    assert reporting.refresh(DAY, "daily_orders").code == 30
    reporting.sandbox.control.remove(hold)
    assert recorded(reporting) == {("RefreshReport", "daily_orders", "failure")}


def test_a_mail_that_cannot_be_sent_is_recorded(
    reporting: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = "smtp://127.0.0.1:1/?security=none&from=etl@x.example&to=ann@x.example"
    monkeypatch.setenv("SHARDLINE_CONNECTION_MAIL", nobody)
    reporting.fill(reporting.add_tables(), DAY, rows=3, first=1)
    assert reporting.run("shardline", "refresh", "--date", DAY).code == 30
    assert recorded(reporting) == {("MailReports", "mail of reports", "failure")}


@pytest.mark.parametrize(
    ("words", "module", "task", "family", "subject"),
    [
        (("run", "orders"), "orders", "LoadOrdersShard", "LoadOrders", "orders"),
        (
            ("refresh", "daily_orders"),
            *("reports", "RefreshReport", "RefreshReport", "daily_orders"),
        ),
    ],
    ids=["load", "refresh"],
)
def test_a_child_that_is_killed_is_recorded(
    reporting: Reporting,
    words: tuple[str, ...],
    module: str,
    task: str,
    family: str,
    subject: str,
) -> None:
    reporting.fill(reporting.add_tables(), DAY, rows=3, first=1)
    script = KILLED.format(module=module, task=task)
    (reporting.folder / "killed.py").write_text(script, encoding="utf-8")
    options = ("--date", DAY, "--workers", "2")
    assert reporting.run("python", "killed.py", *words, *options).code == 30
    assert recorded(reporting) == {(family, subject, "process failure")}


def test_a_reload_by_verify_that_fails_is_recorded(project: Project) -> None:
    shard = project.loadable(3)
    assert project.load(DAY).code == 0
    project.on_shard(shard, "DELETE FROM dbo.Orders WHERE id = 1")
    server, pattern = STEPS["extract"]
    hold = project.sandbox.control.hold(
        pattern,
        action="fail",
        server=server,
        skip=1,
        times=9,
        failure=Failure("Invalid object name 'dbo.Orders'.", number=208),
    )
    words = ("verify", "--from", DAY, "--to", DAY, "--tables", "orders", "--reload")
    result = project.run("shardline", *words)
    project.sandbox.control.remove(hold)
    assert result.code == 30
    assert recorded(project) == {("LoadOrders", "orders", "failure")}
    with project.log() as log:
        assert log.scalar(sa.select(alerts_table.c.asked)) is not None


def test_a_recheck_accepts_no_failure_of_a_reload_asked_for_after_it_began_to_read(
    project: Project,
) -> None:
    project.loadable(3)
    assert project.load(DAY).code == 0
    words = ("shardline", "backfill", "--from", DAY, "--to", DAY)
    recheck = project.start(*words, "--recheck", paused=True)
    reading = project.hold(recheck, "extract")
    control = project.sandbox.control
    control.wait(reading)
    reload = project.start(*words, "--reload", paused=True)
    failing = project.hold(
        reload, "extract", action="fail", failure=Failure("gone", number=208)
    )
    assert finished(reload).code == 30
    control.remove(failing)
    control.release("go", hold=reading)
    assert finished(recheck).code == 0
    with project.log() as log:
        (asked,) = log.scalars(sa.select(alerts_table.c.asked))
    assert asked is not None
    assert project.run(*words, "--recheck").code == 0
    with project.log() as log:
        (asked,) = log.scalars(sa.select(alerts_table.c.asked))
    assert asked is None
