"""Between words, as people write them, and a verb's arguments.

In a chat `backfill orders 2019-03-01..2019-03-31 shards=m* reload` says the same as in
a shell `backfill --table orders --from 2019-03-01 --to 2019-03-31 --shard 'm*'
--reload` does, and both are understood here. Telephones make a dash of two hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError, create_model
from pydantic_core import ErrorDetails

from pipelines.catalog import DayRange
from pipelines.errors import ConfigurationError
from pipelines.operations.arguments import (
    RANGE,
    Arguments,
    Written,
    fields_of,
    is_flag,
    is_many,
    is_name,
    kind_of,
)

ENDS = ("from", "to")
"""What the ends of days may be called, one by one."""

END_OF_OPTIONS = "--"
"""Behind it words are what stands alone in the shell, whatever they look like.

Where it is said, names are what they are, the commas in them too."""

_OPTION = re.compile(r"(?:--|—|–)?([A-Za-z][\w-]*)=(.*)", re.DOTALL)  # noqa: RUF001

_WRITTEN_AS: Mapping[type, str] = MappingProxyType(
    {
        date: "2019-03-14 or yesterday",
        DayRange: "2019-03-14, yesterday or 2019-03-01..2019-03-31",
    }
)

FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "int_parsing": "it is no whole number",
        "int_parsing_size": "it is too large",
        "int_from_float": "it is no whole number",
        "greater_than_equal": "it is less than {ge}",
        "less_than_equal": "it is more than {le}",
        "less_than": "it is not less than {lt}",
        "enum": "it is none of {expected}",
        "string_too_short": "it is empty",
        "string_too_long": "it has more than {max_length} characters",
        "too_short": "too few are named",
        "too_long": "more than {max_length} are named",
    }
)
"""What is said for pydantic's kinds of faults; others are our own validators'."""

_DASHES = ("--", "—", "–")  # noqa: RUF001 - what telephones make of two hyphens

A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True)
class Unfinished:
    """Arguments of which one has to be asked for.

    Attributes:
        given: The others that were given, as JSON has them: what was `yesterday` is
            a date here, so that it stays that day.
        wanted: The field to ask for.
        fault: What is wrong with what was given for it; empty if nothing was.
    """

    given: Mapping[str, Any]
    wanted: str
    fault: str = ""


class WrongWordsError(ConfigurationError):
    """What was written cannot be understood; nothing was done.

    Attributes:
        unfinished: What was understood of it, if asking for the rest makes sense.
    """

    def __init__(
        self, cause: str, *, step: str = "", unfinished: Unfinished | None = None
    ) -> None:
        """Keep what is told, and what was understood."""
        super().__init__(cause, step=step)
        self.unfinished = unfinished


def parse_words(kind: type[A], words: Sequence[str], usage: str = "") -> A:
    """The arguments that some words say.

    Args:
        kind: Of which verb.
        words: What was written behind its name.
        usage: How it is written, for whoever wrote something else.

    Raises:
        WrongWordsError: They say something else, or too little.
    """
    try:
        values = read_words(kind, words)
    except WrongWordsError as error:
        raise WrongWordsError(error.cause, step=_step(usage)) from None
    return parse_values(kind, values, usage)


def read_words(kind: type[Arguments], words: Sequence[str]) -> dict[str, Any]:
    """What each field is given by some words, whether it takes that or not.

    Raises:
        WrongWordsError: A word is given to none.
    """
    return _Reader(kind, words).values()


def parse_values(kind: type[A], values: Mapping[str, Any], usage: str = "") -> A:
    """The arguments of which each field was given something.

    Args:
        kind: Of which verb.
        values: What each field was given.
        usage: How it is written, for whoever gave something else.

    Raises:
        WrongWordsError: A field does not take what it was given, or needs something.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise WrongWordsError(
            describe_fault(kind, error),
            step=_step(usage),
            unfinished=_unfinished(kind, values, error),
        ) from None


def usage_of(kind: type[Arguments]) -> str:
    """How the arguments of a verb are written, in short."""
    return " ".join(_usage(kind))


def described(kind: type[Arguments]) -> list[tuple[str, str]]:
    """How each argument of a verb is written, and what it means."""
    texts = [" ".join(_description(kind, name)) for name in kind.model_fields]
    return list(zip(_usage(kind), texts, strict=True))


def shell_words(arguments: Arguments) -> list[str]:
    """The same for the shell's command, so that it understands just this.

    Names that would be taken for something else stand behind `--`.
    """
    kind, said = type(arguments), dict(_said(arguments))
    plain = _joined(said.values())
    alone = {name: said[name] for name in _alone(kind) if name in said}
    # The shell takes it for an option.
    is_dashed = any(word.startswith("-") for word in _joined(alone.values()))
    if not is_dashed and _is_said(kind, plain, arguments):
        return plain
    named = [words for name, words in said.items() if name not in alone]
    return [*_joined(named), END_OF_OPTIONS, *_joined(alone.values())]


