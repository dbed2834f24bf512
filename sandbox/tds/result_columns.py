# ruff: noqa: S608 - SQL is made from a parsed tree; names are quoted, values escaped
"""The columns of a compiled body: what they are called, and how they are converted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sandbox.errors import SqlError
from sandbox.tds import syntax as s
from sandbox.tds.convert import convert
from sandbox.tds.scope import Scope
from sandbox.tds.values import Typed
from sandbox.tds.wire_types import OutputColumn


@dataclass(slots=True)
class Body:
    """A compiled body, and what its ORDER BY may refer to."""

    sql: str
    columns: tuple[OutputColumn, ...]
    scope: Scope | None = None
    items: list[Typed] = field(default_factory=list)
    distinct: bool = False
    limit: str = ""
    variables: tuple[str, ...] = ()


def column_name(node: s.Name, scope: Scope) -> str:
    """A column's name as it was declared, not as it was typed."""
    sql = scope.resolve(node.parts).sql
    return sql[sql.rindex('."') + 2 : -1].replace('""', '"')


def place_of(node: s.Expression, body: Body) -> int | None:
    """The place in the select list that ORDER BY means, if it means one."""
    if isinstance(node, s.Number) and node.text.isdigit():
        place = int(node.text)
        if not 1 <= place <= len(body.columns):
            raise SqlError(
                f"The ORDER BY position number {place} is out of range of the number "
                "of items in the select list.",
                number=108,
                severity=15,
            )
        return place
    if isinstance(node, s.Name) and len(node.parts) == 1:
        wanted = node.parts[0].casefold()
        for place, column in enumerate(body.columns, start=1):
            if column.name.casefold() == wanted:
                return place
    return None


def item_of(body: Body, at: int) -> Typed:
    """The item of a column, for its type alone."""
    return body.items[at] if body.items else Typed("", body.columns[at].type)


def converted(body: Body, columns: tuple[OutputColumn, ...]) -> str:
    """DuckDB SQL of a body with its columns brought to the types of others."""
    sql = body.sql + body.limit
    same = all(
        a.type.storage == b.type.storage
        for a, b in zip(body.columns, columns, strict=True)
    )
    if same:
        return sql
    names = [f"c{at}" for at in range(1, len(columns) + 1)]
    items = ", ".join(
        convert(Typed(f"s.{name}", a.type), b.type).sql
        for name, a, b in zip(names, body.columns, columns, strict=True)
    )
    return f"SELECT {items} FROM ({sql}) AS s({', '.join(names)})"


def renamed(
    columns: tuple[OutputColumn, ...], names: tuple[str, ...], alias: str
) -> tuple[OutputColumn, ...]:
    """The columns of a derived table under the names it is given.

    Raises:
        SqlError: 8155, 8156, 8158, 8159: a column has no name, or not one of its own.
    """
    if names:
        if len(names) != len(columns):
            more = "more" if len(names) < len(columns) else "fewer"
            raise SqlError(
                f"'{alias}' has {more} columns than were specified in the column list.",
                number=8158 if more == "more" else 8159,
            )
        columns = tuple(
            replace(c, name=name) for name, c in zip(names, columns, strict=True)
        )
    seen: set[str] = set()
    for place, column in enumerate(columns, start=1):
        if not column.name:
            raise SqlError(
                f"No column name was specified for column {place} of '{alias}'.",
                number=8155,
            )
        if column.name.casefold() in seen:
            raise SqlError(
                f"The column '{column.name}' was specified multiple times for "
                f"'{alias}'.",
                number=8156,
            )
        seen.add(column.name.casefold())
    return columns
