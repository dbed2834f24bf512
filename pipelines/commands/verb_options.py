"""The options of a verb's command, made from the verb's arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from functools import wraps
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from pipelines.catalog import DayRange
from pipelines.commands.options import DAY
from pipelines.operations import (
    Arguments,
    Written,
    bounds_of,
    describe_fault,
    fields_of,
    is_flag,
    is_many,
    kind_of,
)

A = TypeVar("A", bound=Arguments)


def verb_options(kind: type[Arguments]) -> Callable[[Any], Any]:
    """Add the options of a verb; the command gets them as `arguments`."""

    def decorate(command: Any) -> Any:  # noqa: ANN401 - as click's own decorators
        @wraps(command)
        def with_arguments(**values: object) -> object:
            own = {name: values.pop(name) for name in _parameters(kind)}
            return command(arguments=arguments_of(kind, own), **values)

        decorated: Any = with_arguments
        for option in reversed(list(_parameters(kind).values())):
            decorated = option(decorated)
        return decorated

    return decorate


def arguments_of(kind: type[A], values: Mapping[str, object]) -> A:
    """What the values of the options say.

    Raises:
        click.UsageError: They make no sense.
    """
    given = {name: value for name, value in values.items() if value not in (None, ())}
    first, last = given.pop("first", None), given.pop("last_day", None)
    if "days" in kind.model_fields and (first or last):
        if not (first and last):
            raise click.UsageError("give both --from and --to, or none of them")
        given["days"] = f"{first:%Y-%m-%d}..{last:%Y-%m-%d}"
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        context = click.get_current_context(silent=True)
        raise click.UsageError(describe_fault(kind, error), context) from None


def _parameters(kind: type[Arguments]) -> dict[str, Callable[[Any], Any]]:
    """Click's decorators, by the name of the parameter that each makes."""
    made: dict[str, Callable[[Any], Any]] = {}
    for name, how in fields_of(kind).items():
        field = kind.model_fields[name]
        if kind_of(kind, name) is DayRange:
            required = field.is_required()
            made["first"] = _day("--from", "first", "The first day.", required=required)
            made["last_day"] = _day(
                "--to", "last_day", "The last day, included.", required=required
            )
        elif how.shell == "":
            made[name] = _argument(kind, name, how)
        else:
            made[name] = _option(kind, name, how)
    return made


def _day(option: str, name: str, told: str, *, required: bool) -> Callable[[Any], Any]:
    return click.option(
        option, name, type=DAY, required=required, metavar="YYYY-MM-DD", help=told
    )


def _argument(kind: type[Arguments], name: str, how: Written) -> Callable[[Any], Any]:
    many, required = is_many(kind, name), kind.model_fields[name].is_required()
    metavar = f"{how.metavar}..." if many else how.metavar
    choice = _type(kind, name)
    return click.argument(
        name,
        nargs=-1 if many else 1,
        required=required,
        metavar=None
        if isinstance(choice, click.Choice)
        else (metavar if required else f"[{metavar}]"),
        type=choice,
    )


def _option(kind: type[Arguments], name: str, how: Written) -> Callable[[Any], Any]:
    field, many = kind.model_fields[name], is_many(kind, name)
    option = how.shell or f"--{name.replace('_', '-')}"
    if is_flag(kind, name):
        return click.option(option, name, is_flag=True, help=field.description)
    has_default = not field.is_required() and field.default not in (None, ())
    # Given as None, it would be one, and nothing be missing.
    default = {"default": field.default, "show_default": True} if has_default else {}
    choice = _type(kind, name)
    return click.option(
        *dict.fromkeys((option, f"{option}s") if many else (option,)),
        name,
        multiple=many,
        required=field.is_required(),
        **default,
        type=choice,
        metavar=_metavar(kind, name, how),
        help=f"{field.description} May be given several times."
        if many
        else field.description,
    )


def _metavar(kind: type[Arguments], name: str, how: Written) -> str | None:
    value = kind_of(kind, name)
    if issubclass(value, Enum):
        return None
    is_past = value is date or (value is datetime and how.takes is None)
    return "YYYY-MM-DD" if is_past else how.metavar


def _type(kind: type[Arguments], name: str) -> click.ParamType[Any]:
    value = kind_of(kind, name)
    if issubclass(value, Enum):
        return click.Choice([str(member.value) for member in value])
    if value is int:
        return click.IntRange(*bounds_of(kind, name))
    return click.STRING