class _Reader:
    """Reads words one after the other."""

    def __init__(self, kind: type[Arguments], words: Sequence[str]) -> None:
        self._kind, self._fields = kind, fields_of(kind)
        self._names = _names(self._fields)
        self._rest = iter(words)
        self._found: dict[str, list[str]] = {}
        self._list: str | None = None
        """The field that the word before was given to, if it is a list."""
        self._goes_on = False
        """Whether a comma stood behind that."""
        self._is_exact = False
        """Whether the words are as the shell's command takes them."""
        self._is_named = False
        """Whether that list was begun by its name, as in `shards moscow kazan`."""

    def values(self) -> dict[str, object]:
        """What each field was given."""
        for word in self._rest:
            self._read(word)
        if days := self._whole_range():
            self._give("days", days)
        return {name: self._value(name, given) for name, given in self._found.items()}

    def _whole_range(self) -> str | None:
        given = {end: self._found.pop(end) for end in ENDS if end in self._found}
        if not given:
            return None
        if len(given) < len(ENDS):
            raise WrongWordsError("give both from and to, or none of them")
        return RANGE.join(self._value(end, given[end]) for end in ENDS)

    def _value(self, name: str, given: list[str]) -> Any:  # noqa: ANN401 - a field's
        if self._is_list(name):
            return given if self._is_exact else _without_commas(name, given)
        if len(given) > 1:
            raise WrongWordsError(f"{_shown(name)} is given twice")
        return given[0]

    def _read(self, word: str) -> None:
        if (option := _OPTION.fullmatch(word)) and (name := self._name(option[1])):
            self._give(name, option[2])
        elif word in _DASHES:
            self._read_alone()
        elif word.startswith(_DASHES):
            name = self._name(word.lstrip("-—–"))  # noqa: RUF001
            if name is None:
                raise WrongWordsError(f"there is no {word!r} here")
            self._give(name, self._value_after(name))
        elif name := self._name(_bare(word)):
            self._give(name, self._value_after(name))
            self._is_named = self._list is not None
        else:
            name = self._taker(_bare(word))
            self._give(name, word if self._is_list(name) else _bare(word))

    def _read_alone(self) -> None:
        """What is behind `--`, as the shell's command takes it, whatever it is."""
        self._is_exact = True
        for name in _alone(self._kind):
            most = 0 if self._count(name) else 1
            for word in islice(self._rest, None if self._is_list(name) else most):
                self._give(name, word)
        for word in self._rest:
            raise WrongWordsError(f"{word!r} has no meaning here")

    def _value_after(self, name: str) -> str:
        if name in self._fields and is_flag(self._kind, name):
            return "true"
        value = next(self._rest, None)
        if value is None:
            raise WrongWordsError(f"nothing stands behind {_shown(name)}")
        return value

    def _give(self, name: str, value: str) -> None:
        self._found.setdefault(name, []).append(value)
        goes_on = self._is_named and name == self._list
        self._list = name if self._is_list(name) else None
        self._is_named = goes_on
        self._goes_on = value.rstrip().endswith(",")

    def _count(self, name: str) -> int:
        return len(self._found.get(name, ()))

    def _is_list(self, name: str) -> bool:
        return name not in ENDS and is_many(self._kind, name)

    def _name(self, word: str) -> str | None:
        return self._names.get(word.lower().replace("-", "_"))

    def _taker(self, word: str) -> str:
        """The first field that takes a word that stands alone, and has none yet."""
        is_next = (self._goes_on or self._is_named) and is_name(word)
        if self._list and (is_next or word.startswith(",")):
            return self._list
        for name, how in self._fields.items():
            is_free = not self._count(name) or self._is_list(name)
            if is_free and how.takes is not None and how.takes(word):
                return name
        raise WrongWordsError(f"{word!r} has no meaning here")


def _without_commas(name: str, given: Sequence[str]) -> list[str]:
    """The names of a list, which may have commas between them in a chat."""
    if not all(one.strip() for one in given):
        raise WrongWordsError(f"{_shown(name)}: a name is empty")
    # What has no comma is a name as it is, with the blanks that quotation marks keep.
    parts = [
        part
        for one in given
        for part in (map(str.strip, one.split(",")) if "," in one else [one])
    ]
    if not any(parts):
        raise WrongWordsError(f"{_shown(name)}: there is a comma, but no name")
    return [part for part in parts if part]


def _bare(word: str) -> str:
    """Without the comma that may stand behind it."""
    return word.rstrip(",") or word


