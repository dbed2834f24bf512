"""What an argument may be, where there is little to choose from: buttons of a question.

A choice is what somebody might write themselves, so nothing is chosen that could not be
said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from itertools import islice

from pipelines.alerts import list_incidents
from pipelines.bot import texts
from pipelines.catalog import ALL_TABLES, DayRange
from pipelines.errors import ShardlineError
from pipelines.jobs import Job, JobFilter, JobState
from pipelines.operations import (
    AnyVerb,
    Context,
    fields_of,
    kind_of,
    list_documents,
    list_people,
)
from pipelines.text import cut_line

MOST = 12
"""Choices that are shown; of the catalog's names all or none are."""

LONGEST_LABEL = 40


@dataclass(frozen=True)
class Choice:
    """One of them.

    Attributes:
        label: What its button says.
        value: What is answered by it.
    """

    label: str
    value: str


def choices_of(context: Context, verb: AnyVerb, name: str) -> tuple[Choice, ...]:
    """What to offer for an argument; none if there is too much, or nothing is known.

    Args:
        context: Who is asked, where.
        verb: Of which verb.
        name: The argument's field.
    """
    # A question without buttons can be answered, too.
    with suppress(ShardlineError):
        found = islice(_choices(context, verb, name), MOST)
        return tuple(Choice(cut_line(c.label, LONGEST_LABEL), c.value) for c in found)
    return ()


def _choices(context: Context, verb: AnyVerb, name: str) -> Iterator[Choice]:
    kind = kind_of(verb.arguments, name)
    if issubclass(kind, Enum):
        return (_plain(str(member.value)) for member in kind)
    if issubclass(kind, datetime):
        return _moments()
    if issubclass(kind, date):
        return _single_days()
    if kind is DayRange:
        return _days()
    return _named(context, verb, fields_of(verb.arguments)[name].metavar)


def _named(context: Context, verb: AnyVerb, metavar: str) -> Iterator[Choice]:
    """What has a name or a number that somebody would have to look up."""
    group = verb.name.split()[0]
    finders: dict[tuple[str, str], Callable[[Context, AnyVerb], Iterator[Choice]]] = {
        ("incidents", "NUMBER"): _incidents,
        ("jobs", "NUMBER"): _jobs,
        ("documents", "NUMBER"): _documents,
        ("people", "NAME"): _people,
        (group, "TABLE"): _tables,
        (group, "REPORT"): _reports,
    }
    find = finders.get((group, metavar))
    return find(context, verb) if find else iter(())


def _plain(value: str) -> Choice:
    return Choice(value, value)


def _moments() -> Iterator[Choice]:
    for value, label in texts.MOMENTS.items():
        yield Choice(label, value)


def _single_days() -> Iterator[Choice]:
    for back in (1, 2, 3):
        day = _before_today(back)
        yield Choice(f"{texts.YESTERDAY}, {day}" if back == 1 else str(day), str(day))


def _days() -> Iterator[Choice]:
    """As dates: what is chosen at midnight is what the button had said before."""
    yield from islice(_single_days(), 1)
    for number, label in texts.LAST_DAYS.items():
        first, last = _before_today(number), _before_today(1)
        yield Choice(label, f"{first}..{last}")


def _before_today(back: int) -> date:
    return datetime.now().astimezone().date() - timedelta(days=back)


def _tables(context: Context, _verb: AnyVerb) -> Iterator[Choice]:
    names = list(context.settings().catalog.tables)
    if len(names) < MOST:
        yield from map(_plain, names)
    yield Choice(texts.EVERY_TABLE, ALL_TABLES)


def _reports(context: Context, _verb: AnyVerb) -> Iterator[Choice]:
    names = list(context.settings().report_entries)
    return map(_plain, names if len(names) <= MOST else ())


def _incidents(context: Context, verb: AnyVerb) -> Iterator[Choice]:
    for one in reversed(list_incidents(context.engine, also_closed=False)):
        if one.muted_until or verb.name != "incidents unmute":
            yield Choice(f"#{one.number} {one.family}: {one.error}", str(one.number))


def _jobs(context: Context, verb: AnyVerb) -> Iterator[Choice]:
    states = {
        "jobs cancel": (JobState.RUNNING, JobState.QUEUED),
        "jobs retry": (JobState.FAILED, JobState.CANCELLED),
    }
    for state in states.get(verb.name, (None,)):
        for job in context.queue.list(JobFilter(state), MOST):
            yield Choice(_job_label(job), str(job.number))


def _job_label(job: Job) -> str:
    told = (
        " ".join(map(str, value)) if isinstance(value, list) else str(value)
        for value in job.wish.arguments.values()
    )
    return " ".join([f"#{job.number}", job.wish.verb, *told])


def _documents(context: Context, _verb: AnyVerb) -> Iterator[Choice]:
    for one in list_documents(context.engine):
        yield Choice(f"#{one.number} {one.name}", str(one.number))


def _people(context: Context, verb: AnyVerb) -> Iterator[Choice]:
    if verb.name == "people invite":
        return
    for person in list_people(context.engine):
        if person.revoked is None:
            yield _plain(person.name)
