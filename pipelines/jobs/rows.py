"""How a job is written into its row of the ETL database, and read from it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, RowMapping

from pipelines.etl_db import as_utc, database_time, jobs_table
from pipelines.jobs.job import Job, JobState, Priority, Progress, Result, Wish

LISTED = [
    column for column in jobs_table.columns if column.name not in {"report", "log_tail"}
]
"""The columns of a job without its texts."""


def new_row(engine: Engine, wish: Wish) -> dict[str, Any]:
    """The values of a job that was accepted now."""
    return {
        "verb": wish.verb,
        "arguments": json.dumps(dict(wish.arguments)),
        "words": json.dumps(wish.words),
        "key": wish.key,
        "open_key": wish.key,
        "asker": wish.asker,
        "origin": wish.origin,
        "priority": int(wish.priority),
        "servers": json.dumps(wish.servers),
        "state": JobState.QUEUED.value,
        "attempt": 0,
        "failures": 0,
        "attempts": wish.attempts,
        "wish": wish.audit,
        "report": "",
        "log_tail": "",
        "created": database_time(engine),
        **progress_values(Progress()),
    }


def progress_values(progress: Progress) -> dict[str, Any]:
    """How far a job is."""
    return {"done": progress.done, "total": progress.total, "rows": progress.rows}


def result_values(result: Result) -> dict[str, Any]:
    """What an attempt has left."""
    return {
        "exit_code": result.exit_code,
        "report": result.report,
        "log_tail": result.log_tail,
        **progress_values(result.progress),
    }


def job_of(row: RowMapping) -> Job:
    """The job of a row, which may be without its texts."""
    wish = Wish(
        verb=row["verb"],
        words=tuple(json.loads(row["words"])),
        key=row["key"],
        asker=row["asker"],
        origin=row["origin"],
        arguments=json.loads(row["arguments"]),
        servers=tuple(json.loads(row["servers"])),
        priority=Priority(row["priority"]),
        attempts=row["attempts"],
        audit=row["wish"],
    )
    result = Result(
        exit_code=row["exit_code"],
        report=row.get("report", ""),
        log_tail=row.get("log_tail", ""),
        progress=Progress(row["done"], row["total"], row["rows"]),
    )
    return Job(
        number=row["number"],
        wish=wish,
        state=JobState(row["state"]),
        attempt=row["attempt"],
        failures=row["failures"],
        not_before=_moment(row["not_before"]),
        worker=row["worker"],
        lease=_moment(row["lease"]),
        cancel_asked=_moment(row["cancel_asked"]),
        canceller=row["canceller"],
        result=result,
        created=as_utc(row["created"]),
        started=_moment(row["started"]),
        finished=_moment(row["finished"]),
        waiting_since=_moment(row["waiting_since"]),
    )


def _moment(moment: datetime | None) -> datetime | None:
    return moment and as_utc(moment)
