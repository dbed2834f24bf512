"""Variables for templates: named text or JSON, read where it is asked for.

``var.max_rows``, ``var.limits.max_rows`` and ``var.cities[0]`` are a variable and
what is in it. Attributes are only ever names of what is there, so that a field may be
called anything; a name that is not there is an error that tells which there are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TypeAlias

from pipelines.config.lookup import Lookup, suggest
from pipelines.errors import ConfigurationError

VARIABLES = Lookup("SHARDLINE_VARIABLE_", "variables", "variables")

Value: TypeAlias = "str | int | float | bool | Fields | Items | None"


class _Names:
    """Gives what it has under a name as an attribute, too."""

    def __getattr__(self, name: str) -> Value:
        if name.startswith("__"):  # what Python and Jinja ask of any object
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Value:
        raise AttributeError(name)


class Variables(_Names):
    """All variables, by name."""

    def __getitem__(self, name: str) -> Value:
        """A variable's value.

        Raises:
            ConfigurationError: There is none of that name, or it is malformed.
        """
        places = VARIABLES.places(name)
        if not places:
            raise ConfigurationError(
                f"unknown variable var.{name}: {suggest(name, VARIABLES.names())}",
                step=f"give it as {VARIABLES.variable(name)}, as a file, or in"
                " [variables] of luigi.cfg; or correct its name",
            )
        label = f"variable {name} ({places[0].label})"
        try:
            text = places[0].read()
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{label}: {error.cause}", step=error.step
            ) from None
        return _wrapped(_value(text, label), f"var.{name}")

    def __contains__(self, name: str) -> bool:
        """Whether there is such a variable."""
        return bool(VARIABLES.places(name))

    def __repr__(self) -> str:
        """Its name in templates."""
        return "<var>"


class Fields(_Names):
    """A JSON object; iterating gives its names."""

    def __init__(self, fields: dict[str, object], path: str) -> None:
        """Know the fields, and the path that leads here."""
        self.__fields = fields
        self.__path = path

    def __getitem__(self, name: str) -> Value:
        """A field's value.

        Raises:
            ConfigurationError: There is none of that name.
        """
        if name not in self.__fields:
            near = suggest(name, self.__fields)
            raise ConfigurationError(
                f"unknown variable {self.__path}.{name}: {near}",
                step=f"correct the name, or the value of {self.__path}",
            )
        return _wrapped(self.__fields[name], f"{self.__path}.{name}")

    def __contains__(self, name: object) -> bool:
        """Whether there is such a field."""
        return name in self.__fields

    def __iter__(self) -> Iterator[str]:
        """The names, in their order."""
        return iter(self.__fields)

    def __len__(self) -> int:
        """How many fields there are."""
        return len(self.__fields)

    def __repr__(self) -> str:
        """The path that leads here."""
        return f"<{self.__path}>"


class Items:
    """A JSON array."""

    def __init__(self, items: list[object], path: str) -> None:
        """Know the items, and the path that leads here."""
        self.__items = items
        self.__path = path

    def __getitem__(self, at: int | str) -> Value:
        """An item's value; the first is 0.

        Raises:
            ConfigurationError: There is no such item.
        """
        if not isinstance(at, int) or not -len(self) <= at < len(self):
            raise ConfigurationError(
                f"unknown variable {self.__path}[{at}]: it is a list of {len(self)}",
                step=f"correct the number, or the value of {self.__path}",
            )
        return _wrapped(self.__items[at], f"{self.__path}[{at}]")

    def __iter__(self) -> Iterator[Value]:
        """The items' values, in their order."""
        return (self[at] for at in range(len(self)))

    def __len__(self) -> int:
        """How many items there are."""
        return len(self.__items)

    def __repr__(self) -> str:
        """The path that leads here."""
        return f"<{self.__path}>"


def _wrapped(value: object, path: str) -> Value:
    match value:
        case dict():
            return Fields(value, path)
        case list():
            return Items(value, path)
        case None | str() | int() | float():
            return value
        case _:
            raise TypeError(f"a {type(value).__name__} is not JSON")


def _value(text: str, label: str) -> object:
    """JSON's value of a text; the text itself if it is not JSON."""
    try:
        return json.loads(
            text,
            parse_constant=_float,
            parse_float=_float,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError) as error:
        if not text.lstrip().startswith(("{", "[")):
            return text
        at = f" in line {error.lineno}" if hasattr(error, "lineno") else ""
        raise ConfigurationError(
            f"{label} begins as JSON does, and is not: {_fault(error)}{at}",
            step='correct it; text that begins so is written "in quotes"',
        ) from None


def _fault(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number in it is not finite")
    return number


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a name in it is there twice")
    return fields
