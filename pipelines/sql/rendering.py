"""SQL from templates: one file a statement in ``pipelines/sql``.

What ``{{ }}`` yields is never text: a value becomes a literal of its type in the
server's dialect, a list the literals of its items, an identifier is one only through
``| ident``, and SQL that the catalog holds goes in through ``Sql``. A name that is not
given is an error. A template that may be anybody's, such as a report's, is rendered in
Jinja's sandbox, and ``{{ }}`` where it would be no literal, as in quotes, is an error.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path
from traceback import walk_tb
from typing import assert_never
from uuid import UUID

from jinja2 import (
    Environment,
    PackageLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipelines.config import Items
from pipelines.errors import ConfigurationError
from pipelines.sql.quoting import marked, unmarked


class Dialect(Enum):
    """Whose SQL a statement is."""

    SQL_SERVER = "sql server"
    VERTICA = "vertica"


@dataclass(frozen=True)
class Sql:
    """SQL text that is trusted as it stands, such as a table's query."""

    text: str


def identifier(name: str, dialect: Dialect) -> Sql:
    """A quoted identifier; ``a.b`` is one name with a dot in it.

    Args:
        name: The name, of any characters but NUL.
        dialect: Whose quotes to use.

    Raises:
        ValueError: The name is empty or has a NUL in it.
    """
    if not name or "\0" in name:
        raise ValueError("an identifier is neither empty nor holds a NUL")
    match dialect:
        case Dialect.SQL_SERVER:
            return Sql("[" + name.replace("]", "]]") + "]")
        case Dialect.VERTICA:
            return Sql('"' + name.replace('"', '""') + '"')
        case _:
            assert_never(dialect)


def literal(value: object, dialect: Dialect) -> Sql:
    """A value as a literal of its type.

    Args:
        value: None, a bool, int, float, Decimal, str, date, naive datetime or UUID, or
            a list or tuple of them, with commas between: NULL if it is empty, so that
            it always fits into IN (...).
        dialect: Whose literals to write.

    Raises:
        TypeError: The value is of another type.
        ValueError: A string has a NUL in it, a datetime a time zone, or a number is not
            finite.
    """
    match value:
        case Sql():
            return value
        case None:
            return Sql("NULL")
        case bool():
            return _boolean(value, dialect)
        case int() | float() | Decimal():
            return _number(value)
        case str() | UUID():
            return _string(str(value), dialect)
        case dt.datetime():
            return _timestamp(value, dialect)
        case dt.date():
            return _typed(value.isoformat(), "date", dialect)
        case list() | tuple() | Items():
            items = [literal(item, dialect).text for item in value]
            return Sql(", ".join(items) or "NULL")
        case _:
            raise TypeError(f"a {type(value).__name__} has no SQL literal here")


def render(name: str, dialect: Dialect, **values: object) -> str:
    """The statement of one template.

    Args:
        name: The template's file name without ``.sql``.
        dialect: Whose SQL it is.
        **values: What the template names.

    Raises:
        jinja2.UndefinedError: The template names something that was not given.
    """
    return _environment(dialect).get_template(f"{name}.sql").render(values).strip()


def render_file(path: Path, dialect: Dialect, **values: object) -> str:
    """The statement of a template that may be anybody's, such as a report's.

    Args:
        path: The template.
        dialect: Whose SQL it is.
        **values: What the template may name.

    Raises:
        ConfigurationError: It cannot be read, is no template, or names or does
            something that is not to be had; the text tells the line where it can.
    """
    step = f"correct {path}"
    try:
        text = path.read_text(encoding="utf-8")
        return unmarked(_compiled(text, dialect).render(values)).strip()
    except TemplateSyntaxError as error:
        raise ConfigurationError(
            f"{path.name} line {error.lineno}: {error.message}", step=step
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{path.name}{_line_of(error)}: {error.cause}", step=error.step
        ) from error
    except TemplateNotFound as error:
        raise ConfigurationError(
            f"{path.name}{_line_of(error)}: there is no template {error.name!r}",
            step=step,
        ) from error
    except (OSError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise ConfigurationError(
            f"{path.name}{_line_of(error)}: {error}", step=step
        ) from error
    except TemplateError as error:
        raise ConfigurationError(
            f"{path.name}{_line_of(error)}: {error.message}", step=step
        ) from error


def _line_of(error: Exception) -> str:
    """The line of the template that raised an error, which Jinja puts in its trace."""
    lines = [
        lineno
        for frame, lineno in walk_tb(error.__traceback__)
        if frame.f_code.co_filename == "<template>"
    ]
    return f" line {lines[-1]}" if lines else ""


def precompile(names: Mapping[Dialect, Iterable[str]]) -> None:
    """Read and compile templates now; children that are forked have them then."""
    for dialect, those in names.items():
        for name in those:
            _environment(dialect).get_template(f"{name}.sql")


@lru_cache(maxsize=64)
def _compiled(text: str, dialect: Dialect) -> Template:
    """Compiled once, for whoever renders it for many days."""
    return _sandbox(dialect).from_string(text)


@cache
def _environment(dialect: Dialect) -> Environment:
    return _made(Environment, dialect, lambda literal: literal)


@cache
def _sandbox(dialect: Dialect) -> Environment:
    """Lets a template neither reach into Python nor change what it is given."""
    return _made(ImmutableSandboxedEnvironment, dialect, marked)


def _made(
    kind: type[Environment], dialect: Dialect, mark: Callable[[str], str]
) -> Environment:
    def finalize(value: object) -> str:
        if isinstance(value, Undefined):
            return str(value)  # raises, naming what is not defined
        return mark(literal(value, dialect).text)

    environment = kind(
        loader=PackageLoader("pipelines", "sql"),
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["ident"] = lambda name: identifier(name, dialect)
    return environment


def _boolean(value: bool, dialect: Dialect) -> Sql:
    if dialect is Dialect.SQL_SERVER:
        return Sql("1" if value else "0")
    return Sql("TRUE" if value else "FALSE")


def _number(value: float | Decimal) -> Sql:
    match value:
        case int():
            text = str(value)
        case _ if not math.isfinite(value):
            raise ValueError("a number that is not finite has no SQL literal here")
        case float():
            # Repr reads back as the same number; with an exponent it is a float in SQL.
            text = repr(value) if "e" in repr(value) else f"{value!r}e0"
        case _:
            text = f"{value:f}"
    # Bare, its sign would make a comment of a minus before it.
    return Sql(f"({text})" if text.startswith("-") else text)


def _string(value: str, dialect: Dialect) -> Sql:
    if "\0" in value:
        raise ValueError("a NUL cannot be written in a SQL literal")
    quoted = "'" + value.replace("'", "''") + "'"
    return Sql("N" + quoted if dialect is Dialect.SQL_SERVER else quoted)


def _timestamp(value: dt.datetime, dialect: Dialect) -> Sql:
    if value.tzinfo is not None:
        raise ValueError("a datetime with a time zone has no literal here")
    return _typed(value.isoformat(timespec="microseconds"), "timestamp", dialect)


def _typed(text: str, kind: str, dialect: Dialect) -> Sql:
    if dialect is Dialect.VERTICA:
        return Sql(f"{kind.upper()} '{text.replace('T', ' ')}'")
    # The ISO form and datetime2 mean the same under every language of the session.
    server_type = "datetime2" if kind == "timestamp" else "date"
    return Sql(f"CAST('{text}' AS {server_type})")
