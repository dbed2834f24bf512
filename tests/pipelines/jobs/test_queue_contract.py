"""What holds for a queue of jobs, whatever keeps them."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.errors import TransientError
from pipelines.etl_db import etl_engine, job_wishes_table, jobs_table
from pipelines.jobs import (
    Heard,
    Job,
    JobError,
    JobFilter,
    JobQueue,
    JobState,
    MemoryJobQueue,
    Priority,
    Progress,
    Result,
    SqlJobQueue,
    Wish,
)
from tests.kit.postgres import Postgres

LEASE = 60.0
KEYS = itertools.count(1)


class Ends:
    """What a queue has told of jobs that are over.

    Attributes:
        told: Number of the wish in the audit, state, exit code and number of each.
        fault: Raised instead, if there is one.
    """

    def __init__(self) -> None:
        self.told: list[tuple[int | None, JobState, int | None, int]] = []
        self.fault: Exception | None = None

    def tell(self, job: Job) -> None:
        if self.fault:
            raise self.fault
        assert (job.result.report, job.result.log_tail) == ("", "")
        told = job.wish.audit, job.state, job.result.exit_code, job.number
        self.told.append(told)

    def tell_within(self, connection: sa.Connection, job: Job) -> None:
        assert connection.in_transaction()
        self.tell(job)


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def queue(request: pytest.FixtureRequest, tmp_path: Path, ends: Ends) -> JobQueue:
    if request.param == "memory":
        return MemoryJobQueue(ends.tell)
    url = f"sqlite:///{tmp_path / 'etl.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    return SqlJobQueue(etl_engine(SecretStr(url)), ends.tell_within)


def wish(key: str = "", **other: object) -> Wish:
    plain = Wish(
        verb="run",
        words=("run", "orders", "--date", "2019-03-14"),
        key=key or f"key {next(KEYS)}",
        asker="anna",
        origin="shell",
    )
    return replace(plain, **other)  # type: ignore[arg-type]


def claimed(queue: JobQueue, worker: str = "w", lease: float = LEASE) -> Job:
    job = queue.claim(worker, lease, {})
    assert job is not None
    return job


def numbers(jobs: list[Job]) -> list[int]:
    return [job.number for job in jobs]


def test_a_wish_becomes_a_job_with_all_that_was_wished(queue: JobQueue) -> None:
    wished = wish(
        arguments={"table": "orders", "days": ["2019-03-14"]},
        servers=("mssql_0", "warehouse"),
        priority=Priority.BACKFILL,
        attempts=5,
        audit=2**40,
    )
    job = queue.enqueue(wished)
    assert job.wish == wished
    assert (job.state, job.attempt, job.failures) == (JobState.QUEUED, 0, 0)
    assert job.created is not None
    assert queue.show(job.number) == job


def test_the_same_wish_made_twice_is_one_job_until_that_is_over(
    queue: JobQueue,
) -> None:
    first = queue.enqueue(wish("moscow"))
    assert queue.enqueue(wish("moscow")).number == first.number
    running = claimed(queue)
    assert queue.enqueue(wish("moscow")).number == first.number
    queue.finish(running, JobState.SUCCEEDED, Result(0))
    assert queue.enqueue(wish("moscow")).number != first.number


def test_a_wish_that_comes_again_is_the_same_job_also_when_that_is_over(
    queue: JobQueue,
) -> None:
    job = queue.enqueue(wish("moscow", source_id="telegram 7"))
    joined = queue.enqueue(wish("moscow", source_id="telegram 8"))
    assert joined.number == job.number
    queue.finish(claimed(queue), JobState.SUCCEEDED, Result(0))
    for source_id in ("telegram 7", "telegram 8"):
        again = queue.enqueue(wish("moscow", source_id=source_id))
        assert (again.number, again.state) == (job.number, JobState.SUCCEEDED)
    assert queue.claim("w", LEASE, {}) is None


def test_wishes_that_come_at_once_are_one_job(queue: JobQueue) -> None:
    with ThreadPoolExecutor(8) as pool:
        jobs = list(
            pool.map(
                lambda at: queue.enqueue(wish(f"k{at % 3}", source_id=f"s{at % 4}")),
                range(40),
            )
        )
    by_source: dict[int, set[int]] = {}
    for at, job in enumerate(jobs):
        by_source.setdefault(at % 4, set()).add(job.number)
    assert all(len(found) == 1 for found in by_source.values())
    assert len(queue.list(JobFilter(), 50)) <= 3


def test_what_is_interactive_goes_first_and_then_what_came_first(
    queue: JobQueue,
) -> None:
    backfill = queue.enqueue(wish(priority=Priority.BACKFILL))
    first, second = queue.enqueue(wish()), queue.enqueue(wish())
    taken = [claimed(queue, str(at)).number for at in range(3)]
    assert taken == [first.number, second.number, backfill.number]
    assert queue.claim("w", LEASE, {}) is None


def test_one_job_is_one_workers(queue: JobQueue) -> None:
    wished = {queue.enqueue(wish()).number for _ in range(20)}
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(lambda at: queue.claim(f"w{at}", LEASE, {}), range(30)))
    taken = [job.number for job in jobs if job]
    assert len(taken) == len(set(taken)) == 20
    assert set(taken) == wished


def test_a_server_has_no_more_jobs_at_a_time_than_its_limit(queue: JobQueue) -> None:
    limits = {"mssql_0": 2, "warehouse": 3}
    for _ in range(3):
        queue.enqueue(wish(servers=("mssql_0", "warehouse")))
    elsewhere = queue.enqueue(wish(servers=("mssql_01", "warehouse")))
    free = queue.enqueue(wish(servers=("mssql%0",)))
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(lambda at: queue.claim(f"w{at}", LEASE, limits), range(8)))
    taken = [job for job in jobs if job]
    assert len(taken) == 4
    assert {elsewhere.number, free.number} <= set(numbers(taken))
    ended = next(job for job in taken if "mssql_0" in job.wish.servers)
    queue.finish(ended, JobState.SUCCEEDED, Result(0))
    assert queue.claim("next", LEASE, limits) is not None


def test_a_job_whose_worker_was_lost_is_begun_again_and_the_first_one_is_out(
    queue: JobQueue,
) -> None:
    queue.enqueue(wish(servers=("mssql_0",)))
    first = claimed(queue, "first", lease=0)
    limits = {"mssql_0": 1}
    second = queue.claim("second", LEASE, limits)
    assert second is not None
    assert (second.number, second.attempt) == (first.number, 2)
    assert second.failures == 0
    assert queue.beat(first, LEASE, Progress(1), "late") is Heard.LOST
    assert queue.listen(first) is Heard.LOST
    assert not queue.finish(first, JobState.FAILED, Result(30))
    assert not queue.put_back(first)
    shown = queue.show(first.number)
    assert (shown.worker, shown.state) == ("second", JobState.RUNNING)
    assert queue.finish(second, JobState.SUCCEEDED, Result(0))
    assert queue.listen(second) is Heard.LOST


def test_a_worker_of_the_same_name_is_told_by_the_attempt(queue: JobQueue) -> None:
    queue.enqueue(wish())
    first = claimed(queue, "w", lease=0)
    second = claimed(queue, "w")
    assert not queue.finish(first, JobState.FAILED, Result(30))
    assert queue.finish(second, JobState.SUCCEEDED, Result(0))


def test_a_beat_renews_the_lease_and_tells_how_far_the_job_is(queue: JobQueue) -> None:
    queue.enqueue(wish())
    job = claimed(queue, lease=0)
    assert queue.beat(job, LEASE, Progress(3, 150, 40_000), "loading") is Heard.GO_ON
    assert queue.claim("other", LEASE, {}) is None
    shown = queue.show(job.number)
    assert shown.result.progress == Progress(3, 150, 40_000)
    assert shown.result.log_tail == "loading"
    assert shown.lease is not None
    assert shown.started is not None
    assert shown.lease > shown.started


def test_what_a_job_has_left_is_kept(queue: JobQueue) -> None:
    queue.enqueue(wish())
    left = Result(30, "report\n", "log\u202e \U0001f600", Progress(2, 3, 10**12))
    assert queue.finish(claimed(queue), JobState.FAILED, left)
    (listed,) = queue.list(JobFilter(), 10)
    shown = queue.show(listed.number)
    assert (shown.state, shown.result) == (JobState.FAILED, left)
    assert shown.finished is not None
    assert shown.lease is None
    assert (listed.result.report, listed.result.log_tail) == ("", "")
    assert listed.result.progress == left.progress


def test_a_job_that_waits_is_cancelled_at_once(queue: JobQueue) -> None:
    job = queue.enqueue(wish("moscow"))
    cancelled = queue.cancel(job.number, "boris")
    assert (cancelled.state, cancelled.canceller) == (JobState.CANCELLED, "boris")
    assert cancelled.finished is not None
    assert queue.claim("w", LEASE, {}) is None
    assert queue.enqueue(wish("moscow")).number != job.number


def test_a_job_that_runs_hears_that_it_is_to_end(queue: JobQueue) -> None:
    queue.enqueue(wish("moscow"))
    job = claimed(queue)
    assert queue.listen(job) is Heard.GO_ON
    asked = queue.cancel(job.number, "boris")
    assert asked.state is JobState.RUNNING
    assert queue.cancel(job.number, "vera").canceller == "boris"
    assert queue.listen(job) is Heard.CANCEL
    assert queue.beat(job, LEASE, Progress(), "") is Heard.CANCEL
    assert queue.enqueue(wish("moscow")).number != job.number
    assert queue.finish(job, JobState.CANCELLED, Result(143))
    assert queue.show(job.number).state is JobState.CANCELLED


def test_what_was_to_end_and_is_put_back_or_lost_is_not_begun_again(
    queue: JobQueue,
) -> None:
    queue.enqueue(wish("put back"))
    queue.enqueue(wish("lost"))
    put_back, lost = claimed(queue), claimed(queue, lease=0)
    for job in (put_back, lost):
        queue.cancel(job.number, "boris")
    assert queue.put_back(put_back, failed=Result(30))
    assert queue.claim("w", LEASE, {}) is None
    for job in (put_back, lost):
        shown = queue.show(job.number)
        assert shown.state is JobState.CANCELLED
        assert shown.finished is not None
        assert shown.lease is None
    assert queue.enqueue(wish("put back")).number != put_back.number
    assert queue.enqueue(wish("lost")).number != lost.number


def test_a_job_that_is_put_back_is_begun_again(queue: JobQueue) -> None:
    number = queue.enqueue(wish("moscow")).number
    assert queue.put_back(claimed(queue))
    assert queue.show(number).failures == 0
    assert queue.put_back(claimed(queue), failed=Result(30, log_tail="no route"))
    shown = queue.show(number)
    assert (shown.attempt, shown.failures) == (2, 1)
    assert (shown.result.exit_code, shown.result.log_tail) == (30, "no route")
    assert queue.enqueue(wish("moscow")).number == number
    assert claimed(queue).number == number


def test_a_job_that_has_to_wait_is_not_begun_before(queue: JobQueue) -> None:
    number = queue.enqueue(wish()).number
    assert queue.put_back(claimed(queue), pause=3_600, failed=Result(30))
    shown = queue.show(number)
    assert shown.not_before is not None
    assert shown.state is JobState.QUEUED
    assert queue.claim("w", LEASE, {}) is None
    assert queue.retry(number).not_before is None
    assert claimed(queue).number == number


def test_a_job_that_waits_for_another_run_is_known_as_that_from_the_first_time_on(
    queue: JobQueue,
) -> None:
    number = queue.enqueue(wish()).number
    assert queue.put_back(claimed(queue), failed=Result(30))
    assert queue.show(number).waiting_since is None
    assert queue.put_back(claimed(queue), waits=Result(10, log_tail="another run"))
    first = queue.show(number)
    assert (first.state, first.attempt, first.failures) == (JobState.QUEUED, 2, 1)
    assert (first.result.exit_code, first.result.log_tail) == (10, "another run")
    assert first.waiting_since is not None
    again = claimed(queue)
    assert again.started is not None
    assert again.started >= first.waiting_since
    assert queue.put_back(again, pause=3_600, waits=Result(10))
    waiting = queue.show(number)
    assert (waiting.waits_for, waiting.failures) == ("another run", 1)
    assert waiting.waiting_since == first.waiting_since
    assert [job.waits_for for job in queue.list(JobFilter(), 9)] == ["another run"]
    retried = queue.retry(number)
    assert retried.waits_for is retried.waiting_since is None
    job = claimed(queue)
    queue.cancel(number, "boris")
    assert queue.put_back(job, pause=3_600, waits=Result(25))
    cancelled = queue.show(number)
    assert (cancelled.state, cancelled.waits_for) == (JobState.CANCELLED, None)


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_what_failed_or_was_cancelled_can_be_tried_again(
    queue: JobQueue, state: JobState
) -> None:
    queue.enqueue(wish("moscow"))
    job = claimed(queue)
    queue.cancel(job.number, "boris")
    queue.finish(job, state, Result(30))
    again = queue.retry(job.number)
    assert (again.state, again.failures) == (JobState.QUEUED, 0)
    assert again.finished is again.cancel_asked is again.canceller is None
    assert queue.enqueue(wish("moscow")).number == job.number
    assert queue.listen(claimed(queue)) is Heard.GO_ON


def test_what_is_not_possible_is_said_and_changes_nothing(queue: JobQueue) -> None:
    with pytest.raises(JobError, match="there is no job 77; see"):
        queue.show(77)
    with pytest.raises(JobError, match="there is no job 77"):
        queue.cancel(77, "boris")
    with pytest.raises(JobError, match="there is no job 77"):
        queue.retry(77)
    queue.enqueue(wish("moscow"))
    job = claimed(queue)
    with pytest.raises(JobError, match=f"job {job.number} is running"):
        queue.retry(job.number)
    queue.finish(job, JobState.FAILED, Result(30))
    with pytest.raises(JobError, match=f"job {job.number} is over: it has failed"):
        queue.cancel(job.number, "boris")
    other = queue.enqueue(wish("moscow"))
    with pytest.raises(JobError, match=f"job {other.number} is for the same as"):
        queue.retry(job.number)
    queue.finish(claimed(queue), JobState.SUCCEEDED, Result(0))
    with pytest.raises(JobError, match="has succeeded"):
        queue.retry(other.number)
    assert queue.show(job.number).state is JobState.FAILED


def test_each_end_of_a_job_is_told_once(queue: JobQueue, ends: Ends) -> None:
    wished = [queue.enqueue(wish(audit=at)).number for at in range(1, 7)]
    done, failed, cancelled, put_back, lost = (
        claimed(queue, lease=0 if at == 5 else LEASE) for at in range(1, 6)
    )
    for job in (cancelled, put_back, lost):
        queue.cancel(job.number, "boris")
    assert ends.told == []
    assert queue.finish(done, JobState.SUCCEEDED, Result(0, "report", "log"))
    assert queue.finish(failed, JobState.FAILED, Result(30))
    assert queue.finish(cancelled, JobState.CANCELLED, Result(143))
    assert queue.put_back(put_back, failed=Result(35))
    assert queue.claim("w", LEASE, {"nobody": 1}) is not None
    for job in (done, failed, cancelled, put_back, lost):
        assert not queue.finish(job, JobState.FAILED, Result(2))
        assert not queue.put_back(job)
    waiting = queue.enqueue(wish(audit=7)).number
    queue.cancel(waiting, "boris")
    with pytest.raises(JobError, match="is over"):
        queue.cancel(waiting, "boris")
    assert ends.told == [
        (1, JobState.SUCCEEDED, 0, wished[0]),
        (2, JobState.FAILED, 30, wished[1]),
        (3, JobState.CANCELLED, 143, wished[2]),
        (4, JobState.CANCELLED, 35, wished[3]),
        (5, JobState.CANCELLED, None, wished[4]),
        (7, JobState.CANCELLED, None, waiting),
    ]


def test_of_a_job_that_is_not_over_or_whose_wish_is_not_in_the_audit_no_end_is_told(
    queue: JobQueue, ends: Ends
) -> None:
    number = queue.enqueue(wish(audit=1)).number
    assert queue.put_back(claimed(queue))
    assert queue.put_back(claimed(queue), failed=Result(30))
    queue.retry(number)
    lost = claimed(queue, "first", lease=0)
    job = claimed(queue, "second")
    assert not queue.finish(lost, JobState.SUCCEEDED, Result(0))
    queue.cancel(number, "boris")
    queue.beat(job, LEASE, Progress(), "")
    queue.enqueue(wish())
    queue.finish(claimed(queue), JobState.SUCCEEDED, Result(0))
    queue.cancel(queue.enqueue(wish()).number, "boris")
    assert ends.told == []


def test_a_job_that_is_queued_again_tells_its_next_end_too(
    queue: JobQueue, ends: Ends
) -> None:
    number = queue.enqueue(wish(audit=1)).number
    queue.finish(claimed(queue), JobState.FAILED, Result(30))
    queue.retry(number)
    queue.finish(claimed(queue), JobState.SUCCEEDED, Result(0))
    assert [state for _, state, _, _ in ends.told] == [
        JobState.FAILED,
        JobState.SUCCEEDED,
    ]


def test_a_job_whose_end_cannot_be_told_is_not_over(
    queue: JobQueue, ends: Ends
) -> None:
    ended, put_back = (queue.enqueue(wish(audit=at)).number for at in range(2))
    first, second = claimed(queue), claimed(queue)
    queue.cancel(put_back, "boris")
    waiting = queue.enqueue(wish(audit=2)).number
    before = [queue.show(number) for number in (ended, put_back, waiting)]
    ends.fault = TransientError("away")
    for end in (
        lambda: queue.finish(first, JobState.SUCCEEDED, Result(0)),
        lambda: queue.put_back(second, failed=Result(30)),
        lambda: queue.cancel(waiting, "boris"),
    ):
        with pytest.raises(TransientError, match="away"):
            end()
    assert [queue.show(job.number) for job in before] == before
    ends.fault = None
    assert queue.finish(first, JobState.SUCCEEDED, Result(0))
    assert len(ends.told) == 1


def test_jobs_are_listed_newest_first_page_by_page(queue: JobQueue) -> None:
    made = [
        queue.enqueue(
            wish(verb="run" if at % 2 else "verify", asker="anna" if at < 4 else "b")
        ).number
        for at in range(6)
    ]
    queue.cancel(made[0], "anna")
    assert numbers(queue.list(JobFilter(), 4)) == made[:1:-1]
    assert numbers(queue.list(JobFilter(before=made[2]), 4)) == made[1::-1]
    assert numbers(queue.list(JobFilter(verb="verify"), 9)) == [
        made[4],
        made[2],
        made[0],
    ]
    assert numbers(queue.list(JobFilter(asker="b"), 9)) == [made[5], made[4]]
    assert numbers(queue.list(JobFilter(state=JobState.CANCELLED), 9)) == [made[0]]


def test_the_figures_tell_how_the_queue_is(queue: JobQueue) -> None:
    assert queue.figures().oldest == 0
    for _ in range(3):
        queue.enqueue(wish())
    claimed(queue)
    claimed(queue, lease=0)
    found = queue.figures()
    assert (found.counts[JobState.QUEUED], found.counts[JobState.RUNNING]) == (1, 2)
    assert found.counts[JobState.FAILED] == 0
    assert found.oldest > 0
    assert found.expired == 1


@pytest.fixture
def engine(etl_database: str) -> sa.Engine:
    return etl_engine(SecretStr(etl_database))


def test_a_wish_within_a_transaction_is_accepted_with_it_or_not_at_all(
    engine: sa.Engine,
) -> None:
    queue = SqlJobQueue(engine)
    with engine.connect() as connection:
        queue.enqueue(wish("moscow", source_id="telegram 7"), connection)
        connection.rollback()
    assert queue.list(JobFilter(), 10) == []
    with engine.begin() as connection:
        job = queue.enqueue(wish("moscow", source_id="telegram 7"), connection)
        told = sa.select(sa.func.count()).select_from(job_wishes_table)
        assert connection.scalar(told) == 1
    assert numbers(queue.list(JobFilter(), 10)) == [job.number]


def test_what_is_done_within_a_transaction_that_fails_has_not_happened(
    engine: sa.Engine,
) -> None:
    queue = SqlJobQueue(engine)
    waiting, over = (queue.enqueue(wish(key)).number for key in ("moscow", "omsk"))
    queue.cancel(over, "boris")
    other = queue.enqueue(wish("omsk")).number
    with engine.connect() as connection:
        assert queue.cancel(waiting, "boris", connection).state is JobState.CANCELLED
        assert queue.retry(waiting, connection).state is JobState.QUEUED
        queue.cancel(waiting, "boris", connection)
        connection.rollback()
    assert queue.show(waiting).cancel_asked is None
    with engine.connect() as connection:
        queue.cancel(waiting, "boris", connection)
        with pytest.raises(JobError, match=f"job {other} is for the same as"):
            queue.retry(over, connection)
        connection.rollback()
    assert queue.show(waiting).state is JobState.QUEUED


def test_the_number_of_a_job_that_was_forgotten_is_not_given_again(
    engine: sa.Engine,
) -> None:
    queue = SqlJobQueue(engine)
    number = queue.enqueue(wish()).number
    with engine.begin() as connection:
        connection.execute(sa.delete(jobs_table))
    assert queue.enqueue(wish()).number > number
