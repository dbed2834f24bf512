"""Reads declarations: types, columns, constraints, and what follows a table's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.vertica.catalog import ColumnDefinition, Key
from sandbox.vertica.types import declared, interval
from sandbox.vertica.words import Words, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.vertica.types import SqlType

_SECOND_WORDS = {
    "LONG": ("VARCHAR", "VARBINARY"),
    "DOUBLE": ("PRECISION",),
    "CHARACTER": ("VARYING",),
    "BINARY": ("VARYING",),
}
_UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
_AFTER_EXPRESSION = (
    ",", ")", "NOT", "NULL", "PRIMARY", "UNIQUE", "CONSTRAINT", "DEFAULT", "ENCODING",
    "ACCESSRANK", "CHECK", "REFERENCES", "SET", "USING",
)  # fmt: skip
_AFTER_TABLE = (
    "ORDER", "SEGMENTED", "UNSEGMENTED", "KSAFE", "PARTITION", "GROUP", "INCLUDE",
    "EXCLUDE", "AS", "ENCODED", "ACTIVEPARTITIONCOUNT",
)  # fmt: skip


@dataclass
class TableBody:
    """What stands between the parentheses of CREATE TABLE."""

    columns: list[ColumnDefinition] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)


def read_type(words: Words) -> SqlType:
    """Read a type as CREATE TABLE and casts write it."""
    first = words.identifier().upper()
    if first == "INTERVAL":
        return _read_interval(words)
    name = first
    for second in _SECOND_WORDS.get(first, ()):
        if words.accept(second):
            name = f"{first} {second}"
    modifiers = _read_modifiers(words)
    for zone in ("WITH", "WITHOUT"):
        if first in {"TIME", "TIMESTAMP"} and words.accept(zone, "TIME", "ZONE"):
            name = f"{first} {zone} TIME ZONE"
    return declared(name.lower(), modifiers)


def read_body(words: Words) -> TableBody:
    """Read columns and constraints, in their parentheses."""
    body = TableBody()
    words.expect("(")
    while True:
        if _at_constraint(words):
            body.keys.append(_read_key(words, body))
        else:
            _read_column(words, body)
        if words.accept(")"):
            break
        words.expect(",")
    _check(body)
    return body


def read_storage(words: Words) -> str:
    """Pass over a table's sort order, segmentation and safety.

    These steer a real server's projections and change no answer here.

    Returns:
        The text of PARTITION BY, or nothing.
    """
    partition = ""
    while words.peek() in _AFTER_TABLE and words.peek() != "AS":
        clause = words.identifier().upper()
        if clause == "PARTITION":
            words.expect("BY")
            partition = words.expression(*_AFTER_TABLE)
        elif clause == "GROUP":
            words.expect("BY")
            partition += " GROUP BY " + words.expression(*_AFTER_TABLE)
        elif clause in _CLAUSES:
            _CLAUSES[clause](words)
        else:
            raise words.error()
    return partition


def _pass_order(words: Words) -> None:
    words.expect("BY")
    words.expression(*_AFTER_TABLE)


def _pass_segmentation(words: Words) -> None:
    words.expect("BY")
    words.expression("ALL", "NODES")
    words.accept("ALL")
    words.expect("NODES")
    if words.accept("OFFSET"):
        words.number()


def _pass_nodes(words: Words) -> None:
    words.accept("ALL")
    words.expect("NODES")


def _pass_number(words: Words) -> None:
    if words.at_number():
        words.number()


def _pass_privileges(words: Words) -> None:
    words.accept("SCHEMA")
    words.expect("PRIVILEGES")


_CLAUSES: dict[str, Callable[[Words], None]] = {
    "ORDER": _pass_order,
    "SEGMENTED": _pass_segmentation,
    "UNSEGMENTED": _pass_nodes,
    "KSAFE": _pass_number,
    "ACTIVEPARTITIONCOUNT": _pass_number,
    "INCLUDE": _pass_privileges,
    "EXCLUDE": _pass_privileges,
}


def _read_interval(words: Words) -> SqlType:
    first = last = ""
    if words.peek() in _UNITS:
        first = words.identifier().lower()
        if words.accept("TO"):
            last = words.identifier().lower()
    modifiers = _read_modifiers(words)
    return interval(first, last, modifiers[0] if modifiers else None)


def _read_modifiers(words: Words) -> list[int]:
    if not words.accept("("):
        return []
    modifiers = words.listed(words.number)
    words.expect(")")
    return modifiers


def _at_constraint(words: Words) -> bool:
    return (
        words.peek() in {"CONSTRAINT", "CHECK"}
        or (words.peek(), words.peek(1)) in {("PRIMARY", "KEY"), ("FOREIGN", "KEY")}
        or (words.peek(), words.peek(1)) == ("UNIQUE", "(")
    )


def _read_column(words: Words, body: TableBody) -> None:
    name = words.identifier()
    if words.peek() in {"IDENTITY", "AUTO_INCREMENT"}:
        raise unsupported(f"column {name} {words.peek()}")
    body.columns.append(ColumnDefinition(name, read_type(words)))
    while words.peek() not in {",", ")"} and not words.done:
        _read_option(words, body)


def _read_option(words: Words, body: TableBody) -> None:
    column = body.columns[-1]
    if words.accept("NOT", "NULL"):
        body.columns[-1] = replace(column, nullable=False)
    elif words.accept("NULL"):
        body.columns[-1] = replace(column, nullable=True)
    elif words.accept("DEFAULT"):
        default = words.expression(*_AFTER_EXPRESSION)
        body.columns[-1] = replace(column, default=default)
    elif words.accept("ENCODING") or words.accept("ACCESSRANK"):
        words.expression(*_AFTER_EXPRESSION)
    elif words.peek() in {"CONSTRAINT", "PRIMARY", "UNIQUE"}:
        body.keys.append(_read_key(words, body, column.name))
    elif words.peek() in {"CHECK", "REFERENCES", "SET", "USING"}:
        raise unsupported(f"{words.peek()} of column {column.name}")
    else:
        raise words.error()


def _read_key(words: Words, body: TableBody, column: str = "") -> Key:
    """Read a constraint of a column, or of the table when `column` is empty."""
    name = words.identifier() if words.accept("CONSTRAINT") else ""
    primary = words.accept("PRIMARY", "KEY")
    if not primary and not words.accept("UNIQUE"):
        raise unsupported(f"{words.peek()} constraint")
    columns = [column] if column else words.names()
    enabled = words.accept("ENABLED")
    if not enabled:
        words.accept("DISABLED")
    kind = "C_PRIMARY" if primary else f"C_UNIQUE_{len(body.keys) + 1}"
    return Key(name or kind, primary, tuple(columns), enabled)


def read_key(words: Words) -> Key:
    """Read what follows ALTER TABLE ... ADD."""
    return _read_key(words, TableBody())


def _check(body: TableBody) -> None:
    seen: set[str] = set()
    for column in body.columns:
        if column.name.casefold() in seen:
            raise SqlError(
                f'Duplicate column "{column.name}" in CREATE TABLE',
                number=2745,
                sqlstate="42701",
            )
        seen.add(column.name.casefold())
    for key in body.keys:
        for name in key.columns:
            if name.casefold() not in seen:
                raise SqlError(
                    f'Column "{name}" named in key does not exist',
                    number=2624,
                    sqlstate="42703",
                )
    body.columns = [_required_by_key(c, body.keys) for c in body.columns]


def _required_by_key(column: ColumnDefinition, keys: list[Key]) -> ColumnDefinition:
    named = {n.casefold() for key in keys if key.primary for n in key.columns}
    if column.name.casefold() in named:
        return replace(column, nullable=False)
    return column
