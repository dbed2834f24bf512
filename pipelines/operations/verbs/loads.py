"""`run` and `backfill`: days of shards into the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from pipelines.config import Settings
from pipelines.jobs import Priority
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Tables, Written, is_name
from pipelines.operations.estimates import NOTHING, format_expected
from pipelines.operations.selections import RangeArguments, selected, servers_of
from pipelines.operations.verb import Context, Long, Plan, Work
from pipelines.runs import Load, Purpose, Recheck, Reload, find_work
from pipelines.runs import Work as WorkOfTable


class RunArguments(RangeArguments):
    """Which tables, days and shards."""

    tables: Annotated[Tables, Written("TABLE", is_name, ("table",), "")] = Field(
        description="Tables, by name or pattern; `all` is every table.", min_length=1
    )

    def purpose(self, _: Settings) -> Purpose:
        """What is to be done about the days."""
        return Load()


class BackfillArguments(RangeArguments):
    """Which tables, days and shards, and what of those that are there."""

    reload: bool = Field(default=False, description="Replace what is there already.")
    recheck: bool = Field(
        default=False, description="Replace what has changed since it was loaded."
    )

    @model_validator(mode="after")
    def _one_purpose(self) -> Self:
        if self.reload and self.recheck:
            raise ValueError("give one of reload and recheck")
        return self

    def purpose(self, settings: Settings) -> Purpose:
        """What is to be done about the days."""
        if self.reload:
            return Reload(settings)
        return Recheck(settings) if self.recheck else Load()


def find_works(
    context: Context, arguments: RunArguments | BackfillArguments
) -> list[WorkOfTable]:
    """What there is to do, table by table.

    Raises:
        ShardlineError: The warehouse or the session log cannot be read.
    """
    settings = context.settings()
    purpose = arguments.purpose(settings)
    selection = selected(settings, arguments)
    return [find_work(purpose, one, selection, settings) for one in selection.tables]


def work_line(work: WorkOfTable) -> str:
    """What there is to do for a table, and what is expected of it."""
    parts = [
        f"{work.days:,} days of shards to do in {len(work.spans):,} extracts",
        f"{work.present:,} are there" if work.present else "",
        f"{work.not_over:,} are not over" if work.not_over else "",
        format_expected(work.expected) if work.days else "",
    ]
    told = "; ".join(part for part in parts if part)
    return f"{work.table.name} {work.selection.days}: {told}"


def _plan(context: Context, arguments: RunArguments | BackfillArguments) -> Plan:
    works = find_works(context, arguments)
    again = list(_compared(works)) if isinstance(arguments, RunArguments) else []
    extracts = [str(span) for work in works for span in work.spans]
    return Plan((*again, *_lines(works)), ("load", *extracts, *again))


def _compared(works: Sequence[WorkOfTable]) -> Iterator[str]:
    """What a run compares besides, since the tables' entries say so."""
    for work in works:
        if days := work.table.recheck_days:
            yield (
                f"{work.table.name}: {days} days before are compared with their shards,"
                " and what has changed is loaded again"
            )


def _lines(works: Sequence[WorkOfTable]) -> Iterator[str]:
    yield from map(work_line, works)
    if len(works) > 1:
        extracts = sum(len(work.spans) for work in works)
        days = sum(work.days for work in works)
        expected = sum((work.expected for work in works), NOTHING)
        yield (
            f"in all: {days:,} days of shards in {extracts:,} extracts;"
            f" {format_expected(expected)}"
        )


def _work(
    priority: Priority,
) -> Callable[[Context, RunArguments | BackfillArguments, Plan], Work]:
    def work(
        context: Context, arguments: RunArguments | BackfillArguments, _: Plan
    ) -> Work:
        settings = context.settings()
        return Work(servers_of(settings, selected(settings, arguments)), priority)

    return work


RUN = Long(
    name="run",
    summary="Load days of tables, each once.",
    capability=Capability.OPERATE,
    arguments=RunArguments,
    example="orders 2019-03-14",
    plan=_plan,
    work=_work(Priority.INTERACTIVE),
)

BACKFILL = Long(
    name="backfill",
    summary="Load the days of a range that are missing, in few extracts and COPYs.",
    capability=Capability.OPERATE,
    arguments=BackfillArguments,
    example="orders 2019-03-01..2019-03-31 shards=m*",
    plan=_plan,
    work=_work(Priority.BACKFILL),
)
