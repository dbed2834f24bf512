"""What verbs are told: typed fields, each of which knows how people write it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
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

MORNING = "morning"
"""A moment to come: when people are at work."""

_AT_WORK = time(9)

_DAY = re.compile(r"\d{4}-\d\d-\d\d")

# As 14.03.2019, too: it is refused as a day, rather than taken for a name.
_MEANT_FOR_A_DAY = re.compile(r"\d{4,}-\d|(\d{1,4}[./]\d{1,2}[./]\d{1,4}\Z)")

_BETWEEN = re.compile(r"\.{2,3}|…")
"""Between the first and the last of some days, as some write it who write three."""

_SPAN = re.compile(r"([1-9]\d{0,3})(min|m|h|d)", re.IGNORECASE)

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
    """Whether a word is meant for a day, even if there is no such day."""
    return word.lower() in _NEAR_DAYS or _MEANT_FOR_A_DAY.match(word) is not None


def is_days(word: str) -> bool:
    """Whether a word is meant for days that follow each other."""
    return any(is_day(part) for part in _BETWEEN.split(word, 1))


def is_name(word: str) -> bool:
    """Whether a word may be a name or a pattern."""
    return word != "-" and not is_days(word) and "=" not in word


def is_number(word: str) -> bool:
    """Whether a word is meant for the number of something."""
    return word.removeprefix("#").isdecimal()


def is_moment(word: str) -> bool:
    """Whether a word is meant for a moment to come, or the time until then."""
    ways = (_CLOCK.fullmatch(word), _SPAN.fullmatch(word), _DAY.match(word))
    return any(ways) or word.lower() == MORNING


def read_day(value: object) -> date:
    """The day that was written: `2019-03-14`, or `yesterday`.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str) and value.lower() in _NEAR_DAYS:
        back = timedelta(days=_NEAR_DAYS[value.lower()])
        return datetime.now().astimezone().date() - back
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):  # of 2019-02-30, and of other than ASCII's digits
            value = date.fromisoformat(value)
    if not isinstance(value, date):
        raise ValueError(f"{value!r} is no day such as 2019-03-14")  # noqa: TRY004 - pydantic's
    check_year(value)
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
    parts = _BETWEEN.split(str(value), 1)
    first, last = read_day(parts[0]), read_day(parts[-1])
    if last < first:
        raise ValueError(
            f"they end on {last}, before they begin on {first}; give the earlier day"
            " first"
        )
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

    `morning` is the next 09:00.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str) and (span := _SPAN.fullmatch(value)):
        unit = _UNITS[span[2].lower()]
        return datetime.now(UTC) + timedelta(**{unit: int(span[1])})
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return _next_time(_clock(value))
    if isinstance(value, str) and value.lower() == MORNING:
        return _next_time(_AT_WORK)
    moment = _moment(value, "09:00, 2h or 2026-12-24T09:00")
    return moment.astimezone(UTC) if moment.tzinfo else _at(moment)


def read_since(value: object) -> datetime:
    """A moment that is over, or a day's begin; in UTC if no zone is named.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str) and value.lower() in _NEAR_DAYS:
        value = str(read_day(value))
    moment = _moment(value, "2019-03-14 or 2019-03-14T09:00")
    # JSON would have no seconds of an offset, which the old ones have.
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_names(value: object) -> object:
    """Names, each once, as they are: some have a comma in them.

    Raises:
        ValueError: There is none although something was written, such as an empty
            variable of a script's: it shall not mean all that there are.
    """
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    if not all(str(one).strip() for one in value):
        raise ValueError("a name is empty")
    return tuple(dict.fromkeys(value))


def check_year(day: date) -> None:
    """Let pass the days of years that are taken.

    Raises:
        ValueError: It is of another year.
    """
    if day.year not in YEARS:
        most = f"{YEARS[0]}-01-01 to {YEARS[-1]}-12-31"
        raise ValueError(f"{day} is not from {most}")


def check_characters(name: str) -> str:
    """The name, if a command and the databases can be given it.

    Raises:
        ValueError: They cannot.
    """
    if "\0" in name:
        raise ValueError("no name has a NUL character")
    return name


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


def bounds_of(arguments: type[Arguments], name: str) -> tuple[int | None, int | None]:
    """The least and the greatest that a number may be, as far as they matter to people.

    A number that a database could not keep is refused all the same.
    """
    field = arguments.model_fields[name]
    parts = [*_metadata(field.annotation), *field.metadata]
    least = [part.ge for part in parts if isinstance(getattr(part, "ge", None), int)]
    most = [part.le for part in parts if isinstance(getattr(part, "le", None), int)]
    return (least[-1] if least else None), (most[-1] if most else None)


def is_flag(arguments: type[Arguments], name: str) -> bool:
    """Whether a field is said or not."""
    return kind_of(arguments, name) is bool


def is_many(arguments: type[Arguments], name: str) -> bool:
    """Whether a field takes any number of words."""
    return kind_of(arguments, name) is tuple


def _moment(value: object, examples: str) -> datetime:
    """What ISO 8601 says.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError(f"{value!r} is no time such as {examples}")  # noqa: TRY004 - pydantic's
    check_year(value)
    return value


def _clock(value: str) -> time:
    try:
        return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - local
    except ValueError:
        raise ValueError(f"{value!r} is no time such as 09:00") from None


def _next_time(clock: time) -> datetime:
    """When the clocks here will show a time next.

    When they are put back they show some twice, and the second may be the next; those
    that they leave out when they are put forward are so much later.
    """
    now = datetime.now().astimezone()
    walls = [
        datetime.combine(now.date() + timedelta(days=ahead), clock.replace(fold=fold))
        for ahead in range(3)
        for fold in (0, 1)
    ]
    moments = (
        moment
        for wall in walls
        if (moment := _at(wall)) > now and (_wall(moment) == wall or wall > _wall(now))
    )
    return next(moments)


def _at(wall: datetime) -> datetime:
    """The moment at which the clocks here show this.

    `astimezone` would have what they leave out before they are put forward.
    """
    return datetime.fromtimestamp(wall.timestamp(), UTC)


def _wall(moment: datetime) -> datetime:
    return moment.astimezone().replace(tzinfo=None)


def _metadata(annotation: object) -> Iterator[Any]:
    """What is said of a type that may be missing."""
    for one in get_args(annotation):
        for part in getattr(one, "__metadata__", ()):
            yield part
            yield from getattr(part, "metadata", ())  # of a Field's bounds


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME),
    AfterValidator(check_characters),
]
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
Words = Annotated[Names, Written("VERB", is_name, (), "")]
