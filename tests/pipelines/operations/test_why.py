"""`shardline why`: what became of a shard's day, who sees to it, and what is next."""

from __future__ import annotations

import getpass
import json
from typing import Any

from tests.kit.project import DAY, ORDERS_DDL, Project, insert, orders

ADMIN = f"shell:{getpass.getuser()}"


def why(project: Project, shard: str, day: str = DAY) -> list[str]:
    result = project.run("shardline", "why", shard, "--date", day)
    assert (result.code, result.err) == (0, "")
    return result.out.splitlines()


def story(project: Project, shard: str) -> dict[str, Any]:
    result = project.run("shardline", "why", shard, "--date", DAY, "--json")
    (found,) = json.loads(result.out)
    assert isinstance(found, dict)
    return found


def test_the_night_of_a_shard_is_told_from_its_failure_to_its_load(
    project: Project,
) -> None:
    insert(project, project.add_shard("good"), orders(3))
    project.add_shard("bad", ddl="")
    assert project.load(DAY).code == 30

    head, attempt, *_, following = why(project, "bad")
    assert head == f"orders {DAY} bad: failed"
    assert " failed, " in attempt
    assert "Orders" in attempt
    assert following.startswith("  next: no job is queued for it")
    command = f"shardline run orders --from {DAY} --to {DAY} --shard bad"
    assert following.endswith(f"`{command}`")

    listed = project.run("shardline", "incidents", "list")
    assert listed.out.startswith("#1\tnew\t")
    for words in (("acknowledge", "1"), ("mute", "1", "--until", "2h")):
        assert project.run("shardline", "incidents", *words).code == 0
    (incident,) = [line for line in why(project, "bad") if "incident #1" in line]
    assert f"acknowledged by {ADMIN}" in incident
    assert "muted until" in incident
    assert story(project, "bad")["incidents"][0]["muted_by"] == ADMIN
    assert not story(project, "good")["incidents"]

    wished = ("run", "orders", "--date", DAY, "--shard", "b*", "--on", "job")
    assert "job 1 is queued" in project.run("shardline", *wished).out
    (_, *_, following) = why(project, "bad")
    assert following.startswith(f"  next: job 1 of {ADMIN}, queued: shardline run")

    project.on_shard("bad", ORDERS_DDL)
    insert(project, "bad", orders(2))
    assert project.run("shardline", "jobs", "work", "--drain").code == 0
    head, loaded, *_, following = why(project, "bad")
    assert head == f"orders {DAY} bad: done"
    assert " loaded, " in loaded
    assert "2 rows" in loaded
    assert following == "  next: nothing, it is in the warehouse"


def test_a_day_that_is_not_over_has_to_wait_and_one_of_nobody_has_no_attempt(
    project: Project,
) -> None:
    project.loadable(1)
    (_, shard, _) = project.shards[0]
    head, nothing, following = why(project, shard, "2998-12-31")
    assert head.endswith(": not over")
    assert nothing == "  no attempt is on record"
    assert "the first run after its end at 2998-12-31 " in following
    head, *_ = why(project, shard)
    assert head.endswith(": missing")


def test_a_job_for_other_days_or_shards_is_none_of_it(project: Project) -> None:
    insert(project, project.add_shard("kazan"), orders(1))
    project.add_shard("moscow")
    project.create_target()
    for words in (
        ("run", "orders", "--date", "2019-03-15", "--on", "job"),
        ("run", "orders", "--date", DAY, "--shard", "m*", "--on", "job"),
        ("clear", "--from", DAY, "--to", DAY, "--yes", "--on", "job"),
    ):
        assert project.run("shardline", *words).code == 0
    assert story(project, "kazan")["jobs"] == []
    assert [job["number"] for job in story(project, "moscow")["jobs"]] == [2]


def test_a_shard_that_there_is_not_is_one_line(project: Project) -> None:
    project.loadable(1)
    result = project.run("shardline", "why", "nowhere", "--date", DAY)
    assert result.code == 2
    (line,) = result.told
    assert "unknown shard 'nowhere'" in line
