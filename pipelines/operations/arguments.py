"""What verbs are told: typed fields, each of which knows how people write it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainSerializer,
    StringConstraints,
)

from pipelines.catalog import DayRange

RANGE = ".."
"""Between the first and the last of some days."""

YEARS = range(1753, 3000)
"""Of days: from the first that SQL Server's datetime has."""

MOST_NAMES = 1_000

LONGEST_NAME = 250

_NEAR_DAYS = MappingProxyType({"today": 0, "yesterday": 1})

_DAY = re.compile(r"\d{4}-\d\d-\d\d")

_SPAN = re.compile(r"([1-9]\d{0,3})(min|m|h|d)")

_CLOCK = re.compile(r"\d{1,2}:\d\d")

_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Written:
    """How a field is written.

    Attributes:
        metavar: What stands for it in help.
        takes: Whether a word that stands alone is meant for it; None if it is to be
            named.
        names: What it is called besides the field's name.
        shell: How the shell's command takes it: an option, "" for an argument that
            stands alone, None for an option of the field's name.
    """

    metavar: str
    takes: Callable[[str], bool] | None = None
    names: tuple[str, ...] = ()
    shell: str | None = None


class Arguments(BaseModel):
    """The fields of a verb, in the order in which people write them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoArguments(Arguments):
    """Of a verb that needs none."""


def is_day(word: str) -> bool:
    """Whether a word is meant for a day."""
    return word.lower() in _NEAR_DAYS or _DAY.fullmatch(word) is not None


def is_days(word: str) -> bool:
    """Whether a word is meant for days that follow each other."""
    return all(is_day(part) for part in word.split(RANGE, 1))


def is_name(word: str) -> bool:
    """Whether a word may be a name or a pattern."""
    return not is_days(word) and "=" not in word


def is_number(word: str) -> bool:
    """Whether a word is meant for the number of something."""
    return word.removeprefix("#").isdecimal()


def is_moment(word: str) -> bool:
    """Whether a word is meant for a moment to come, or the time until then."""
    return bool(_CLOCK.fullmatch(word) or _SPAN.fullmatch(word) or _DAY.match(word))


def read_day(value: object) -> date:
    """The day that was written: `2019-03-14`, or `yesterday`.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str) and value.lower() in _NEAR_DAYS:
        back = timedelta(days=_NEAR_DAYS[value.lower()])
        return datetime.now().astimezone().date() - back
    if isinstance(value, str) and _DAY.fullmatch(value):
        value = date.fromisoformat(value)
    if not isinstance(value, date):
        raise ValueError(f"{value!r} is no day such as 2019-03-14")  # noqa: TRY004 - pydantic's
    if value.year not in YEARS:
        most = f"{YEARS[0]}-01-01 to {YEARS[-1]}-12-31"
        raise ValueError(f"{value} is not from {most}")
    return value


def read_days(value: object) -> DayRange:
    """The days that were written: `2019-03-01..2019-03-31`, or one of them.

    Raises:
        ValueError: They are none, or end before they begin.
    """
    if isinstance(value, DayRange):
        return value
    if isinstance(value, date):
        return DayRange(value, value)
    parts = str(value).split(RANGE, 1)
    first, last = read_day(parts[0]), read_day(parts[-1])
    if last < first:
        raise ValueError(f"they end on {last}, before they begin on {first}")
    return DayRange(first, last)


def write_days(days: DayRange) -> str:
    """As `read_days` reads it."""
    one = len(days) == 1
    return str(days.first) if one else f"{days.first}{RANGE}{days.last}"


def read_number(value: object) -> object:
    """A number that may have its sign before it, such as `#17`."""
    return value.removeprefix("#") if isinstance(value, str) else value


def read_moment(value: object) -> datetime:
    """A moment to come: `09:00`, `2h`, `2026-12-24T09:00`, in this machine's zone.

    Raises:
        ValueError: It is none.
    """
    now = datetime.now().astimezone()
    if isinstance(value, datetime):
        moment = value
    elif not isinstance(value, str):
        raise ValueError("it is no moment")  # noqa: TRY004 - pydantic's
    elif span := _SPAN.fullmatch(value):
        moment = now + timedelta(**{_UNITS[span[2]]: int(span[1])})
    elif _CLOCK.fullmatch(value):
        clock = datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - local
        moment = datetime.combine(now.date(), clock).astimezone()
        if moment <= now:
            later = now.date() + timedelta(days=1)
            moment = datetime.combine(later, clock).astimezone()
    else:
        moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC)


def read_since(value: object) -> datetime:
    """A moment that is over, or a day's begin; in UTC if no zone is named.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, datetime):
        moment = value
    else:
        text = str(value)
        moment = datetime.fromisoformat(str(read_day(text)) if is_day(text) else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_names(value: object) -> object:
    """Names that were written one after the other, or with commas between."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple):
        parts = [part for one in value for part in str(one).split(",")]
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return value


def fields_of(arguments: type[Arguments]) -> Mapping[str, Written]:
    """How each field of some arguments is written, in order."""
    found = {}
    for name, field in arguments.model_fields.items():
        parts = [*_metadata(field.annotation), *field.metadata]
        known = [one for one in parts if isinstance(one, Written)]
        found[name] = known[-1] if known else Written(name.upper())
    return found


def kind_of(arguments: type[Arguments], name: str) -> type:
    """Of which type a field is where it is not None."""
    kind = arguments.model_fields[name].annotation
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    whole = get_origin(kind) or kind  # of tuple[str, ...], tuple
    return whole if isinstance(whole, type) else object


def is_flag(arguments: type[Arguments], name: str) -> bool:
    """Whether a field is said or not."""
    return kind_of(arguments, name) is bool


def is_many(arguments: type[Arguments], name: str) -> bool:
    """Whether a field takes any number of words."""
    return kind_of(arguments, name) is tuple


def _metadata(annotation: object) -> Iterator[object]:
    """What is said of a type that may be missing."""
    for one in get_args(annotation):
        yield from getattr(one, "__metadata__", ())


Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]
"""What something is called."""

Names = Annotated[
    tuple[Name, ...], BeforeValidator(read_names), Field(max_length=MOST_NAMES)
]
"""Names, or patterns; all if there are none."""

Tables = Annotated[Names, Written("TABLE", is_name, ("table",), "--table")]
Shards = Annotated[Names, Written("SHARD", None, ("shard",), "--shard")]
Day = Annotated[
    date, BeforeValidator(read_day), Written("DAY", is_day, ("date",), "--date")
]
Days = Annotated[
    InstanceOf[DayRange],
    BeforeValidator(read_days),
    PlainSerializer(write_days),
    Written("DAYS", is_days, ("day", "date")),
]
Number = Annotated[
    int,
    BeforeValidator(read_number),
    Field(ge=1, lt=1 << 31),
    Written("NUMBER", is_number, (), ""),
]
Moment = Annotated[datetime, BeforeValidator(read_moment), Written("TIME", is_moment)]
Since = Annotated[datetime, BeforeValidator(read_since), Written("DAY")]
Count = Annotated[int, Field(ge=1, lt=1 << 31), Written("N")]
Words = Annotated[Names, Written("WORD", is_name, (), "")]
