"""Runs the statements of a batch, one by one, and answers each."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

import duckdb

from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds import run_changes, run_definitions, tokens
from sandbox.tds.compile_expressions import declared_type
from sandbox.tds.convert import convert
from sandbox.tds.failures import from_duckdb, unsupported
from sandbox.tds.moments import MomentError, parse
from sandbox.tds.parse_statements import parse_batch
from sandbox.tds.procedures import PROCEDURES, Arguments
from sandbox.tds.raising import raised_error
from sandbox.tds.run_queries import CancelledError, Queries
from sandbox.tds.syntax import Select
from sandbox.tds.tokens import Command, Environment
from sandbox.tds.types import INT, TICKS_PER_DAY, TICKS_PER_SECOND, text
from sandbox.tds.values import Typed, constant, null

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.holds import Connection, Holds
    from sandbox.tds.reply import Reply
    from sandbox.tds.session import TdsSession

_DESCRIPTOR = (1).to_bytes(8, "little")
_KEPT_TEXT = 10_000


class _JumpError(Exception):
    """BREAK, CONTINUE or RETURN."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@lru_cache(maxsize=512)
def _parsed_once(text: str, quoted_identifier: bool) -> tuple[c.Statement, ...]:
    return parse_batch(text, quoted_identifier=quoted_identifier)


def parsed(text: str, *, quoted_identifier: bool) -> tuple[c.Statement, ...]:
    """The statements of a batch; short batches are remembered."""
    if len(text) > _KEPT_TEXT:
        return parse_batch(text, quoted_identifier=quoted_identifier)
    return _parsed_once(text, quoted_identifier)