def _names(fields: Mapping[str, Written]) -> dict[str, str]:
    names = {other: name for name, how in fields.items() for other in how.names}
    if "days" in fields:
        names.update({end: end for end in ENDS})
    return {**names, **{name: name for name in fields}}


def _shown(name: str) -> str:
    return name.replace("_", "-")


def _step(usage: str) -> str:
    return f"write: {usage}" if usage else ""


def describe_fault(kind: type[Arguments], error: ValidationError) -> str:
    """What is wrong with the arguments of a verb, first of all."""
    return _described_fault(kind, error.errors(include_url=False)[0])


def _described_fault(kind: type[Arguments], first: ErrorDetails) -> str:
    name = _field_of(first)
    if first["type"] == "missing":
        return f"{fields_of(kind)[name].metavar} is missing"
    if first["type"].startswith("bool_"):
        return f"{_shown(name)}: it stands alone, without a value"
    what = FAULTS.get(first["type"])
    why = what.format(**first.get("ctx", {})) if what else _own_words(first["msg"])
    return f"{_shown(name)}: {why}" if name else why


def _unfinished(
    kind: type[Arguments], values: Mapping[str, Any], error: ValidationError
) -> Unfinished | None:
    """What is to be asked for; None if no single answer could mend it."""
    faults = {_field_of(one): one for one in error.errors(include_url=False)}
    wrong = [name for name, one in faults.items() if one["type"] != "missing"]
    # A fault of no field is one of several together; a flag takes no answer.
    if len(wrong) > 1 or any(not name or is_flag(kind, name) for name in faults):
        return None
    known = {name: values[name] for name in values if name not in faults}
    given = {name: _settled(kind, name, value) for name, value in known.items()}
    if wrong:
        return Unfinished(given, wrong[0], _described_fault(kind, faults[wrong[0]]))
    return Unfinished(given, next(name for name in kind.model_fields if name in faults))


def _settled(kind: type[Arguments], name: str, value: object) -> object:
    """What a field was given, as JSON has it, and meaning the same from now on."""
    field = kind.model_fields[name]
    fields: dict[str, Any] = {name: (field.annotation, field)}
    alone = create_model("Alone", __base__=Arguments, **fields)
    settled: object = alone.model_validate({name: value}).model_dump(mode="json")[name]
    return settled


def _field_of(fault: ErrorDetails) -> str:
    return str(fault["loc"][0]) if fault["loc"] else ""


def _own_words(said: str) -> str:
    """What a validator of ours has said."""
    why = said.removeprefix("Value error, ")
    return why[:1].lower() + why[1:]


def _description(kind: type[Arguments], name: str) -> Iterator[str]:
    """What a field means, what it may be, and what it is without."""
    field, what = kind.model_fields[name], kind_of(kind, name)
    yield field.description or ""
    if issubclass(what, Enum):
        yield f"One of {', '.join(str(member.value) for member in what)}."
    elif what in _WRITTEN_AS:
        yield f"Written as {_WRITTEN_AS[what]}."
    elif what is int and isinstance(field.default, int):
        yield f"{field.default} unless given."


def _usage(kind: type[Arguments]) -> Iterator[str]:
    for name, how in fields_of(kind).items():
        field = kind.model_fields[name]
        if is_flag(kind, name):
            text = _shown(name)
        elif how.takes is None:
            text = f"{how.names[0] if how.names else _shown(name)}={how.metavar}"
        else:
            text = how.metavar
        dots = "…" if is_many(kind, name) else ""
        yield text + dots if field.is_required() else f"[{text}]{dots}"


def _alone(kind: type[Arguments]) -> list[str]:
    """The fields that stand alone in the shell."""
    return [name for name, how in fields_of(kind).items() if how.shell == ""]


def _joined(parts: Iterable[list[str]]) -> list[str]:
    return [word for part in parts for word in part]


def _is_said(kind: type[A], words: Sequence[str], arguments: A) -> bool:
    try:
        return parse_words(kind, words) == arguments
    except WrongWordsError:
        return False


def _said(arguments: Arguments) -> Iterator[tuple[str, list[str]]]:
    """The words of each field that is not as it would be without."""
    kind = type(arguments)
    for name, how in fields_of(kind).items():
        value = getattr(arguments, name)
        if value != kind.model_fields[name].default:
            option = f"--{_shown(name)}" if how.shell is None else how.shell
            yield name, list(_words(option, value))


def _words(option: str, value: object) -> Iterator[str]:
    if isinstance(value, DayRange):
        yield from ("--from", str(value.first), "--to", str(value.last))
    elif isinstance(value, bool):
        yield option
    else:
        for one in value if isinstance(value, tuple) else (value,):
            yield from (option, _text(one)) if option else (_text(one),)


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
