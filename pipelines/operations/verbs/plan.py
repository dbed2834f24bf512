"""`plan`: what is there, what is missing, what a run would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from pydantic import Field

from pipelines.catalog import consecutive_days
from pipelines.config import Settings
from pipelines.load import ask_warehouse
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Count
from pipelines.operations.estimates import (
    NOTHING,
    format_expected,
    format_rows,
    format_time,
)
from pipelines.operations.selections import RangeArguments, selected
from pipelines.operations.verb import Answer, Context, Look
from pipelines.planning import Expected, Plan, TablePlan, make_plan, name_some

SHOWN = 15
"""Most lines about what is missing, and most about what is stale."""

HEADS = (
    "table",
    "complete",
    "skipped",
    "missing",
    "not over",
    "extracts",
    "rows",
    "time",
)


class PlanArguments(RangeArguments):
    """Which tables, days and shards."""

    workers: Count = Field(
        default=1, description="How many processes would load at a time."
    )


def read_plan(settings: Settings, arguments: PlanArguments) -> Plan:
    """What of the days is there, and what is not.

    Raises:
        ShardlineError: The warehouse or the session log cannot be read.
    """
    selection = selected(settings, arguments)
    return ask_warehouse(lambda link: make_plan(link, settings, selection), settings)


def plan_rows(found: Plan, workers: int) -> list[tuple[str, ...]]:
    """A row for each table, below `HEADS`."""
    return [
        (
            *(part.table, f"{part.complete:,}", f"{part.skipped:,}"),
            *(f"{part.missing:,}", f"{part.waiting:,}", f"{len(part.extracts):,}"),
            *(format_rows(part.rows), format_time(part.seconds, workers)),
        )
        for part in found.tables
    ]


def plan_lines(found: Plan, arguments: PlanArguments) -> list[str]:
    """What is missing, what is stale, and what it comes to."""
    return [*_missing(found), *_stale(found), _summary(found, arguments)]


def plan_fields(found: Plan, arguments: PlanArguments) -> dict[str, object]:
    """A plan for programs; rows and seconds are null where nothing is known of them."""
    return {
        "from": arguments.days.first.isoformat(),
        "to": arguments.days.last.isoformat(),
        "missing": found.missing,
        "tables": [
            {
                "table": part.table,
                "complete": part.complete,
                "skipped": part.skipped,
                "missing": part.missing,
                "not_over": part.waiting,
                "rows": part.rows,
                "seconds": part.seconds,
                "extracts": [
                    {
                        "shard": extract.shard,
                        "from": extract.days.first.isoformat(),
                        "to": extract.days.last.isoformat(),
                        "rows": extract.rows,
                        "seconds": extract.seconds,
                    }
                    for extract in part.extracts
                ],
            }
            for part in found.tables
        ],
        "stale": [
            {"report": name, "day": day.isoformat()} for name, day in found.stale
        ],
    }


def _missing(found: Plan) -> list[str]:
    lines = [line for part in found.tables for line in _missing_days(part)]
    return _first_of([f"missing: {line}" for line in lines])


def _missing_days(part: TablePlan) -> Iterator[str]:
    """A line for days that follow each other and miss the same shards."""
    shards: dict[date, list[str]] = {}
    for extract in part.extracts:
        for day in extract.days:
            shards.setdefault(day, []).append(extract.shard)
    for days in consecutive_days(sorted(shards), lambda day: shards[day]):
        yield f"{part.table} {days}: {name_some(shards[days.first])}"


def _stale(found: Plan) -> list[str]:
    days: dict[str, list[date]] = {}
    for name, day in found.stale:
        days.setdefault(name, []).append(day)
    return _first_of(
        [
            f"stale: {name} {run}"
            for name, each in days.items()
            for run in consecutive_days(each, lambda _: None)
        ]
    )


def _first_of(lines: Sequence[str]) -> list[str]:
    hidden = len(lines) - SHOWN
    if hidden <= 0:
        return list(lines)
    return [*lines[:SHOWN], f"… and {hidden} more lines; --json has them all"]


def _summary(found: Plan, arguments: PlanArguments) -> str:
    if not found.missing:
        return f"nothing to load of {arguments.days}"
    extracts = sum(len(part.extracts) for part in found.tables)
    expected = sum((Expected(t.rows, t.seconds) for t in found.tables), NOTHING)
    return (
        f"to load: {found.missing:,} days of shards by {extracts:,} extracts and"
        f" {extracts:,} COPYs at most; {format_expected(expected, arguments.workers)}"
    )


def _answer(context: Context, arguments: PlanArguments) -> Answer:
    found = read_plan(context.settings(), arguments)
    return Answer(
        lines=tuple(plan_lines(found, arguments)),
        heads=HEADS,
        rows=plan_rows(found, arguments.workers),
        data=plan_fields(found, arguments),
    )


PLAN = Look(
    name="plan",
    summary="Show what a run of some days would do: what is there, what is missing.",
    capability=Capability.LOOK,
    arguments=PlanArguments,
    example="2019-03-01..2019-03-31",
    is_slow=True,
    run=_answer,
)
