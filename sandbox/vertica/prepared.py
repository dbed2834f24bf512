"""Prepared statements: the extended protocol's Parse, Bind, Describe, Execute."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sandbox.errors import SqlError
from sandbox.vertica import messages, types
from sandbox.vertica.catalog import Table
from sandbox.vertica.dialect import parse
from sandbox.vertica.failures import reported
from sandbox.vertica.text_values import read_octets
from sandbox.vertica.translate import column_type, known_relation
from sandbox.vertica.types import SqlType
from sandbox.vertica.words import Words, split, syntax_error, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.vertica.environment import Environment
    from sandbox.vertica.messages import Column
    from sandbox.vertica.wire import Wire

_TEXT = SqlType(types.VARCHAR, length=types.MAX_LENGTH)
_READ = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge)
_MARK = "parameter_"
_TAG = re.compile(r"\s*(\w+)")


@dataclass
class Prepared:
    """A parsed statement.

    Args:
        text: As the client wrote it.
        tree: With its parameters numbered; None for DDL and the like.
        parameters: Their types.
    """

    text: str
    tree: exp.Expr | None
    parameters: list[SqlType]


@dataclass
class _Portal:
    statement: Prepared
    tree: exp.Expr | None


class ExtendedProtocol:
    """One session's prepared statements.

    Args:
        wire: The client.
        binary: Whether results travel in binary.
        environment: What names mean in the session.
        columns: Tells a query's columns without running it.
        execute: Runs a statement and sends its rows.
        ready: Sends ReadyForQuery.
        fail: Sends an error.
    """

    def __init__(
        self,
        *,
        wire: Wire,
        binary: bool,
        environment: Environment,
        columns: Callable[[exp.Expr], list[Column]],
        execute: Callable[[str, exp.Expr | None], None],
        ready: Callable[[], None],
        fail: Callable[[SqlError], None],
    ) -> None:
        """Begin with nothing prepared."""
        self._wire = wire
        self._binary = binary
        self._environment = environment
        self._columns = columns
        self._execute_statement = execute
        self._ready = ready
        self._fail = fail
        self._statements: dict[str, Prepared] = {}
        self._portals: dict[str, _Portal] = {}
        self._failed = False

    def handle(self, kind: bytes, body: bytes) -> None:
        """Answer one message; after an error, nothing up to the next Sync."""
        if kind == b"S":
            self._failed = False
            self._ready()
            return
        if self._failed or kind == b"H":
            return
        try:
            with reported(f"message {kind.decode()} of a prepared statement"):
                _STEPS[kind](self, body)
        except SqlError as failure:
            self._failed = True
            self._fail(failure)

    def _parse(self, body: bytes) -> None:
        name, at = _string(body, 0)
        statements = split(_string(body, at)[0])
        if len(statements) > 1:
            raise SqlError(
                "Cannot insert multiple commands into a prepared statement",
                number=2593,
                sqlstate="42601",
            )
        self._statements[name] = prepare("".join(statements), self._environment)
        self._wire.send(messages.PARSE_COMPLETE)

    def _describe(self, body: bytes) -> None:
        kind, name = body[:1], body[1:].rstrip(b"\0").decode()
        statement = (
            self._statement(name) if kind == b"S" else self._portal(name).statement
        )
        if kind == b"S":
            self._wire.send(messages.parameter_description(statement.parameters))
        columns = self._columns(_blank(statement.tree)) if statement.tree else []
        self._wire.send(
            messages.row_description(columns, binary=self._binary)
            if columns
            else messages.NO_DATA
        )
        tag = _TAG.match(statement.text)
        self._wire.send(messages.command_description(tag[1].upper() if tag else ""))

    def _bind(self, body: bytes) -> None:
        portal, at = _string(body, 0)
        name, at = _string(body, at)
        statement = self._statement(name)
        values = _values(body, at)
        if len(values) != len(statement.parameters):
            raise syntax_error("parameters")
        tree = bind(statement, values) if statement.tree else None
        self._portals[portal] = _Portal(statement, tree)
        self._wire.send(messages.BIND_COMPLETE)

    def _execute(self, body: bytes) -> None:
        portal = self._portal(_string(body, 0)[0])
        self._execute_statement(portal.statement.text, portal.tree)

    def _close(self, body: bytes) -> None:
        kind, name = body[:1], body[1:].rstrip(b"\0").decode()
        if kind == b"S":
            self._statements.pop(name, None)
        else:
            self._portals.pop(name, None)
        self._wire.send(messages.CLOSE_COMPLETE)

    def _statement(self, name: str) -> Prepared:
        if name not in self._statements:
            raise SqlError(
                f'Prepared statement "{name}" does not exist',
                number=4584,
                sqlstate="26000",
            )
        return self._statements[name]

    def _portal(self, name: str) -> _Portal:
        if name not in self._portals:
            raise SqlError(
                f'Portal "{name}" does not exist', number=4547, sqlstate="34000"
            )
        return self._portals[name]


_STEPS: dict[bytes, Callable[[ExtendedProtocol, bytes], None]] = {
    b"P": ExtendedProtocol._parse,  # noqa: SLF001 - its own methods
    b"D": ExtendedProtocol._describe,  # noqa: SLF001 - its own methods
    b"B": ExtendedProtocol._bind,  # noqa: SLF001 - its own methods
    b"E": ExtendedProtocol._execute,  # noqa: SLF001 - its own methods
    b"C": ExtendedProtocol._close,  # noqa: SLF001 - its own methods
}


def prepare(text: str, environment: Environment) -> Prepared:
    """Parse a statement whose parameters are question marks."""
    first = Words(text).peek()
    if first not in {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "("}:
        return Prepared(text, None, [])
    tree = parse(_numbered(text))
    if not isinstance(tree, _READ):
        raise syntax_error(first)
    found = {_number(p): p for p in tree.find_all(exp.Placeholder)}
    kinds = [_type_of(found[n], tree, environment) for n in sorted(found)]
    return Prepared(text, tree, kinds)


def bind(statement: Prepared, values: Sequence[bytes | None]) -> exp.Expr:
    """Put values in: literals of text, which the statement's types then read."""
    tree = statement.tree.copy() if statement.tree else exp.null()
    for parameter in list(tree.find_all(exp.Placeholder)):
        place = _number(parameter) - 1
        value, kind = values[place], statement.parameters[place]
        parameter.replace(_literal(value, kind))
    return tree