class Executor:
    """Runs batches on one connection."""

    def __init__(
        self, session: TdsSession, holds: Holds, connection: Connection
    ) -> None:
        """Begin on a connection that has logged in."""
        self._session = session
        self._queries = Queries(session)
        self._holds = holds
        self._connection = connection
        self._handlers: dict[type[c.Statement], Callable[..., None]] = {
            c.Begin: self._begin,
            c.Commit: self._commit,
            c.Rollback: self._rollback,
            c.Save: self._save,
            c.Use: self._use,
            c.SetOption: self._set_option,
            c.SetVariable: self._set_variable,
            c.Declare: self._declare,
            c.Print: self._print,
            c.Raise: self._raise,
            c.WaitFor: self._wait,
        }

    def run(self, text: str, reply: Reply) -> None:
        """Run a batch.

        A statement's error ends that statement; as on SQL Server, the batch goes on
        after an error of a constraint or of arithmetic, and stops after one that
        would not let it be compiled or converted.

        Raises:
            CancelledError: The client wants no more.
            ConnectionKilled: By a hold.
        """
        self._session.variables = {}
        self._run_text(text, reply)

    def _run_text(self, text: str, reply: Reply) -> None:
        quoted = self._session.options.quoted_identifier
        try:
            statements = parsed(text, quoted_identifier=quoted)
        except SqlError as error:
            self._fail_guarded(text, error, reply)
            return
        try:
            for statement in statements:
                if not self._run_one(statement, reply):
                    return
        except _JumpError as jump:
            if jump.word != "RETURN":
                reply.failed(
                    SqlError(
                        f"Cannot use a {jump.word} statement outside the scope of a "
                        "WHILE statement.",
                        number=135,
                        severity=15,
                    )
                )

    def _fail_guarded(self, text: str, error: SqlError, reply: Reply) -> None:
        try:
            with self._holds.guard(self._connection, text):
                raise error
        except SqlError as failure:
            self._failed(failure, reply)

    def _run_one(self, statement: c.Statement, reply: Reply) -> bool:
        """Run a statement; False when the batch must stop."""
        try:
            match statement:
                case c.Block():
                    return all(
                        self._run_one(one, reply) for one in statement.statements
                    )
                case c.If():
                    return self._if(statement, reply)
                case c.While():
                    return self._while(statement, reply)
                case c.Jump():
                    raise _JumpError(statement.word)
                case c.SelectStatement():
                    self._select(statement, reply)
                case c.ExecuteText():
                    self._execute_text(statement, reply)
                case c.Execute():
                    self._execute(statement, reply)
                case _:
                    with self._holds.guard(self._connection, statement.text):
                        self._dispatch(statement, reply)
        except SqlError as error:
            return self._failed(error, reply)
        except duckdb.Error as error:
            return self._failed(from_duckdb(error), reply)
        self._session.facts.error = 0
        return True

    def _failed(self, error: SqlError, reply: Reply) -> bool:
        """Answer an error; tell whether the batch goes on."""
        session = self._session
        session.facts.error = error.number
        session.facts.rows = 0
        reply.failed(error)
        if error.rollback or (session.options.xact_abort and error.severity > 10):  # noqa: PLR2004 - an error's least severity
            was_open = session.facts.transactions > 0
            session.abandon()
            if was_open:
                reply.environment(_transaction(Environment.ROLLBACK_TRANSACTION))
                reply.done()
            return False
        return error.number in run_changes.GOES_ON

    def _dispatch(self, statement: c.Statement, reply: Reply) -> None:
        handler = self._handlers.get(type(statement))
        if handler is not None:
            handler(statement, reply)
            return
        session = self._session
        if isinstance(statement, c.Insert | c.Update | c.Delete):
            command, count = run_changes.run(session, statement)
            self._counted(command, count, reply)
        elif run_definitions.run(session, statement):
            reply.done()
        else:
            raise unsupported(_shown(statement.text))

    def _counted(self, command: Command, count: int, reply: Reply) -> None:
        self._session.facts.rows = count
        reply.done(command, None if self._session.options.nocount else count)

    # --- queries

    def _select(self, statement: c.SelectStatement, reply: Reply) -> None:
        query = statement.query
        if isinstance(query.body, Select) and query.body.into is not None:
            with self._holds.guard(self._connection, statement.text):
                count = run_changes.select_into(self._session, statement)
                self._counted(Command.SELECT, count, reply)
            return
        with self._holds.guard(self._connection, statement.text):
            compiled = self._queries.compiled(statement)
            result = self._session.engine.read(compiled.sql)
            if compiled.variables:
                self._queries.assign(compiled, result)
                reply.done()
                return
        count = self._queries.stream(compiled, result, reply)
        self._counted(Command.SELECT, count, reply)

    # --- control of flow

    def _if(self, statement: c.If, reply: Reply) -> bool:
        if self._queries.is_true(statement.condition):
            return self._run_one(statement.then, reply)
        if statement.otherwise is not None:
            return self._run_one(statement.otherwise, reply)
        return True

    def _while(self, statement: c.While, reply: Reply) -> bool:
        while self._queries.is_true(statement.condition):
            if reply.cancelled():
                raise CancelledError
            try:
                if not self._run_one(statement.body, reply):
                    return False
            except _JumpError as jump:
                if jump.word == "BREAK":
                    break
                if jump.word == "RETURN":
                    raise
        return True

    def _execute_text(self, statement: c.ExecuteText, reply: Reply) -> None:
        command = convert(
            self._queries.evaluate(statement.command), text(-1, unicode=True)
        )
        outer = self._session.variables
        self._session.variables = {}
        try:
            self._run_text(str(command.constant or ""), reply)
        finally:
            self._session.variables = outer

    def _execute(self, statement: c.Execute, reply: Reply) -> None:
        name = statement.procedure.parts[-1].lower()
        procedure = PROCEDURES.get(name)
        if procedure is None and (name != "sp_executesql" or not statement.arguments):
            self._missing_procedure(str(statement.procedure), statement.text)
        arguments = Arguments(
            [self._queries.evaluate(value) for _, value in statement.arguments],
            [label for label, _ in statement.arguments],
        )
        outcome = 0
        if procedure is None:
            self._execute_sql(arguments, reply)
        else:
            with self._holds.guard(self._connection, statement.text):
                outcome = procedure(self._session, arguments)
                reply.done()
        if statement.result:
            self._queries.set_variable(statement.result, constant(outcome, INT))

    def refuse_call(self, procedure: str, reply: Reply) -> None:
        """Answer a remote procedure call; the sandbox has no procedures."""
        try:
            self._missing_procedure(procedure, f"EXEC {procedure}")
        except SqlError as error:
            self._failed(error, reply)

    def _missing_procedure(self, procedure: str, statement: str) -> None:
        with self._holds.guard(self._connection, statement):
            raise SqlError(
                f"Could not find stored procedure '{procedure}'.", number=2812
            )

    def _execute_sql(self, arguments: Arguments, reply: Reply) -> None:
        """sp_executesql: a batch with parameters, declared in its second argument."""
        outer = self._session.variables
        variables: dict[str, Typed] = {}
        declarations = arguments.text(1, "@params", "")
        if declarations:
            declared = parsed(f"DECLARE {declarations}", quoted_identifier=True)
            for statement in declared:
                if isinstance(statement, c.Declare):
                    for at, (name, kind, _) in enumerate(statement.variables):
                        given = _parameter(arguments, at + 2, name)
                        variables[name] = convert(given, declared_type(kind))
        text_ = arguments.text(0, "@stmt")
        self._session.variables = variables
        try:
            self._run_text(text_, reply)
        finally:
            self._session.variables = outer

    # --- transactions and the session

    def _begin(self, _: c.Begin, reply: Reply) -> None:
        self._session.begin()
        if self._session.facts.transactions == 1:
            reply.environment(_transaction(Environment.BEGIN_TRANSACTION))
        reply.done()

    def _commit(self, _: c.Commit, reply: Reply) -> None:
        if self._session.commit():
            reply.environment(_transaction(Environment.COMMIT_TRANSACTION))
        reply.done()

    def _rollback(self, statement: c.Rollback, reply: Reply) -> None:
        if statement.savepoint and self._session.rollback_to(statement.savepoint):
            reply.done()
            return
        self._session.rollback()
        reply.environment(_transaction(Environment.ROLLBACK_TRANSACTION))
        reply.done()

    def _save(self, statement: c.Save, reply: Reply) -> None:
        self._session.save(statement.savepoint)
        reply.done()

    def _use(self, statement: c.Use, reply: Reply) -> None:
        old = self._session.database.name
        self._session.use(statement.database)
        new = self._session.database.name
        reply.environment(tokens.environment_text(Environment.DATABASE, new, old))
        reply.inform(5701, f"Changed database context to '{new}'.")
        reply.done()

    def _set_option(self, statement: c.SetOption, reply: Reply) -> None:
        self._session.options.set(statement.name, statement.value)
        reply.done()

    def _set_variable(self, statement: c.SetVariable, reply: Reply) -> None:
        self._queries.set_variable(
            statement.name, self._queries.evaluate(statement.value)
        )
        reply.done()

    def _declare(self, statement: c.Declare, reply: Reply) -> None:
        for name, kind, value in statement.variables:
            declared = declared_type(kind)
            self._session.variables[name] = null(declared)
            if value is not None:
                self._queries.set_variable(name, self._queries.evaluate(value))
        del reply  # DECLARE answers nothing

    def _print(self, statement: c.Print, reply: Reply) -> None:
        words = convert(self._queries.evaluate(statement.value), text(-1, unicode=True))
        reply.inform(0, str(words.constant or ""))
        reply.done()

    def _raise(self, statement: c.Raise, reply: Reply) -> None:
        error = raised_error(statement, self._queries.evaluate)
        if error.severity > 10:  # noqa: PLR2004 - an error's least severity
            raise error
        # SQL Server sends severity 10 as 0, for the sake of old clients
        severity = error.severity % 10
        reply.inform(error.number, error.message, severity=severity, state=error.state)
        reply.done()

    def _wait(self, statement: c.WaitFor, reply: Reply) -> None:
        delay = str(self._queries.evaluate(statement.delay).constant)
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


def _parameter(arguments: Arguments, place: int, name: str) -> Typed:
    found = arguments.get(place, name)
    if found is None:
        raise SqlError(
            f"The parameterized query expects the parameter '{name}', which was not "
            "supplied.",
            number=8178,
        )
    return found


def _transaction(kind: Environment) -> bytes:
    """ENVCHANGE with the transaction's descriptor, new or old."""
    if kind is Environment.BEGIN_TRANSACTION:
        return tokens.environment_bytes(kind, _DESCRIPTOR, b"")
    return tokens.environment_bytes(kind, b"", _DESCRIPTOR)


def _shown(text_: str) -> str:
    words = " ".join(text_.split())
    return words if len(words) <= 100 else words[:100] + "..."  # noqa: PLR2004 - a line
