"""A day that is not complete by its time makes one incident, until it is there."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config.due_times import DueTime
from tests.kit.project import Project, insert, orders

ZONES = ["Europe/Moscow", "UTC", "Asia/Chita", "America/New_York"]


@pytest.fixture
def due(project: Project) -> Project:
    """A project whose orders are due now, for the day before."""
    project.add_shard("first")
    project.create_target()
    project.options["deadlines"] = {"orders": "00:00 UTC"}
    project.options["load"] = {"settle_minutes": "0"}
    return project


def late(project: Project) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(
        project.run("shardline", "deadlines", "--json").out
    )
    return found


def incidents(project: Project) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(
        project.run("shardline", "alerts", "list", "--all", "--json").out
    )
    return listed


def test_a_late_day_is_one_incident_until_it_is_there(due: Project) -> None:
    days = [one["day"] for one in late(due)]
    assert len(days) == 3
    again = due.run("shardline", "deadlines")
    assert again.code == 20
    assert again.out.splitlines()[-1].endswith("is not complete by 00:00 UTC")
    (incident,) = incidents(due)
    assert incident["partitions"] == 3
    assert incident["state"] == "new"
    assert "not complete by 00:00 UTC" in str(incident["cause"])
    for day in days:
        insert(due, "first", orders(3, day, first=100 * (days.index(day) + 1)))
    assert due.load(*days).code == 0
    result = due.run("shardline", "deadlines")
    assert (result.code, result.out) == (0, "")
    (incident,) = incidents(due)
    assert incident["state"] == "closed"


@pytest.mark.parametrize(
    "text",
    ["8 Europe/Moscow", "08:00", "25:00 UTC", "08:00 Europe/Moskau", "08:00 Europe"],
)
def test_a_time_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 08:00 Europe/Moscow"):
        DueTime.parse(text)


def test_a_deadline_that_cannot_be_used_is_named(project: Project) -> None:
    project.add_shard("first")
    project.options["deadlines"] = {"orders": "8", "ordres": "08:00 UTC"}
    result = project.run("shardline", "tables")
    assert result.code == 2
    assert "[deadlines] orders: '8': not a time of day" in result.last_line
    assert "[deadlines] ordres: there is no table of that name" in result.last_line


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)),
    st.times(),
    st.sampled_from(ZONES),
)
def test_the_latest_day_due_is_due_and_the_next_is_not(
    moment: datetime, at: datetime, zone: str
) -> None:
    due = DueTime.parse(f"{at:%H:%M} {zone}")
    now = moment.replace(tzinfo=UTC)
    days = due.days_due(now, 3)
    assert due.of(days[-1]) <= now < due.of(days[-1] + timedelta(days=1))
    assert days == [days[-1] - timedelta(days=back) for back in (2, 1, 0)]
    assert DueTime.parse(str(due)) == due


def test_a_day_is_due_on_the_day_after_it() -> None:
    due = DueTime.parse("08:00 Europe/Moscow")
    assert due.of(date(2019, 3, 14)) == datetime(2019, 3, 15, 5, tzinfo=UTC)
