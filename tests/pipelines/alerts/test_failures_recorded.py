"""Whatever starts a run, what fails in it is in the outbox."""

from __future__ import annotations

import os

import pytest
import sqlalchemy as sa

from pipelines.etl_db import alerts_table
from tests.kit.project import DAY, ORDERS, Project, insert, orders
from tests.kit.reporting import Reporting

NEXT = "2019-03-15"
OWN = """
from pipelines.tasks import LoadDay


class LoadMail(LoadDay):
    table = "mail"
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
    shard = project.add_shard()
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
    ],
    ids=["run", "backfill", "reload", "recheck", "refresh"],
)
def test_a_failure_in_a_run_of_ours_is_recorded(
    broken: Project, words: tuple[str, ...]
) -> None:
    result = broken.run("shardline", *words)
    assert result.code == 30
    assert "Invalid object name 'dbo.Orders'" in result.err
    assert recorded(broken) == {("LoadOrders", "orders", "failure")}


@pytest.mark.parametrize(
    ("words", "family", "table"),
    [
        (("pipelines.orders", "LoadOrders"), "LoadOrders", "orders"),
        (("pipelines.tasks", "LoadTable", "--table", "mail"), "LoadTable mail", "mail"),
        (("pipelines.reports", "RefreshReports"), "LoadOrders", "orders"),
        (("own", "LoadMail"), "LoadMail", "mail"),
    ],
    ids=["class", "any table", "reports", "own"],
)
def test_a_failure_in_a_run_of_luigis_is_recorded(
    broken: Project,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    family: str,
    table: str,
) -> None:
    (broken.folder / "own.py").write_text(OWN, encoding="utf-8")
    path = os.pathsep.join([str(broken.folder), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path.rstrip(os.pathsep))
    luigi = ("luigi", "--local-scheduler", "--module", *words, "--date", NEXT)
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
