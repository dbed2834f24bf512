"""Runs the statements about the session itself: transactions, options, messages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds import tokens
from sandbox.tds.compile_expressions import declared_type
from sandbox.tds.convert import convert
from sandbox.tds.moments import MomentError, parse
from sandbox.tds.raising import raised_error
from sandbox.tds.run_queries import CancelledError, Queries
from sandbox.tds.ticks import TICKS_PER_DAY, TICKS_PER_SECOND
from sandbox.tds.tokens import Environment
from sandbox.tds.types import text
from sandbox.tds.values import null

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.tds.reply import Reply
    from sandbox.tds.session import TdsSession

    Runner = Callable[[TdsSession, Queries, Any, Reply], None]

_DESCRIPTOR = (1).to_bytes(8, "little")


def _began() -> bytes:
    """ENVCHANGE with the new transaction's descriptor."""
    return tokens.environment_bytes(Environment.BEGIN_TRANSACTION, _DESCRIPTOR, b"")


def _ended(how: Environment) -> bytes:
    """ENVCHANGE with the descriptor of the transaction that is over."""
    return tokens.environment_bytes(how, b"", _DESCRIPTOR)


def rolled_back(reply: Reply) -> None:
    """Tell the client that its transaction is over, undone."""
    reply.environment(_ended(Environment.ROLLBACK_TRANSACTION))
    reply.done()


def begin(session: TdsSession, _: Queries, __: c.Begin, reply: Reply) -> None:
    """BEGIN TRANSACTION."""
    session.begin()
    if session.facts.transactions == 1:
        reply.environment(_began())
    reply.done()


def commit(session: TdsSession, _: Queries, __: c.Commit, reply: Reply) -> None:
    """COMMIT."""
    if session.commit():
        reply.environment(_ended(Environment.COMMIT_TRANSACTION))
    reply.done()


def rollback(
    session: TdsSession, _: Queries, statement: c.Rollback, reply: Reply
) -> None:
    """ROLLBACK, of all or to a savepoint."""
    if not (statement.savepoint and session.rollback_to(statement.savepoint)):
        session.rollback()
        reply.environment(_ended(Environment.ROLLBACK_TRANSACTION))
    reply.done()


def save(session: TdsSession, _: Queries, statement: c.Save, reply: Reply) -> None:
    """SAVE TRANSACTION."""
    session.save(statement.savepoint)
    reply.done()


def _use(session: TdsSession, _: Queries, statement: c.Use, reply: Reply) -> None:
    old = session.database.name
    session.use(statement.database)
    new = session.database.name
    reply.environment(tokens.environment_text(Environment.DATABASE, new, old))
    reply.inform(5701, f"Changed database context to '{new}'.")
    reply.done()


def _set_option(
    session: TdsSession, _: Queries, statement: c.SetOption, reply: Reply
) -> None:
    session.options.set(statement.name, statement.value)
    reply.done()


def _set_variable(
    _: TdsSession, queries: Queries, statement: c.SetVariable, reply: Reply
) -> None:
    queries.set_variable(statement.name, queries.evaluate(statement.value))
    reply.done()


def _declare(
    session: TdsSession, queries: Queries, statement: c.Declare, _: Reply
) -> None:
    for name, kind, value in statement.variables:
        session.variables[name] = null(declared_type(kind))
        if value is not None:
            queries.set_variable(name, queries.evaluate(value))


def _print(_: TdsSession, queries: Queries, statement: c.Print, reply: Reply) -> None:
    words = convert(queries.evaluate(statement.value), text(-1, unicode=True))
    reply.inform(0, str(words.constant or ""))
    reply.done()


def _raise(_: TdsSession, queries: Queries, statement: c.Raise, reply: Reply) -> None:
    error = raised_error(statement, queries.evaluate)
    if error.severity > 10:  # noqa: PLR2004 - an error's least severity
        raise error
    # SQL Server sends severity 10 as 0, for the sake of old clients
    severity = error.severity % 10
    reply.inform(error.number, error.message, severity=severity, state=error.state)
    reply.done()


def _rethrow(session: TdsSession, _: Queries, __: c.Rethrow, ___: Reply) -> None:
    caught = session.facts.caught
    if caught is None:
        raise SqlError(
            "To rethrow an error, a THROW statement must be used inside a CATCH block. "
            "Insert the THROW statement inside a CATCH block, or add error parameters "
            "to the THROW statement.",
            number=10704,
            severity=15,
        )
    raise caught.error


def _wait(_: TdsSession, queries: Queries, statement: c.WaitFor, reply: Reply) -> None:
    delay = str(queries.evaluate(statement.delay).constant)
    try:
        ticks = parse(delay)[0] % TICKS_PER_DAY
    except MomentError:
        raise SqlError(
            f"Incorrect time syntax in time string '{delay}' used with WAITFOR.",
            number=148,
            severity=15,
        ) from None
    deadline = time.monotonic() + ticks / TICKS_PER_SECOND
    while time.monotonic() < deadline:
        if reply.cancelled():
            raise CancelledError
        time.sleep(min(0.01, max(0.0, deadline - time.monotonic())))
    reply.done()


RUNNERS: dict[type[c.Statement], Runner] = {
    c.Begin: begin,
    c.Commit: commit,
    c.Rollback: rollback,
    c.Save: save,
    c.Use: _use,
    c.SetOption: _set_option,
    c.SetVariable: _set_variable,
    c.Declare: _declare,
    c.Print: _print,
    c.Raise: _raise,
    c.Rethrow: _rethrow,
    c.WaitFor: _wait,
}
