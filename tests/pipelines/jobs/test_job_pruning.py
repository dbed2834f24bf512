"""Jobs that are over for long are forgotten, and what their wishes were called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.etl_db import etl_engine, job_wishes_table, jobs_table, prune
from pipelines.jobs import JobFilter, SqlJobQueue, Wish

KEEP = timedelta(days=400)
OLD = datetime.now(UTC) - timedelta(days=401)


def test_what_is_over_for_long_is_forgotten_and_nothing_else(etl_database: str) -> None:
    engine = etl_engine(SecretStr(etl_database))
    queue = SqlJobQueue(engine)
    for name in ("open", "over", "over for long"):
        wish = Wish("run", ("run",), name, "anna", "shell", source_id=name)
        queue.enqueue(wish)
    _, over, long_over = sorted(job.number for job in queue.list(JobFilter(), 9))
    for number in (over, long_over):
        queue.cancel(number, "anna")
    with engine.begin() as connection:
        connection.execute(sa.update(jobs_table).values(created=OLD))
        connection.execute(sa.update(job_wishes_table).values(made=OLD))
        connection.execute(
            sa.update(jobs_table)
            .where(jobs_table.c.number == long_over)
            .values(finished=OLD)
        )
    prune(engine, KEEP)
    with engine.begin() as connection:
        keys = connection.scalars(sa.select(jobs_table.c.key)).all()
        called = connection.scalars(sa.select(job_wishes_table.c.source_id)).all()
    assert sorted(keys) == sorted(called) == ["open", "over"]
