"""`failures`: what failed again and again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import Field

from pipelines.catalog import Catalog
from pipelines.errors import one_line
from pipelines.etl_db import Attempt, FailureStreak, failure_streaks
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments, Since
from pipelines.operations.verb import Answer, Context, Look

LATELY = timedelta(days=30)


class FailuresArguments(Arguments):
    """Since when, and whether they go on."""

    since: Since | None = Field(
        default=None, description="The earliest start, in UTC; 30 days ago without."
    )
    open: bool = Field(default=False, description="Only what has not succeeded since.")


def read_failures(
    context: Context, arguments: FailuresArguments
) -> list[FailureStreak]:
    """The streaks of attempts of which nothing came, newest first.

    Raises:
        ShardlineError: The session log cannot be read.
    """
    since = arguments.since or datetime.now(UTC) - LATELY
    found = failure_streaks(context.engine, since)
    return [streak for streak in found if not (arguments.open and streak.ended)]


def attempted(attempt: Attempt, known: Catalog) -> str:
    """What was attempted, for people."""
    if attempt.target_table is None or attempt.shard is None:
        return attempt.task_name
    names = {table.target: table.name for table in known.tables.values()}
    table = names.get(attempt.target_table, attempt.target_table)
    return one_line(f"{table} {attempt.day} {attempt.shard}")


def attempt_fields(attempt: Attempt, known: Catalog) -> dict[str, object]:
    """An attempt for programs."""
    return {
        "id": attempt.id,
        "what": attempted(attempt, known),
        "task": attempt.task_name,
        "target": attempt.target_table,
        "shard": attempt.shard,
        "day": attempt.day.isoformat() if attempt.day else None,
        "attempt": attempt.attempt,
        "state": attempt.state.value,
        "started": attempt.started.isoformat(),
        "seconds": attempt_seconds(attempt),
        "rows": attempt.rows,
        "host": attempt.host,
        "pid": attempt.pid,
        "comment": attempt.comment,
    }


def attempt_seconds(attempt: Attempt) -> float | None:
    """How long it took; None while it goes on."""
    if attempt.finished is None:
        return None
    return (attempt.finished - attempt.started).total_seconds()


def streak_lines(streak: FailureStreak, known: Catalog) -> tuple[str, str]:
    """What failed how often, and why."""
    times = f"{streak.attempts} attempts" if streak.attempts > 1 else "1 attempt"
    since = f"since {streak.first.started:%Y-%m-%d %H:%M}"
    over = f", {streak.ended.state} {_moment(streak.ended)}" if streak.ended else ""
    task = attempted(streak.last, known)
    why = one_line(streak.last.comment or "no word of why")
    return f"{_moment(streak.last)}  {task}: {times} {since}{over}", f"    {why}"


def _moment(attempt: Attempt) -> str:
    return f"{attempt.started:%Y-%m-%d %H:%M:%S}"


def _fields(streak: FailureStreak, known: Catalog) -> dict[str, object]:
    return {
        "what": attempted(streak.last, known),
        "attempts": streak.attempts,
        "since": streak.first.started.isoformat(),
        "last": attempt_fields(streak.last, known),
        "ended": streak.ended.started.isoformat() if streak.ended else None,
    }


def _answer(context: Context, arguments: FailuresArguments) -> Answer:
    known = context.settings().catalog
    found = read_failures(context, arguments)
    return Answer(
        lines=tuple(line for one in found for line in streak_lines(one, known)),
        data=[_fields(streak, known) for streak in found],
    )


FAILURES = Look(
    name="status failures",
    summary="List what failed again and again, newest first, with the last error.",
    capability=Capability.LOOK,
    arguments=FailuresArguments,
    example="open",
    aliases=("failures",),
    is_slow=True,
    run=_answer,
)
