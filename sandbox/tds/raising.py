"""RAISERROR and THROW."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds.types import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.commands import Raise
    from sandbox.tds.syntax import Expression
    from sandbox.tds.values import Typed

_AD_HOC = 50000
_THROW_SEVERITY = 16
_MESSAGE_LIMIT = 2047
_PLACE = re.compile(r"%(?:%|[-+0 #]*\d*(?:\.\d+)?l?([diouxXs]))")


def raised_error(statement: Raise, evaluate: Callable[[Expression], Typed]) -> SqlError:
    """The error a RAISERROR or THROW asks for.

    Args:
        statement: What was written.
        evaluate: Gives the value of an expression.
    """
    message = evaluate(statement.message)
    state = _number(evaluate(statement.state))
    if statement.severity is None:
        number = _AD_HOC
        if statement.number is not None:
            number = _number(evaluate(statement.number))
        return SqlError(
            str(message.constant),
            number=number,
            severity=_THROW_SEVERITY,
            state=state,
        )
    severity = _number(evaluate(statement.severity))
    if message.kind.family is Family.INTEGER:
        raise SqlError(
            f"The user-defined error {_number(message)} is not in sys.messages.",
            number=18054,
        )
    arguments = [evaluate(one) for one in statement.arguments]
    words = _formatted(str(message.constant), arguments)
    return SqlError(words, number=_AD_HOC, severity=severity, state=max(state, 1))


def _number(value: Typed) -> int:
    if isinstance(value.constant, int):
        return int(value.constant)
    raise SqlError("Invalid parameter specified for RAISERROR.", number=2748)


def _formatted(message: str, arguments: Sequence[Typed]) -> str:
    rest = list(arguments)

    def place(match: re.Match[str]) -> str:
        kind = match.group(1)
        if kind is None:
            return "%"
        value = rest.pop(0).constant if rest else None
        if value is None:
            return "(null)"
        return match.group(0).replace("l", "") % value

    return _PLACE.sub(place, message)[:_MESSAGE_LIMIT]
