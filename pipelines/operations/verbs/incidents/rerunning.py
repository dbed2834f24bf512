"""`incidents rerun`: what an incident lacks is loaded again, by an ordinary command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pipelines.alerts import Failed, failed_parts, find_incident, lacking_parts
from pipelines.catalog import Catalog, DayRange
from pipelines.config import Settings
from pipelines.errors import ConfigurationError
from pipelines.jobs import Priority
from pipelines.mail import SUBJECT
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments
from pipelines.operations.verb import Context, Long, Plan, Work
from pipelines.operations.verbs.incidents.handling import IncidentArguments
from pipelines.operations.verbs.incidents.showing import each_once, shards_of
from pipelines.operations.verbs.loads import BACKFILL, BackfillArguments, find_works
from pipelines.operations.verbs.refresh import REFRESH, RefreshArguments

WAYS: dict[str, Long[Any]] = {verb.name: verb for verb in (BACKFILL, REFRESH)}
"""The verbs that bring what an incident may lack."""


@dataclass(frozen=True)
class Rerun:
    """The ordinary wish that brings what an incident lacks.

    A range of days and some shards may cover more than that: what of it is there is
    left alone.

    Attributes:
        verb: What to wish.
        arguments: To what.
        said: What it is for.
    """

    verb: Long[Any]
    arguments: Arguments
    said: tuple[str, ...]

    def written(self) -> str:
        """As `read` reads it."""
        return f"{self.verb.name} {self.arguments.model_dump_json()}"

    @classmethod
    def read(cls, written: str) -> Rerun:
        """The one that was written."""
        name, _, arguments = written.partition(" ")
        verb = WAYS[name]
        return cls(verb, verb.arguments.model_validate_json(arguments), ())


def find_rerun(context: Context, number: int) -> Rerun:
    """What to wish so that an incident is over.

    Raises:
        ConfigurationError: There is no such incident, nothing is lacking of it, or it
            is about nothing that can be loaded.
        ShardlineError: The warehouse or the ETL database cannot be read.
    """
    engine, settings = context.engine, context.settings()
    incident = find_incident(engine, number)
    failed = failed_parts(engine, number)
    lacking = each_once(lacking_parts(engine, settings, failed))
    if incident.closed or (failed and not lacking):
        raise ConfigurationError(
            f"nothing is lacking of incident #{number}",
            step="it is over"
            if incident.closed
            else "a sender of alerts will see that",
        )
    found = _loads(context, number, lacking) or _reports(settings, number, lacking)
    if found is None:
        raise ConfigurationError(
            f"incident #{number} is about no days that could be loaded again",
            step=incident.step or f"see `shardline incidents show {number}`",
        )
    return found


def rerun_words(context: Context, number: int) -> list[str]:
    """The ordinary command that brings what an incident lacks.

    Raises:
        ShardlineError: As of `find_rerun`.
    """
    found = find_rerun(context, number)
    return found.verb.words(found.arguments)


def _loads(context: Context, number: int, lacking: Sequence[Failed]) -> Rerun | None:
    """The backfill of the days of tables among it, if there are any."""
    known = context.settings().catalog
    cells = {
        (part.subject, shard, part.day)
        for part in lacking
        if part.subject in known.tables and part.day
        for shard in shards_of(part, known)
    }
    there = {cell for cell in cells if cell[1] in known.shards}
    if not there:
        return None
    arguments = _hull(there, known)
    if any(part.asked for part in lacking) and not _is_anything_absent(
        context, arguments
    ):
        # Their markers are those of what was to be replaced.
        arguments = arguments.model_copy(update={"recheck": True})
    said = list(_told(number, len(there), _size(arguments, known)))
    if gone := len(cells) - len(there):
        said.append(f"{gone:,} are of shards that the catalog has no more")
    return Rerun(BACKFILL, arguments, tuple(said))


def _hull(cells: set[tuple[str, str, date]], known: Catalog) -> BackfillArguments:
    """The tables, shards and days between the first and the last of some."""
    tables = {table for table, _, _ in cells}
    shards = {shard for _, shard, _ in cells}
    days = sorted(day for _, _, day in cells)
    return BackfillArguments(
        tables=tuple(name for name in known.tables if name in tables),
        days=DayRange(days[0], days[-1]),
        shards=()
        if shards == set(known.shards)
        else tuple(name for name in known.shards if name in shards),
    )


def _size(arguments: BackfillArguments, known: Catalog) -> int:
    shards = len(arguments.shards or known.shards)
    return len(arguments.tables) * shards * len(arguments.days)


def _told(number: int, lacking: int, size: int) -> Iterator[str]:
    yield f"#{number} lacks {lacking:,} days of shards"
    if size > lacking:
        yield (
            f"all between them are taken together, {size:,} days of shards: what of"
            " these is there is left alone, what is missing besides is loaded, too"
        )


def _is_anything_absent(context: Context, arguments: BackfillArguments) -> bool:
    return any(work.days for work in find_works(context, arguments))


def _reports(
    settings: Settings, number: int, lacking: Sequence[Failed]
) -> Rerun | None:
    """The refresh of the reports among it, or of their mail, if there are any."""
    names = {part.subject for part in lacking}
    reports = [name for name in settings.report_entries if name in names]
    of_reports = {*reports, SUBJECT}
    days = sorted(x.day for x in lacking if x.day and x.subject in of_reports)
    if not days:
        return None
    whole = DayRange(days[0], days[-1])
    # The mail is of all reports.
    arguments = RefreshArguments(
        reports=() if SUBJECT in names else tuple(reports), days=whole
    )
    return Rerun(REFRESH, arguments, (f"#{number} lacks reports of {whole}",))


def _plan(context: Context, arguments: IncidentArguments) -> Plan:
    found = find_rerun(context, arguments.number)
    plan = found.verb.plan(context, found.arguments)
    parts = plan.parts or plan.lines
    return Plan((*found.said, *plan.lines), (found.written(), *parts))


def _work(context: Context, _: IncidentArguments, plan: Plan) -> Work:
    found = Rerun.read(plan.parts[0])
    work = found.verb.work(context, found.arguments, plan)
    wish = (found.verb, found.arguments)
    return replace(work, priority=Priority.INTERACTIVE, instead=wish)


INCIDENTS_RERUN = Long(
    name="incidents rerun",
    summary="Load again what an incident lacks.",
    capability=Capability.OPERATE,
    arguments=IncidentArguments,
    example="17",
    aliases=("rerun",),
    plan=_plan,
    work=_work,
)
