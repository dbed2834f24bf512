"""SQL from templates: one file a statement in ``pipelines/sql``.

What ``{{ }}`` yields is never text: a value becomes a literal of its type in the
server's dialect, an identifier is one only through ``| ident``, and SQL that the
catalog holds goes in through ``Sql``. A name that is not given is an error.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import assert_never
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined


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
        value: None, a bool, int, Decimal, str, date, naive datetime or UUID.
        dialect: Whose literals to write.

    Raises:
        TypeError: The value is of another type.
        ValueError: A string has a NUL in it, a datetime a time zone.
    """
    match value:
        case Sql():
            return value
        case None:
            return Sql("NULL")
        case bool():
            return _boolean(value, dialect)
        case int() | Decimal():
            return Sql(str(value))
        case str():
            return _string(value, dialect)
        case dt.datetime():
            return _timestamp(value, dialect)
        case dt.date():
            return _typed(value.isoformat(), "date", dialect)
        case UUID():
            return _string(str(value), dialect)
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


def prepare() -> None:
    """Read and compile every template now; children that are forked have them then."""
    for dialect in Dialect:
        environment = _environment(dialect)
        for name in environment.list_templates(["sql"]):
            environment.get_template(name)


@cache
def _environment(dialect: Dialect) -> Environment:
    def finalize(value: object) -> str:
        if isinstance(value, Undefined):
            return str(value)  # raises, naming what is not defined
        return literal(value, dialect).text

    environment = Environment(
        loader=PackageLoader("pipelines", "sql"),
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=False,  # noqa: S701 - this is SQL: `finalize` escapes by type
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["ident"] = lambda name: identifier(name, dialect)
    return environment


def _boolean(value: bool, dialect: Dialect) -> Sql:
    if dialect is Dialect.SQL_SERVER:
        return Sql("1" if value else "0")
    return Sql("TRUE" if value else "FALSE")


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
