"""Reads COPY statements."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.vertica.declarations import read_type
from sandbox.vertica.delimited import Delimiters
from sandbox.vertica.words import Words, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.vertica.types import SqlType
    from sandbox.vertica.words import Name

_COMPRESSIONS = ("UNCOMPRESSED", "GZIP", "BZIP")
_IGNORED = ("DIRECT", "AUTO", "TRICKLE", "WITH")  # as a real server does since 9.3


@dataclass(frozen=True)
class CopyItem:
    """One item of the column list.

    Args:
        name: A column, or a filler's name.
        filler: The type of a filler: read, not stored.
        expression: What to store in the column instead of a field.
    """

    name: str
    filler: SqlType | None = None
    expression: str = ""


@dataclass(frozen=True)
class CopyStatement:
    """A COPY statement, read."""

    target: Name
    items: tuple[CopyItem, ...] = ()
    local: bool = False
    files: tuple[str, ...] = ()
    compression: str = "UNCOMPRESSED"
    native: bool = False
    delimiters: Delimiters = field(default_factory=Delimiters)
    abort_on_error: bool = False
    reject_max: int = 0
    enforce_length: bool = False
    commit: bool = True
    rejected_file: str = ""
    exceptions_file: str = ""
    rejected_table: Name | None = None
    return_rejected: bool = False


@lru_cache(maxsize=256)
def read_copy(text: str) -> CopyStatement:
    """Read a COPY statement.

    Raises:
        SqlError: 42601, or 0A000 for sources and parsers the sandbox lacks.
    """
    words = Words(text)
    words.expect("COPY")
    target = words.name()
    items = _read_items(words) if words.accept("(") else ()
    words.expect("FROM")
    statement = _read_source(words, CopyStatement(target, items))
    while not words.done:
        statement = _read_option(words, statement)
    if "NO ESCAPE" in text.upper() and "ESCAPE AS" in text.upper():
        raise SqlError("Cannot specify both ESCAPE and NO ESCAPE", sqlstate="22V0B")
    return statement


def _read_items(words: Words) -> tuple[CopyItem, ...]:
    items = []
    while True:
        name = words.identifier()
        if words.accept("FILLER"):
            items.append(CopyItem(name, filler=read_type(words)))
        elif words.accept("AS"):
            items.append(CopyItem(name, expression=words.expression(",", ")")))
        else:
            items.append(CopyItem(name))
        if words.accept(")"):
            return tuple(items)
        if not words.accept(","):
            raise unsupported(f"COPY column option {words.peek()}")


def _read_source(words: Words, statement: CopyStatement) -> CopyStatement:
    statement = replace(statement, local=words.accept("LOCAL"))
    files: list[str] = []
    if not words.accept("STDIN"):
        if not statement.local:
            raise unsupported(f"COPY FROM a node's file: {words.text}")
        files = words.listed(words.string)
    for compression in _COMPRESSIONS:
        if words.accept(compression):
            statement = replace(statement, compression=compression)
    return replace(statement, files=tuple(files))


def _read_option(words: Words, statement: CopyStatement) -> CopyStatement:
    if words.peek() in _IGNORED:
        words.accept(words.peek())
        return statement
    for names, change in _FLAGS:
        if words.accept(*names):
            return change(statement)
    if words.accept("SKIP"):
        cut = replace(statement.delimiters, skip=words.number())
        return replace(statement, delimiters=cut)
    if words.accept("REJECTMAX"):
        return replace(statement, reject_max=words.number())
    if words.accept("STREAM", "NAME"):
        words.string()
        return statement
    if words.accept("REJECTED", "DATA"):
        return _read_rejected(words, statement)
    if words.accept("EXCEPTIONS"):
        return replace(statement, exceptions_file=words.string())
    return _read_delimiter(words, statement)


def _read_rejected(words: Words, statement: CopyStatement) -> CopyStatement:
    if words.accept("AS", "TABLE"):
        return replace(statement, rejected_table=words.name())
    return replace(statement, rejected_file=words.string())


def _read_delimiter(words: Words, statement: CopyStatement) -> CopyStatement:
    cut = statement.delimiters
    if words.accept("DELIMITER"):
        cut = replace(cut, delimiter=_octet(words))
    elif words.accept("ENCLOSED"):
        words.accept("BY")
        cut = replace(cut, enclosure=_octet(words))
    elif words.accept("ESCAPE"):
        cut = replace(cut, escape=_octet(words))
    elif words.accept("NULL"):
        words.accept("AS")
        cut = replace(cut, null=words.string().encode())
    elif words.accept("RECORD", "TERMINATOR"):
        cut = replace(cut, terminator=words.string().encode())
    elif words.at_string() or not words.peek():
        raise words.error()
    else:
        raise unsupported(f"COPY option {words.peek()}")
    if cut.delimiter == cut.null:
        raise SqlError(
            "COPY delimiter must not be the NULL string", number=2720, sqlstate="22023"
        )
    return replace(statement, delimiters=cut)


def _octet(words: Words) -> bytes:
    words.accept("AS")
    value = words.string().encode()
    if len(value) != 1:
        raise SqlError(
            "COPY delimiter, enclosure and escape must be one character",
            number=2721,
            sqlstate="22023",
        )
    return value


_FLAGS: tuple[tuple[tuple[str, ...], Callable[[CopyStatement], CopyStatement]], ...] = (
    (("NATIVE",), lambda s: replace(s, native=True)),
    (("ABORT", "ON", "ERROR"), lambda s: replace(s, abort_on_error=True)),
    (("ENFORCELENGTH",), lambda s: replace(s, enforce_length=True)),
    (("NO", "COMMIT"), lambda s: replace(s, commit=False)),
    (("RETURNREJECTED",), lambda s: replace(s, return_rejected=True)),
    (
        ("NO", "ESCAPE"),
        lambda s: replace(s, delimiters=replace(s.delimiters, escape=b"")),
    ),
    (
        ("TRAILING", "NULLCOLS"),
        lambda s: replace(s, delimiters=replace(s.delimiters, trailing_nulls=True)),
    ),
)