def _number(parameter: exp.Expr) -> int:
    return int(parameter.name.removeprefix(_MARK))


def _literal(value: bytes | None, kind: SqlType) -> exp.Expr:
    if value is None:
        return exp.null()
    if kind.oid in types.BYTES:
        octets = exp.Literal.string(read_octets(value).hex())
        return exp.Anonymous(this="unhex", expressions=[octets])
    return exp.Literal.string(value.decode("utf-8", "replace"))


def _numbered(text: str) -> str:
    """Question marks as numbered names: trees do not keep the order of the text."""
    pieces, at, number = [], 0, 0
    for token in tokenize(text):
        if token.token_type == TokenType.PLACEHOLDER:
            number += 1
            pieces += [text[at : token.start], f":{_MARK}{number}"]
            at = token.end + 1
    return "".join([*pieces, text[at:]])


def _blank(tree: exp.Expr) -> exp.Expr:
    """The statement with NULL for each parameter: its columns can be told."""
    copy = tree.copy()
    for parameter in list(copy.find_all(exp.Placeholder)):
        blank: exp.Expr = exp.null()
        if isinstance(parameter.parent, (exp.Select, exp.Alias)):
            blank = exp.Cast(this=blank, to=exp.DataType.build("VARCHAR(65000)"))
        parameter.replace(blank)
    return copy


def _type_of(parameter: exp.Expr, tree: exp.Expr, environment: Environment) -> SqlType:
    """What a parameter is compared with or stored in; else text."""
    parent = parameter.parent
    if isinstance(tree, exp.Insert) and isinstance(parent, exp.Tuple):
        place = parent.expressions.index(parameter)
        return _inserted_type(tree, place, environment)
    if isinstance(parent, exp.Binary):
        other = parent.left if parent.right is parameter else parent.right
        if isinstance(other, exp.Column):
            return column_type(other, tree, environment) or _TEXT
    return _TEXT


def _inserted_type(tree: exp.Insert, place: int, environment: Environment) -> SqlType:
    target = tree.this
    names = []
    if isinstance(target, exp.Schema):
        names = [column.name for column in target.expressions]
        target = target.this
    table = known_relation(target, environment)
    if not isinstance(table, Table):
        return _TEXT
    names = names or [column.name for column in table.columns]
    return table.column(names[place]).type if place < len(names) else _TEXT


def _string(body: bytes, at: int) -> tuple[str, int]:
    """A string of a body, and where the next begins."""
    end = body.index(b"\0", at)
    return body[at:end].decode(), end + 1


def _values(body: bytes, at: int) -> list[bytes | None]:
    """Bind's values: formats, count, type numbers, then lengths and texts."""
    (formats,) = struct.unpack_from("!H", body, at)
    at += 2 + 2 * formats
    (count,) = struct.unpack_from("!H", body, at)
    at += 2 + 4 * count
    values: list[bytes | None] = []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if length < 0 else body[at : at + length])
        at += max(length, 0)
    return values
