"""`verify`: does the warehouse have what the shards have?"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from pipelines.operations.access.roles import Capability
from pipelines.operations.estimates import NOTHING, format_expected
from pipelines.operations.selections import RangeArguments, selected, servers_of
from pipelines.operations.verb import Context, Long, Plan, Work
from pipelines.planning import Selection, count_days_over, usual_loads


class VerifyArguments(RangeArguments):
    """Which tables, days and shards, how closely, and what then."""

    deep: bool = Field(
        default=False, description="Read the warehouse's values back, too."
    )
    reload: bool = Field(default=False, description="Load again what differs.")


def _plan(context: Context, arguments: VerifyArguments) -> Plan:
    selection = selected(context.settings(), arguments)
    lines = list(_lines(context, arguments, selection))
    return Plan(tuple(lines), tuple(line.split(";")[0] for line in lines))


def _lines(
    context: Context, arguments: VerifyArguments, selection: Selection
) -> Iterator[str]:
    over = count_days_over(context.settings(), selection)
    days, expected = 0, NOTHING
    for table in selection.tables:
        usual = usual_loads(context.engine, table.target, over)
        days += sum(over.values())
        expected += usual.total(over)
    names = ", ".join(table.name for table in selection.tables)
    how = "and the warehouse's values read back" if arguments.deep else "and counted"
    then = ", and what differs loaded again" if arguments.reload else ""
    yield f"{names} {selection.days}: read again from the shards, {how}{then}"
    yield f"{days:,} days of shards; {format_expected(expected)}"


def _work(context: Context, arguments: VerifyArguments, _: Plan) -> Work:
    settings = context.settings()
    return Work(servers_of(settings, selected(settings, arguments)))


VERIFY = Long(
    name="verify",
    summary="Compare the shards with the warehouse, and name what differs.",
    capability=Capability.OPERATE,
    arguments=VerifyArguments,
    example="orders 2019-03-14 deep",
    plan=_plan,
    work=_work,
)
