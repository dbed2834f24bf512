"""A job whose wish is in the audit ends there, too, once, and by one commit."""

from __future__ import annotations

import getpass
import json

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.etl_db import etl_engine
from pipelines.jobs import Job, JobState, Result, SqlJobQueue, Wish
from pipelines.operations import (
    AuditFilter,
    audited_queue,
    list_audit,
    record_wish,
    shell_caller,
    shell_place,
)
from pipelines.operations import Wish as AuditedWish
from tests.kit.project import DAY, Project

SHELL = f"shell:{getpass.getuser()}"
LOAD = ("run", "orders", "--date", DAY)


@pytest.fixture
def engine(etl_database: str) -> sa.Engine:
    return etl_engine(SecretStr(etl_database))


def asked(queue: SqlJobQueue, engine: sa.Engine, *words: str) -> Job:
    """The job of a wish that is in the audit."""
    with engine.begin() as connection:
        wish = AuditedWish(shell_caller(), shell_place(), words[0], " ".join(words[1:]))
        number = record_wish(connection, wish)
        job = Wish(words[0], words, " ".join(words), SHELL, "shell", audit=number)
        return queue.enqueue(job, connection)


def claimed(queue: SqlJobQueue) -> Job:
    job = queue.claim("w", 60, {})
    assert job is not None
    return job


def endings(engine: sa.Engine) -> list[tuple[str, str | None, str]]:
    found = list_audit(engine, AuditFilter(), 50)
    return [(one.verb, one.ending, one.detail) for one in reversed(found)]


def test_how_a_job_ends_is_the_end_of_its_wish(engine: sa.Engine) -> None:
    queue = audited_queue(engine)
    for word in ("done", "failed", "cancelled", "open"):
        asked(queue, engine, word)
    queue.finish(claimed(queue), JobState.SUCCEEDED, Result(0))
    queue.finish(claimed(queue), JobState.FAILED, Result(30))
    cancelled = claimed(queue)
    queue.cancel(cancelled.number, "Boris")
    assert endings(engine)[2] == ("cancelled", None, "")
    queue.put_back(cancelled)
    assert endings(engine) == [
        ("done", "done", "job 1"),
        ("failed", "failed", "job 2: exit code 30"),
        ("cancelled", "interrupted", "job 3: cancelled by Boris"),
        ("open", None, ""),
    ]


def test_the_first_end_of_a_wish_stays_when_its_job_is_queued_again(
    engine: sa.Engine,
) -> None:
    queue = audited_queue(engine)
    job = asked(queue, engine, *LOAD)
    queue.finish(claimed(queue), JobState.FAILED, Result(30))
    queue.retry(job.number)
    queue.finish(claimed(queue), JobState.SUCCEEDED, Result(0))
    assert endings(engine) == [("run", "failed", "job 1: exit code 30")]


def audit(project: Project) -> list[tuple[object, ...]]:
    told = project.run("shardline", "audit", "--json")
    assert told.code == 0, told.err
    return [
        (one["who"], one["verb"], one["arguments"], one["ending"], one["detail"])
        for one in reversed(json.loads(told.out))
    ]


def queue_of(project: Project) -> tuple[SqlJobQueue, sa.Engine]:
    engine = etl_engine(SecretStr(project.etl_database))
    return audited_queue(engine), engine


def test_who_cancels_a_job_or_queues_it_again_is_on_record(
    logged_project: Project,
) -> None:
    queue, engine = queue_of(logged_project)
    asked(queue, engine, *LOAD)
    for words in (("cancel", "1"), ("cancel", "1"), ("retry", "1"), ("retry", "7")):
        logged_project.run("shardline", "jobs", *words)
    assert queue.show(1).state is JobState.QUEUED
    is_over = "job 1 is over: it has been cancelled; see `shardline jobs show 1`"
    is_none = "there is no job 7; see `shardline jobs list`"
    of_load = (SHELL, "run", f"orders --date {DAY}")
    assert audit(logged_project) == [
        (*of_load, "interrupted", f"job 1: cancelled by {SHELL}"),
        (SHELL, "jobs cancel", "1", "done", ""),
        (SHELL, "jobs cancel", "1", "failed", is_over),
        (SHELL, "jobs retry", "1", "done", ""),
        (SHELL, "jobs retry", "7", "failed", is_none),
    ]


def test_the_command_of_a_job_writes_no_wish_of_its_own(project: Project) -> None:
    project.loadable(3)
    queue, engine = queue_of(project)
    asked(queue, engine, *LOAD)
    words = ("shardline", "jobs", "work", "--drain")
    assert project.run(*words).code == 0
    assert queue.show(1).state is JobState.SUCCEEDED
    assert len(project.markers()) == 1
    assert audit(project) == [
        (SHELL, "run", f"orders --date {DAY}", "done", "job 1"),
    ]


@pytest.mark.parametrize("named", ["", "7"])
def test_the_command_of_a_job_that_nobody_wrote_a_wish_for_writes_its_own(
    project: Project, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    if named:  # whatever the worker was given
        monkeypatch.setenv("SHARDLINE_JOB", named)
    queue, _ = queue_of(project)
    words = ("run", "orders", "--date", "2999-01-01")
    queue.enqueue(Wish("run", words, "future", SHELL, "shell"))
    project.loadable(3)
    assert project.run("shardline", "jobs", "work", "--drain").code == 0
    assert audit(project) == [
        (SHELL, "run", "orders --date 2999-01-01", "failed", "exit code 20")
    ]
