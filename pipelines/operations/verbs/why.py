"""`why`: what became of a day of a shard, and what becomes of it next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from pipelines.alerts import MINUTE_FORMAT, Incident, handling_facts, incidents_of_day
from pipelines.catalog import DayRange, Shard, Table, day_ready_at
from pipelines.config import Settings
from pipelines.errors import one_line
from pipelines.etl_db import Attempt, AttemptFilter, newest_attempts
from pipelines.jobs import Job
from pipelines.load import ask_warehouse
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import (
    Arguments,
    Day,
    Name,
    Tables,
    Written,
    is_name,
)
from pipelines.operations.verb import Answer, Context, Look
from pipelines.operations.verbs.awaited_loads import (
    AwaitedLoad,
    awaited_loads,
    job_line,
)
from pipelines.operations.verbs.failures import attempt_fields, attempt_seconds
from pipelines.operations.verbs.incidents.listing import incident_state
from pipelines.operations.verbs.jobs import job_fields
from pipelines.operations.verbs.loads import RUN, RunArguments
from pipelines.planning import DayState, Grid, read_grid, select

ATTEMPTS = 10
"""Most attempts at a day that are told."""

INCIDENTS = 5
"""Most incidents of a day that are told."""


class WhyArguments(Arguments):
    """Which shard's day, of which tables."""

    shard: Annotated[Name, Written("SHARD", is_name, (), "")] = Field(
        description="The shard."
    )
    date: Day = Field(description="The day.")
    tables: Annotated[Tables, Written("TABLE", None, ("table",), "--table")] = Field(
        default=(),
        description="Tables, by name or a pattern such as 'o*'; all without.",
    )


@dataclass(frozen=True)
class Story:
    """What is known of a shard's day of a table.

    Attributes:
        state: How it stands.
        attempts: The attempts at it, newest first.
        incidents: What it is a part of, newest first.
        jobs: The jobs that are not over and may load it.
    """

    table: Table
    shard: Shard
    day: date
    state: DayState
    attempts: list[Attempt]
    incidents: list[Incident]
    jobs: list[Job]


def read_stories(context: Context, arguments: WhyArguments) -> list[Story]:
    """What is known of the day, table by table.

    Raises:
        ShardlineError: A name names nothing, or the warehouse or the ETL database
            cannot be read.
    """
    settings, day, engine = context.settings(), arguments.date, context.engine
    names = [arguments.shard]
    selection = select(settings.catalog, arguments.tables, names, day, day)
    grid = ask_warehouse(
        lambda link: read_grid(link, engine, settings, selection), settings
    )
    waiting = awaited_loads(context.queue, settings)
    return [
        _story(context, grid, waiting, table, shard, day)
        for table in selection.tables
        for shard in selection.shards
    ]


def story_lines(story: Story, settings: Settings) -> Iterator[str]:
    """The whole story, for people."""
    yield f"{story.table.name} {story.day} {story.shard.name}: {story.state.value}"
    for attempt in story.attempts:
        yield f"  {_attempt_line(attempt)}"
    if not story.attempts:
        yield "  no attempt is on record"
    for incident in story.incidents:
        yield f"  {_incident_line(incident)}"
    yield f"  next: {_next(story, settings)}"


def _story(
    context: Context,
    grid: Grid,
    waiting: list[AwaitedLoad],
    table: Table,
    shard: Shard,
    day: date,
) -> Story:
    wanted = AttemptFilter([table.target], [shard.name], day)
    return Story(
        *(table, shard, day, grid.tables[table.name][shard.name][0]),
        attempts=newest_attempts(context.engine, wanted, ATTEMPTS),
        incidents=incidents_of_day(
            context.engine, table.name, shard.name, day, limit=INCIDENTS
        ),
        jobs=[one.job for one in waiting if one.is_about(table, shard, day)],
    )


def _attempt_line(attempt: Attempt) -> str:
    seconds = attempt_seconds(attempt)
    parts = [
        f"{attempt.started:%Y-%m-%d %H:%M:%S} {attempt.state}",
        "" if seconds is None else f"{seconds:.1f} s",
        "" if attempt.rows is None else f"{attempt.rows:,} rows",
        f"on {attempt.host}",
        one_line(attempt.comment or ""),
    ]
    return ", ".join(part for part in parts if part)


def _incident_line(incident: Incident) -> str:
    since = f"since {incident.opened:{MINUTE_FORMAT}} UTC"
    done = [] if incident.closed else handling_facts(incident)
    cause = one_line(f"{incident.error} {incident.code}".strip())
    parts = [f"incident #{incident.number}", incident_state(incident), since, *done]
    return f"{', '.join(parts)}: {cause}: {one_line(incident.message)}"


def _next(story: Story, settings: Settings) -> str:
    """What becomes of the day by itself, or what somebody has to do."""
    if story.jobs:
        return "; ".join(job_line(job) for job in story.jobs)
    if story.state in {DayState.DONE, DayState.SKIPPED}:
        return "nothing, it is in the warehouse"
    if story.state is DayState.RUNNING:
        return "the attempt that goes on"
    if story.state is DayState.WAITING:
        ready = day_ready_at(story.day, story.shard.time_zone, settings.load.settle)
        return f"the first run after its end at {ready:%Y-%m-%d %H:%M} UTC"
    wish = RunArguments(
        tables=(story.table.name,),
        days=DayRange(story.day, story.day),
        shards=(story.shard.name,),
    )
    command = shlex.join(["shardline", *RUN.words(wish)])
    return (
        f"no job is queued for it; the next run of its days tries again, or `{command}`"
    )


def _fields(story: Story, context: Context) -> dict[str, object]:
    known = context.settings().catalog
    return {
        "table": story.table.name,
        "shard": story.shard.name,
        "day": story.day.isoformat(),
        "state": story.state.value,
        "attempts": [attempt_fields(one, known) for one in story.attempts],
        "incidents": [_incident_fields(one) for one in story.incidents],
        "jobs": [job_fields(one) for one in story.jobs],
        "next": _next(story, context.settings()),
    }


def _incident_fields(incident: Incident) -> dict[str, object]:
    return {
        "number": incident.number,
        "state": incident_state(incident),
        "opened": incident.opened.isoformat(),
        "error": incident.error,
        "message": incident.message,
        "acknowledged_by": incident.acknowledged_by,
        "muted_until": _text(incident.muted_until),
        "muted_by": incident.muted_by,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _answer(context: Context, arguments: WhyArguments) -> Answer:
    stories = read_stories(context, arguments)
    settings = context.settings()
    return Answer(
        lines=tuple(line for one in stories for line in story_lines(one, settings)),
        data=[_fields(story, context) for story in stories],
    )


WHY = Look(
    name="why",
    summary="Tell what became of a shard's day: attempts, causes, what comes next.",
    capability=Capability.LOOK,
    arguments=WhyArguments,
    example="moscow 2019-03-14",
    is_slow=True,
    run=_answer,
)
