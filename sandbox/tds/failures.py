"""SQL Server's errors: numbers, severities, and words.

The numbers and severities are those of sys.messages. An error met while DuckDB
runs a statement is carried through DuckDB's `error()` as a tagged text, and comes
back out of the exception with its number.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import duckdb

from sandbox.errors import SqlError

if TYPE_CHECKING:
    from sandbox.tds.types import SqlType

UNSUPPORTED = 50100
_SHOWN = 100  # characters of a statement
_TAG = "tds-error:"
_END = "\ufffb"
_TAGGED = re.compile(
    re.escape(_TAG) + rf"(?P<head>\[.*?\])(?P<value>[^{_END}]*){_END}", re.DOTALL
)
VALUE = "\ufffc"
"""Stands in a run-time error's text where the offending value goes."""


def syntax_error(near: str) -> SqlError:
    """102: the text cannot be parsed."""
    return SqlError(f"Incorrect syntax near '{near}'.", number=102, severity=15)


def unsupported(what: str) -> SqlError:
    """The sandbox's own error: SQL Server knows this, the sandbox does not."""
    return SqlError(f"The sandbox does not support: {what}", number=UNSUPPORTED)


def unsupported_statement(text: str) -> SqlError:
    """The same for a whole statement, of which the beginning is shown."""
    words = " ".join(text.split())
    return unsupported(words if len(words) <= _SHOWN else words[:_SHOWN] + "...")


def invalid_column(name: str) -> SqlError:
    """207."""
    return SqlError(f"Invalid column name '{name}'.", number=207)


def invalid_object(name: str) -> SqlError:
    """208."""
    return SqlError(f"Invalid object name '{name}'.", number=208)


def name_taken(name: str, *, state: int = 1) -> SqlError:
    """2714: CREATE of what is there."""
    return SqlError(
        f"There is already an object named '{name}' in the database.",
        number=2714,
        state=state,
    )


def cannot_drop(what: str, *, state: int = 1) -> SqlError:
    """3701: DROP of what is not there; `what` is its kind and its name."""
    return SqlError(
        f"Cannot drop the {what}, because it does not exist or you do not have "
        "permission.",
        number=3701,
        severity=11,
        state=state,
    )


def no_such_database(name: str) -> SqlError:
    """911: USE of a database that is not there."""
    return SqlError(
        f"Database '{name}' does not exist. Make sure that the name is entered "
        "correctly.",
        number=911,
    )


def cannot_open_database(name: str) -> SqlError:
    """4060: the login's database is not there."""
    return SqlError(
        f'Cannot open database "{name}" requested by the login. The login failed.',
        number=4060,
        severity=11,
    )


def login_failed(user: str) -> SqlError:
    """18456."""
    return SqlError(
        f"Login failed for user '{user}'.", number=18456, severity=14, state=1
    )


def clash(first: SqlType, second: SqlType) -> SqlError:
    """206: no conversion between these types exists."""
    return SqlError(
        f"Operand type clash: {first.name} is incompatible with {second.name}",
        number=206,
    )


def raised(number: int, text: str, value_sql: str | None = None) -> str:
    """DuckDB SQL of an expression that fails with a SQL Server error.

    Args:
        number: Its number; severity 16.
        text: Its words, with `VALUE` where the value goes.
        value_sql: DuckDB SQL of that value, as VARCHAR.
    """
    head = _TAG + json.dumps([number, text])
    literal = "'" + head.replace("'", "''") + "'"
    if value_sql is None:
        return f"error({literal} || '{_END}')"
    return f"error({literal} || coalesce({value_sql}, '') || '{_END}')"


def from_duckdb(failure: duckdb.Error) -> SqlError:
    """What SQL Server would say to what DuckDB refused.

    Keys and NULLs need the table, and are told apart by the caller beforehand.
    """
    text = str(failure)
    tagged = _TAGGED.search(text)
    if tagged:
        number, words = json.loads(tagged["head"])
        return SqlError(words.replace(VALUE, tagged["value"]), number=number)
    if isinstance(failure, duckdb.OutOfRangeException):
        return SqlError(
            "Arithmetic overflow error converting expression to data type.",
            number=8115,
        )
    if isinstance(failure, duckdb.ConversionException):
        return SqlError("Arithmetic overflow error converting expression.", number=8115)
    if isinstance(failure, duckdb.InterruptException):
        return SqlError("The query was cancelled.", number=3617, severity=11)
    first = text.splitlines()[0]
    if isinstance(failure, duckdb.TransactionException):
        return SqlError(
            "Transaction was deadlocked on lock resources with another process and "
            f"has been chosen as the deadlock victim. Rerun the transaction. ({first})",
            number=1205,
            severity=13,
            rollback=True,
        )
    return unsupported(first)
