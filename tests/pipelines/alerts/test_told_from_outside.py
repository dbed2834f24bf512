"""`shardline alerts tell`: what nobody in a run could tell is an incident, too."""

from __future__ import annotations

import json

import pytest

from tests.kit.project import Project


def listed(project: Project, *options: str) -> list[dict[str, object]]:
    result = project.run("shardline", "alerts", "list", "--json", *options)
    assert result.code == 0, result.err
    found: list[dict[str, object]] = json.loads(result.out)
    return found


@pytest.mark.parametrize(
    ("words", "headline"),
    [
        (("run", "orders", "--last", "1"), "1 of 1 shards of LoadOrders "),
        (("refresh", "daily_orders", "--last", "1"), "daily_orders "),
    ],
)
def test_a_warehouse_that_is_away_from_the_start_is_an_incident(
    project: Project, words: tuple[str, ...], headline: str
) -> None:
    project.add_shard("abakan")
    project.options["warehouse"] = {"port": "1"}
    assert project.run("shardline", *words).code == 30
    (incident,) = listed(project)
    assert headline in str(incident["headline"]), incident
    assert "Vertica 127.0.0.1:1 cannot be reached" in str(incident["cause"])


@pytest.mark.long
def test_a_dead_load_is_an_incident_until_its_day_is_there(project: Project) -> None:
    project.add_shard("abakan")
    cause = "load: OutOfMemoryError; exit code 137 (task 0123456789abcdef)"
    for _ in range(2):  # an event may come twice
        result = project.run("shardline", "alerts", "tell", cause, "--for", "loads")
        assert (result.code, result.err) == (0, "")
    (incident,) = listed(project)
    assert str(incident["headline"]).startswith("ScheduledLoad orders ")
    assert incident["cause"] == f"ContainerError: {cause}"
    assert project.run("shardline", "run", "orders", "--last", "1").code == 0
    assert listed(project) == []
    (ended,) = listed(project, "--all")
    assert ended["number"] == incident["number"]


@pytest.mark.long
def test_what_no_marker_ends_is_closed_by_hand(project: Project) -> None:
    project.add_shard("abakan")
    assert project.run("shardline", "alerts", "tell", "luigid died").code == 0
    (incident,) = listed(project)
    assert incident["headline"] == "Container failed"
    number = str(incident["number"])
    assert project.run("shardline", "alerts", "close", number).code == 0
    assert listed(project) == []
