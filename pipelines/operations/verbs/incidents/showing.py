"""`incidents show`: all that is known of an incident, and what comes next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.alerts import (
    Failed,
    Incident,
    Notice,
    failed_parts,
    find_incident,
    handling_facts,
    lacking_parts,
)
from pipelines.catalog import Catalog
from pipelines.errors import ShardlineError, one_line
from pipelines.etl_db import Attempt, FailureStreak, failure_streaks
from pipelines.jobs import Job
from pipelines.operations.access.roles import Capability
from pipelines.operations.folded_days import HEADS, day_rows
from pipelines.operations.verb import Answer, Context, Look, Section
from pipelines.operations.verbs.awaited_loads import awaited_loads, job_line
from pipelines.operations.verbs.failures import attempt_fields, attempted
from pipelines.operations.verbs.incidents.handling import IncidentArguments
from pipelines.operations.verbs.incidents.listing import (
    incident_fields,
    incident_state,
    notice_of,
)
from pipelines.operations.verbs.jobs import job_fields
from pipelines.text import cut_line

BEFORE = timedelta(days=1)
"""How long before its first failure an incident's first attempt may have begun."""

LOG = 5
"""How many attempts' ends are told, newest first."""

LONGEST_ERROR = 400
"""Most characters of one of them."""


@dataclass(frozen=True)
class IncidentStory:
    """What is known of an incident.

    Attributes:
        notice: What its message says.
        failed: What failed, each part once.
        lacking: What of that is not mended; None if that is not known.
        unknown: Why it is not known.
        streaks: The attempts at what failed of which nothing came, newest first.
        jobs: The jobs that are not over and may load what is lacking.
    """

    incident: Incident
    notice: Notice
    failed: list[Failed]
    lacking: list[Failed] | None
    unknown: str
    streaks: list[FailureStreak]
    jobs: list[Job]


def read_story(context: Context, number: int) -> IncidentStory:
    """What is known of an incident; without the warehouse, what the ETL database has.

    Raises:
        ShardlineError: There is no such incident, or the ETL database cannot be read.
    """
    settings, engine = context.settings(), context.engine
    incident = find_incident(engine, number)
    failed = failed_parts(engine, number)
    lacking, unknown = None, ""
    try:
        lacking = lacking_parts(engine, settings, failed)
    except ShardlineError as error:
        unknown = str(error)
    left = failed if lacking is None else lacking
    tried = failure_streaks(engine, incident.opened - BEFORE)
    return IncidentStory(
        incident=incident,
        notice=notice_of(context, incident),
        failed=each_once(failed),
        lacking=None if lacking is None else each_once(lacking),
        unknown=unknown,
        streaks=_at(tried, failed, settings.catalog),
        jobs=_jobs(context, left),
    )


def each_once(parts: Iterable[Failed]) -> list[Failed]:
    """Each day of a shard once, however often it has failed; as it failed last."""
    return list({(one.subject, one.day, one.shard): one for one in parts}.values())


def shards_of(part: Failed, known: Catalog) -> tuple[str, ...]:
    """The shards that a failure is about: of a table's whole day, all."""
    if part.shard is not None:
        return (part.shard,)
    return tuple(known.shards) if part.subject in known.tables else ()


def story_lines(story: IncidentStory) -> Iterator[str]:
    """The story for people, without its tables and its log."""
    incident, notice = story.incident, story.notice
    done = [] if incident.closed else handling_facts(incident)
    state = ", ".join([incident_state(incident), *done])
    yield f"#{incident.number} {state}: {notice.headline}"
    yield notice.cause
    yield from (fact for fact in notice.facts if fact not in done)
    if story.lacking is not None and not incident.closed:
        yield f"lacking still: {len(story.lacking):,} of {len(story.failed):,}"
    if story.streaks:
        count = sum(streak.attempts for streak in story.streaks)
        last = story.streaks[0].last
        yield f"attempts that failed: {count:,}, the last at {_moment(last)} UTC"
    yield f"next: {_next(story)}"
    if notice.step and not incident.closed:
        yield f"→ {notice.step}"


