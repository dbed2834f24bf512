"""Which changes of jobs are to be told in which chat, and what is told of them."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipelines.bot.followed_jobs import (
    FollowedJob,
    Place,
    due_changes,
    follow,
    forget,
    show_as,
)
from pipelines.bot.job_replies import accepted_reply, end_reply, progress_reply
from pipelines.etl_db import followed_jobs_table, jobs_table, prune
from pipelines.jobs import Job, JobState, Progress, Result, SqlJobQueue, Wish

ANNA, CHAT, GROUP = 1, 1, -1001
LEASE = 60.0
KEYS = itertools.count(1)


@pytest.fixture
def queue(engine: Engine) -> SqlJobQueue:
    return SqlJobQueue(engine)


def queued(queue: SqlJobQueue) -> Job:
    words = ("run", "orders", "--date", "2019-03-14")
    return queue.enqueue(Wish("run", words, f"key {next(KEYS)}", "Anna", "telegram"))


def begun(queue: SqlJobQueue) -> Job:
    job = queue.claim("worker", LEASE, {})
    assert job
    return job


def followed_in(
    engine: Engine, job: Job, chat: int = CHAT, message: int = 10, topic: int = 0
) -> None:
    with engine.begin() as connection:
        follow(connection, job.number, Place(chat, topic or None, ANNA, message))


def show(engine: Engine, change: FollowedJob) -> None:
    show_as(engine, change, change.place)


def test_a_job_that_waits_as_it_was_told_is_no_change(
    engine: Engine, queue: SqlJobQueue
) -> None:
    followed_in(engine, queued(queue))
    assert due_changes(engine) == []


def test_a_change_is_told_until_it_is_shown(engine: Engine, queue: SqlJobQueue) -> None:
    followed_in(engine, queued(queue))
    job = begun(queue)
    (change,) = due_changes(engine)
    assert due_changes(engine) == [change]
    assert (change.job, change.is_over, change.is_shown) == (job.number, False, False)
    show(engine, change)
    assert due_changes(engine) == []
    queue.beat(job, LEASE, Progress(), "a line of the log, nothing more")
    assert due_changes(engine) == []
    for progress in (Progress(1, 3), Progress(1, 3, 7)):
        queue.beat(job, LEASE, progress, "")
        (change,) = due_changes(engine)
        show(engine, change)
    queue.cancel(job.number, "Anna")  # it is told to end
    assert len(due_changes(engine)) == 1


def test_an_end_is_due_until_it_is_told(engine: Engine, queue: SqlJobQueue) -> None:
    followed_in(engine, queued(queue))
    queue.finish(begun(queue), JobState.SUCCEEDED, Result(0))
    (change,) = due_changes(engine)
    assert (change.is_over, change.is_shown) == (True, False)
    show(engine, change)
    (change,) = due_changes(engine)
    assert (change.is_over, change.is_shown) == (True, True)
    forget(engine, change)
    assert due_changes(engine) == []


def test_a_job_that_was_begun_again_has_not_ended(
    engine: Engine, queue: SqlJobQueue
) -> None:
    followed_in(engine, queued(queue))
    job = begun(queue)
    queue.finish(job, JobState.FAILED, Result(2))
    (ended,) = due_changes(engine)
    assert ended.is_over
    queue.retry(job.number)
    (change,) = due_changes(engine)
    assert not change.is_over


def test_a_chat_has_one_change_at_a_time_the_ends_first(
    engine: Engine, queue: SqlJobQueue
) -> None:
    jobs = [queued(queue) for _ in range(3)]
    for job in jobs:
        followed_in(engine, job, GROUP, message=job.number)
    followed_in(engine, jobs[0], CHAT)
    first, second, third = (begun(queue) for _ in jobs)
    queue.finish(third, JobState.FAILED, Result(2))
    by_chat = {change.place.chat: change for change in due_changes(engine)}
    assert {chat: one.job for chat, one in by_chat.items()} == {
        GROUP: third.number,
        CHAT: first.number,
    }
    assert [one.place.chat for one in due_changes(engine, [GROUP])] == [CHAT]
    forget(engine, by_chat[GROUP])
    order = []
    for done in range(1, 5):
        for job in (first, second):
            queue.beat(job, LEASE, Progress(done, 9), "")
        (change,) = due_changes(engine, [CHAT])
        order.append(change.job)
        show(engine, change)
    assert order == [first.number, second.number] * 2


def test_the_last_message_of_a_chat_and_topic_shows_a_job(
    engine: Engine, queue: SqlJobQueue
) -> None:
    job = queued(queue)
    for message, topic in ((10, 0), (11, 0), (12, 5), (13, 5)):
        followed_in(engine, job, GROUP, message, topic)
    begun(queue)
    (one,) = due_changes(engine)
    forget(engine, one)
    (other,) = due_changes(engine)
    assert {one.place.message, other.place.message} == {11, 13}


def test_a_group_that_has_another_number_takes_all_its_jobs_along(
    engine: Engine, queue: SqlJobQueue
) -> None:
    for _ in range(2):
        followed_in(engine, queued(queue), GROUP)
        begun(queue)
    (change,) = due_changes(engine)
    show_as(engine, change, Place(-1002, None, ANNA, 10))
    (other,) = due_changes(engine)
    assert other.place.chat == -1002
    assert other.job != change.job


def test_a_thousand_followed_jobs_cost_one_query(
    engine: Engine, queue: SqlJobQueue
) -> None:
    number = queued(queue).number
    columns = [one for one in jobs_table.columns if one.name not in {"number", "key"}]
    others = {"open_key": None}
    with engine.begin() as connection:
        (row,) = connection.execute(sa.select(*columns)).mappings()
        jobs = [{**row, **others, "key": str(at)} for at in range(1_000)]
        connection.execute(sa.insert(jobs_table), jobs)
        for at in range(1_000):
            follow(connection, number + at, Place(at // 2, None, ANNA, 10))
        connection.execute(sa.update(jobs_table).values(done=1))
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    changes = due_changes(engine)
    assert len(asked) == 1
    assert len({change.place.chat for change in changes}) == len(changes) == 30


def test_a_job_that_is_not_known_any_more_is_followed_no_more(
    engine: Engine, queue: SqlJobQueue
) -> None:
    kept, gone = queued(queue), queued(queue)
    for job in (kept, gone):
        followed_in(engine, job)
    with engine.begin() as connection:
        is_gone = jobs_table.c.number == gone.number
        connection.execute(sa.delete(jobs_table).where(is_gone))
    assert due_changes(engine) == []
    prune(engine, timedelta(0))
    with engine.begin() as connection:
        left = connection.scalars(sa.select(followed_jobs_table.c.job)).all()
    assert left == [kept.number]


def lines_of(job: Job) -> list[str]:
    return [*progress_reply(job).lines]


def test_progress_is_told_in_the_words_of_the_jobs_verbs(queue: SqlJobQueue) -> None:
    command = "shardline run orders --date 2019-03-14"
    job = queued(queue)
    told = accepted_reply(job, is_new=True)
    assert told.lines == (f"Job {job.number} is queued: {command}",)
    assert told.follows == job.number
    first, second = lines_of(job)
    assert first == f"Job {job.number}: {command}"
    assert second == f"queued since {job.created:%Y-%m-%d %H:%M} UTC"
    job = begun(queue)
    queue.beat(job, LEASE, Progress(12, 38, 1_204_331), "")
    reply = progress_reply(queue.show(job.number))
    assert reply.replaces
    assert reply.lines[1:] == (
        f"running since {job.started:%Y-%m-%d %H:%M} UTC",
        "12 of 38 done, 1,204,331 rows",
    )
    assert [one.data for one in reply.buttons] == [
        f"wish:jobs show {job.number}",
        f"wish:jobs cancel {job.number}",
    ]
    queue.cancel(job.number, "Anna")
    reply = progress_reply(queue.show(job.number))
    assert reply.lines[1].startswith("ending since ")
    assert [one.label for one in reply.buttons] == ["How far"]


def test_a_long_command_is_quoted_and_cut(queue: SqlJobQueue) -> None:
    words = ("run", "two words", "x" * 500)
    job = queue.enqueue(Wish("run", words, "key", "Anna", "telegram"))
    (line,) = accepted_reply(job, is_new=True).lines
    assert "'two words'" in line
    assert len(line) < 150


ENDS = [
    (JobState.SUCCEEDED, 0, "has succeeded after 0 s", "2 of 3 done, 7 rows", []),
    (
        *(JobState.FAILED, 2, "has failed after 0 s, with exit code 2"),
        *("2 of 3 done, 7 rows", ["jobs retry", "jobs show"]),
    ),
    (
        *(JobState.CANCELLED, 143, "was cancelled by Boris after 0 s"),
        *("2 of 3 done, 7 rows", ["jobs retry"]),
    ),
]


@pytest.mark.parametrize(("state", "code", "end", "counts", "buttons"), ENDS)
def test_an_end_tells_how_it_ended_how_long_it_took_and_what_it_did(
    queue: SqlJobQueue,
    state: JobState,
    code: int,
    end: str,
    counts: str,
    buttons: list[str],
) -> None:
    queued(queue)
    job = begun(queue)
    if state is JobState.CANCELLED:
        queue.cancel(job.number, "Boris")
    report, log = "\n".join("12345"), "\n".join("67890")
    queue.finish(job, state, Result(code, report, log, Progress(2, 3, 7)))
    reply = end_reply(queue.show(job.number))
    command = "shardline run orders --date 2019-03-14"
    assert reply.lines == (f"Job {job.number} {end}: {command}", counts)
    (last,) = reply.texts
    assert last[1] == ("8\n9\n0" if state is JobState.FAILED else "3\n4\n5")
    assert not reply.replaces
    wanted = [f"wish:{verb} {job.number}" for verb in buttons]
    assert [one.data for one in reply.buttons] == wanted
    assert progress_reply(queue.show(job.number)).lines == reply.lines


def test_a_job_that_never_began_took_no_time(queue: SqlJobQueue) -> None:
    job = queue.cancel(queued(queue).number, "Boris")
    (line,) = end_reply(job).lines
    assert " was cancelled by Boris: shardline" in line
