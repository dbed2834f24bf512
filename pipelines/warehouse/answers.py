"""Whether an answer is what was asked for.

A server that is none, or a table that was made by hand, may answer anything; what is
not looked at here would fail in the middle of what relies on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from types import UnionType
from typing import Any

from pipelines.errors import PermanentError

Kind = type | UnionType
"""What a value has to be; `int | None` where it may be NULL."""

Row = list[Any]

_INTEGERS = range(-(1 << 63), 1 << 63)
"""What Vertica's INTEGER can be."""

SHOWN = 10
"""Most types of a wrong row that are named."""


class UnexpectedAnswerError(PermanentError):
    """A server answered something else than it was asked for."""


def check_row(row: Row, kinds: Sequence[Kind], server: str) -> Row:
    """The row, if it has a value of each kind.

    Raises:
        UnexpectedAnswerError: It has not.
    """
    if len(row) == len(kinds) and all(map(_is, row, kinds)):
        return row
    found = ", ".join(type(value).__name__ for value in row[:SHOWN])
    raise unexpected(f"a row of ({found})", server)


def check_day(day: date, first: date, last: date, server: str) -> date:
    """The day, if it is among those that were asked for.

    Raises:
        UnexpectedAnswerError: It is not.
    """
    if first <= day <= last:
        return day
    raise unexpected(f"{day} for {first} to {last}", server)


def unexpected(answer: str, server: str) -> UnexpectedAnswerError:
    """What is raised for an answer.

    Args:
        answer: What came, in few words.
        server: Who answered.
    """
    return UnexpectedAnswerError(
        f"Vertica {server} answers what it was not asked for: {answer}",
        step="see what is there, and how its tables were made",
    )


def _is(value: object, kind: Kind) -> bool:
    if not isinstance(value, kind) or (kind is date and isinstance(value, datetime)):
        return False
    if isinstance(value, int):
        return value in _INTEGERS
    return not isinstance(value, Decimal) or value.is_finite()