def _at(
    streaks: Iterable[FailureStreak], failed: Iterable[Failed], known: Catalog
) -> list[FailureStreak]:
    """Those of attempts at what failed: at its tasks, or at its days of shards."""
    names = {table.target: table.name for table in known.tables.values()}
    tasks = {one.task_id for one in failed}
    cells = {(one.subject, one.day, one.shard) for one in failed}

    def is_at(last: Attempt) -> bool:
        table = names.get(last.target_table or "")
        shards = (last.shard, None)
        return last.task_name in tasks or any(
            (table, last.day, shard) in cells for shard in shards if table
        )

    return [streak for streak in streaks if is_at(streak.last)]


def _jobs(context: Context, left: Sequence[Failed]) -> list[Job]:
    known = context.settings().catalog
    cells = [
        (known.tables[one.subject], known.shards[shard], one.day)
        for one in each_once(left)
        if one.subject in known.tables and one.day
        for shard in shards_of(one, known)
        if shard in known.shards
    ]
    awaited = awaited_loads(context.queue, context.settings())
    return [one.job for one in awaited if any(one.is_about(*cell) for cell in cells)]


def _next(story: IncidentStory) -> str:
    """What becomes of it by itself, if anything."""
    if story.incident.closed:
        return "nothing, it is over"
    if story.lacking == [] and story.failed:
        return "nothing is lacking any more: it is over as soon as a sender sees that"
    if story.jobs:
        return "; ".join(map(job_line, story.jobs))
    return "no job is queued for it; the next run of its days tries again"


def _sections(story: IncidentStory, known: Catalog) -> Iterator[Section]:
    yield from _section("failed", story.failed, known)
    if story.lacking is not None and len(story.lacking) < len(story.failed):
        yield from _section("lacking still", story.lacking, known)


def _section(what: str, parts: Sequence[Failed], known: Catalog) -> Iterator[Section]:
    found: dict[str, dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in parts:
        if one.day is not None:
            found[one.subject or ""][one.day] += shards_of(one, known)
    rows = [
        (subject, *row)
        for subject, days in found.items()
        for row in day_rows(days, len(known.shards))
    ]
    if rows:
        yield Section(f"{len(parts):,} {what}", ("of", *HEADS), tuple(rows))


def _log_line(streak: FailureStreak, known: Catalog) -> str:
    why = one_line(streak.last.comment or "no word of why")
    line = f"{_moment(streak.last)} {attempted(streak.last, known)}: {why}"
    return cut_line(line, LONGEST_ERROR)


def _moment(attempt: Attempt) -> str:
    return f"{attempt.started:%Y-%m-%d %H:%M:%S}"


def _fields(story: IncidentStory, known: Catalog) -> dict[str, object]:
    return {
        **incident_fields(story.incident, story.notice),
        "failed": [_part_fields(one) for one in story.failed],
        "lacking": None
        if story.lacking is None
        else [_part_fields(one) for one in story.lacking],
        "failed_attempts": sum(streak.attempts for streak in story.streaks),
        "log": [attempt_fields(one.last, known) for one in story.streaks[:LOG]],
        "jobs": [job_fields(job) for job in story.jobs],
        "next": _next(story),
    }


def _part_fields(part: Failed) -> dict[str, object]:
    day = part.day.isoformat() if part.day else None
    return {"subject": part.subject, "day": day, "shard": part.shard}


def _answer(context: Context, arguments: IncidentArguments) -> Answer:
    story = read_story(context, arguments.number)
    known = context.settings().catalog
    log = "\n".join(_log_line(one, known) for one in story.streaks[:LOG])
    unknown = f"what of it is mended is not known: {story.unknown}"
    return Answer(
        lines=tuple(story_lines(story)),
        sections=tuple(_sections(story, known)),
        texts=(("log", log),) if log else (),
        data=_fields(story, known),
        warnings=(unknown,) if story.unknown else (),
    )


INCIDENTS_SHOW = Look(
    name="incidents show",
    summary="Show what failed of an incident, why, what is lacking, what comes next.",
    capability=Capability.LOOK,
    arguments=IncidentArguments,
    example="17",
    aliases=("incident",),
    is_slow=True,  # it asks what is mended
    run=_answer,
)
