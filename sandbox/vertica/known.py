"""Statements that were translated before: most clients send few, again and again.

What a text means depends on the definitions alone, unless it asks for the moment, the
session or the server's state, or the session has tables of its own; those are
translated each time. Any new definition makes all of it stale.

Clients write values into their texts. Texts that differ in nothing but the letters and
digits of strings that something is compared with have one translation.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.vertica.catalog import Relation, Table
    from sandbox.vertica.messages import Column

_MOST = 1024
_NAME_OR_STRING = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*')""")
_UNCLEAR = re.compile(r"--|/\*|\\|\$\$")
_LETTER, _DIGIT = re.compile("[A-Za-z]"), re.compile("[0-9]")
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


@dataclass(frozen=True)
class Known:
    """One query, ready to run.

    Args:
        sql: DuckDB's text.
        relations: What it names, to check privileges on.
        tables: What it reads, to lock.
        columns: What it answers with.
        version: The definitions it was translated by.
    """

    sql: str
    relations: Sequence[Relation]
    tables: Sequence[Table]
    columns: list[Column]
    version: int


class KnownQueries:
    """The last queries of all sessions of a database, by their text. Thread-safe."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Known] = OrderedDict()

    def get(self, text: str, version: int) -> Known | None:
        """A query, if the definitions are still those it was translated by."""
        known = self._find(text, version)
        if known is not None or _UNCLEAR.search(text):
            return known
        known = self._find(_shape(text), version)
        return known and replace(known, sql=_with_strings(known.sql, _strings(text)))

    def put(self, text: str, tree: exp.Expr, known: Known) -> None:
        """Keep a query; the one not used for longest makes way.

        Args:
            text: As it was sent.
            tree: As it was parsed.
            known: How it is run.
        """
        key = _shape(text) if _may_vary(text, tree, known.sql) else text
        with self._lock:
            self._kept[key] = known
            self._kept.move_to_end(key)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)

    def _find(self, key: str, version: int) -> Known | None:
        with self._lock:
            known = self._kept.get(key)
            if known is None or known.version != version:
                return None
            self._kept.move_to_end(key)
            return known


def _strings(text: str) -> list[str]:
    return [found for found in _NAME_OR_STRING.findall(text) if found[0] == "'"]


def _shape(text: str) -> str:
    """The text with every letter of its strings as `a` and every digit as `0`."""
    pieces = _NAME_OR_STRING.split(text)
    pieces[1::2] = [
        _DIGIT.sub("0", _LETTER.sub("a", found)) if found[0] == "'" else found
        for found in pieces[1::2]
    ]
    return "".join(pieces)


def _with_strings(sql: str, strings: Iterable[str]) -> str:
    """A translation with other strings in their places."""
    pieces, others = _NAME_OR_STRING.split(sql), iter(strings)
    pieces[1::2] = [
        next(others) if found[0] == "'" else found for found in pieces[1::2]
    ]
    return "".join(pieces)


def _may_vary(text: str, tree: exp.Expr, sql: str) -> bool:
    """Whether other strings of this shape would be translated to themselves, too."""
    strings = _strings(text)
    return (
        len(strings) == len(set(strings))  # so that their order can be seen
        and not _UNCLEAR.search(text)
        and strings == _strings(sql)
        and all(_is_compared(literal) for literal in tree.find_all(exp.Literal))
    )


def _is_compared(literal: exp.Literal) -> bool:
    """Whether it is a string beside a comparison, where none has a special meaning."""
    parent = literal.parent
    if isinstance(parent, exp.Cast):
        parent = parent.parent
    return not literal.is_string or isinstance(parent, _COMPARED)
