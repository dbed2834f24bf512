"""A run leaves the ETL database no greater than what is still needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines.etl_db import alerts_table, incidents_table, sessions_table
from tests.kit.project import DAY, ORDERS_DDL, Project, Result, insert, orders


@pytest.fixture
def project(logged_project: Project) -> Project:
    return logged_project


def age(project: Project, days: int, **values: object) -> None:
    """Let all attempts have been made so many days before."""
    then = datetime.now(UTC) - timedelta(days=days)
    change = sa.update(sessions_table)
    with project.log() as log:
        log.execute(change.values({"started": then, "finished": then} | values))


def incidents(project: Project) -> list[tuple[int, bool]]:
    """How much failed of each incident, and whether it is over."""
    table = incidents_table.c
    query = sa.select(table.partitions, table.closed.is_not(None))
    with project.log() as log:
        return [tuple(row) for row in log.execute(query.order_by(table.number))]


@pytest.mark.parametrize(
    ("option", "days", "outcomes"),
    [
        ({}, 401, ["skipped"]),
        ({}, 399, ["failed", "failed", "failed", "skipped"]),
        ({"keep_days": "30"}, 31, ["skipped"]),
    ],
)
def test_a_run_forgets_attempts_that_are_older_than_the_option_says(
    project: Project, option: dict[str, str], days: int, outcomes: list[str]
) -> None:
    project.options["load"] = {"attempts": "1"}
    shard = project.add_shard(ddl="")
    for _ in range(3):
        assert project.load(DAY).code == 30
    project.on_shard(shard, ORDERS_DDL)
    with project.log() as log:
        log.execute(sa.delete(alerts_table))
    age(project, days)
    project.options["sessions"] = {
        "database": project.etl_database.replace("%", "%%"),
        **option,
    }
    assert project.load(DAY).code == 0
    assert project.outcomes() == outcomes


@pytest.mark.parametrize("by_luigi", [False, True], ids=["shardline", "luigi"])
def test_without_a_channel_failures_become_incidents_that_end(
    project: Project, by_luigi: bool
) -> None:
    def load() -> Result:
        if by_luigi:
            return project.luigi("LoadOrders", "--date", DAY)
        return project.load(DAY)

    shard = project.add_shard(ddl="")
    assert load().code == 30
    assert incidents(project) == [(1, False)]
    project.on_shard(shard, ORDERS_DDL)
    insert(project, shard, orders(3))
    assert load().code == 0
    assert incidents(project) == [(1, True)]
    with project.log() as log:
        month = datetime.now(UTC) - timedelta(weeks=5)
        log.execute(sa.update(incidents_table).values(closed=month))
    assert load().code == 0
    with project.log() as log:
        assert log.scalar(sa.select(sa.func.count(alerts_table.c.id))) == 0
