"""`refresh`: reports are made anew, and mailed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from pipelines.catalog import Report
from pipelines.config import Settings
from pipelines.load import ask_warehouse
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments, Days, Names, Written, is_name
from pipelines.operations.estimates import NOTHING, format_expected
from pipelines.operations.selections import servers_of
from pipelines.operations.verb import Context, Long, Plan, Work
from pipelines.planning import Expected, Selection, make_plan, select
from pipelines.reporting import is_fresh

Reports = Annotated[Names, Written("REPORT", is_name, ("report",), "")]


class RefreshArguments(Arguments):
    """Which reports of which days, and how."""

    reports: Reports = Field(default=(), description="Reports, by name; all without.")
    days: Days = Field(description="The days that must be in.")
    allow_missing: Annotated[int, Written("N")] = Field(
        default=0,
        ge=0,
        lt=1 << 31,
        description="How many shards may be missing from a day.",
    )
    no_mail: bool = Field(default=False, description="Send no mail.")


def _plan(context: Context, arguments: RefreshArguments) -> Plan:
    lines = list(_lines(context.settings(), arguments))
    return Plan(tuple(lines), tuple(line.split(";")[0] for line in lines))


def _lines(settings: Settings, arguments: RefreshArguments) -> Iterator[str]:
    reports = _reports(settings, arguments)
    if not arguments.allow_missing:
        yield _loads(settings, loaded_first(settings, arguments))
    for day in arguments.days:
        yield _of_day(settings, reports, day)


def _of_day(settings: Settings, reports: Sequence[Report], day: date) -> str:
    stale = [one.name for one in reports if not is_fresh(settings, one, day)]
    fresh = len(reports) - len(stale)
    what = ", ".join(stale) or "no report"
    return f"{day}: {what} to refresh, {fresh} fresh unless loads change them"


def _loads(settings: Settings, selection: Selection) -> str:
    found = ask_warehouse(lambda link: make_plan(link, settings, selection), settings)
    if not found.missing:
        return f"{selection.days}: nothing is missing that reports are made of"
    expected = sum((Expected(t.rows, t.seconds) for t in found.tables), NOTHING)
    return (
        f"{selection.days}: {found.missing:,} days of shards are loaded first;"
        f" {format_expected(expected)}"
    )


def _reports(settings: Settings, arguments: RefreshArguments) -> list[Report]:
    names = arguments.reports or settings.report_entries
    return [settings.report(name) for name in names]


def loaded_first(settings: Settings, arguments: RefreshArguments) -> Selection:
    """What the reports are made of, and is loaded before they are.

    Raises:
        ConfigurationError: There is no such report.
    """
    reports, days = _reports(settings, arguments), arguments.days
    tables = sorted({name for report in reports for name in report.tables})
    return select(settings.catalog, tables, (), days.first, days.last)


def _work(context: Context, arguments: RefreshArguments, _: Plan) -> Work:
    settings = context.settings()
    return Work(servers_of(settings, loaded_first(settings, arguments)))


REFRESH = Long(
    name="refresh",
    summary="Refresh reports of some days, after what they need is loaded, and mail.",
    capability=Capability.OPERATE,
    arguments=RefreshArguments,
    example="city_orders 2019-03-14",
    plan=_plan,
    work=_work,
)
