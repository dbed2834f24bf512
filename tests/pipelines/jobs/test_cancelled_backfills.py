"""A backfill that is cancelled at any point leaves nothing half, and can go on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from pipelines.etl_db import etl_engine
from pipelines.jobs import Job, JobState, Priority, SqlJobQueue, Wish
from tests.kit.project import Project, finished, insert, orders

DAYS = ("2019-03-12", "2019-03-13", "2019-03-14")
ROWS = 5
WAIT = 100.0
BACKFILL = Wish(
    verb="backfill",
    words=("backfill", "--table", "orders", "--from", DAYS[0], "--to", DAYS[-1]),
    key="backfill",
    asker="anna",
    origin="shell",
    priority=Priority.BACKFILL,
)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)


def cancel_and_go_on(project: Project, shards: int, points: int, seed: int) -> None:
    project.options["jobs"] = {"beat": "0.2", "poll": "0.1"}
    for _ in range(shards):
        rows = [row for at, day in enumerate(DAYS) for row in orders(ROWS, day, at * 9)]
        insert(project, project.add_shard(), rows)
    project.create_target()
    queue = SqlJobQueue(etl_engine(SecretStr(project.etl_database)))
    number = queue.enqueue(BACKFILL).number
    rng, total = random.Random(seed), shards * len(DAYS)

    def job() -> Job:
        return queue.show(number)

    for point in range(points):
        if point:
            queue.retry(number)
        present = len(project.markers())
        worker = project.start("shardline", "jobs", "work", "--drain")
        until(lambda: job().state is JobState.RUNNING)
        far = rng.randrange(0, max(1, total - present))
        until(lambda far=far: job().state.is_over or job().result.progress.done >= far)  # type: ignore[misc]
        if not job().state.is_over:
            queue.cancel(number, "boris")
        result = finished(worker)
        assert result.code == 0, result.err
        assert job().state in {JobState.CANCELLED, JobState.SUCCEEDED}, job().result
        assert job().result.exit_code in {0, 143, -15}
        markers = project.markers()
        ((rows_there,),) = project.on_warehouse(
            f"SELECT COUNT(*) FROM {project.target}"
        )
        assert rows_there == len(markers) * ROWS == sum(int(str(m[2])) for m in markers)
        assert project.untold() == []
        if job().state is JobState.SUCCEEDED:
            break
    else:
        queue.retry(number)
        assert project.run("shardline", "jobs", "work", "--drain").code == 0
    assert job().state is JobState.SUCCEEDED
    assert len(project.markers()) == total


def test_a_cancelled_backfill_leaves_nothing_half(project: Project) -> None:
    cancel_and_go_on(project, shards=4, points=2, seed=15)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_backfill_of_150_shards_is_cancelled_again_and_again(
    project: Project,
) -> None:
    cancel_and_go_on(project, shards=150, points=8, seed=random.randrange(10**6))
