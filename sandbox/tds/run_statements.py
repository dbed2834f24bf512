"""Runs the statements of a batch, one by one, and answers each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import duckdb

from sandbox.errors import SqlError
from sandbox.tds import commands as c
from sandbox.tds import (
    run_changes,
    run_databases,
    run_definitions,
    run_modules,
    run_session,
)
from sandbox.tds.calls import Calls, Ended
from sandbox.tds.convert import convert
from sandbox.tds.environment import Caught
from sandbox.tds.failures import from_duckdb, unsupported_statement
from sandbox.tds.parsed import parsed
from sandbox.tds.routines import Routine
from sandbox.tds.run_queries import CancelledError, Queries
from sandbox.tds.syntax import Select
from sandbox.tds.tokens import Command
from sandbox.tds.types import INT, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from sandbox.tds.reply import Reply
    from sandbox.tds.session import TdsSession
    from sandbox.tds.values import Typed

_DEFINERS = (run_definitions.run, run_modules.run, run_databases.run)
_LEAST_ERROR = 11
# Names that mean nothing: a TRY of the same batch or procedure does not catch these.
_OF_BINDING = frozenset({207, 208, 209, 213, 4104})
# They end the procedure or batch they are in, and not the batch around it.
_OF_COMPILING = _OF_BINDING | frozenset(
    {102, 105, 107, 109, 110, 111, 113, 116, 137, 145, 156, 178, 195, 205, 206}
    | {217, 243, 264, 2714, 3701, 4145, 8178}
)


class _JumpError(Exception):
    """BREAK, CONTINUE or RETURN."""

    def __init__(self, word: str, value: Typed | None = None) -> None:
        super().__init__(word)
        self.word = word
        self.value = value


class _ThrownError(Exception):
    """An error on its way to the CATCH that waits for it."""

    def __init__(self, caught: Caught, level: int) -> None:
        super().__init__(caught.error)
        self.caught = caught
        self.level = level


class Statements:
    """Runs statements on one session.

    A statement's error ends that statement; as on SQL Server, the batch goes on
    after an error of a constraint or of arithmetic, and stops after one that would
    not let it be compiled or converted.

    Attributes:
        calls: The calls of procedures.
    """

    def __init__(
        self, session: TdsSession, guard: Callable[[str], AbstractContextManager[None]]
    ) -> None:
        """Begin.

        Args:
            session: Whose.
            guard: Where a hold may catch a statement.
        """
        self._session = session
        self._guard = guard
        self._queries = Queries(session)
        self.calls = Calls(session, self._queries, self._run_routine, guard)
        self._tries: list[int] = []  # the nest level of each TRY that is open
        self._severity = 0  # the greatest of the procedure that runs

    def start(self) -> None:
        """A request begins: forget what belonged to the last one."""
        self._session.variables = {}
        self._session.facts.caught = None
        self._tries.clear()

    def run_text(self, text: str, reply: Reply) -> bool:
        """Run a batch; False when what is around it must stop too."""
        quoted = self._session.options.quoted_identifier
        try:
            statements = parsed(text, quoted_identifier=quoted)
        except SqlError as error:
            return self.attempt(partial(self._fail_guarded, text, error), reply)
        try:
            return self.run_all(statements, reply)
        except _JumpError as jump:
            self._check_return(jump, reply)
            return True

    def _check_return(self, jump: _JumpError, reply: Reply) -> None:
        """Of the jumps out of a batch only a RETURN without a value is one."""
        if jump.word != "RETURN":
            words = (
                f"Cannot use a {jump.word} statement outside the scope of a WHILE "
                "statement."
            )
            reply.failed(SqlError(words, number=135, severity=15))
        elif jump.value is not None:
            words = "A RETURN statement with a return value cannot be used in this "
            reply.failed(SqlError(words + "context.", number=178, severity=15))

    def _fail_guarded(self, text: str, error: SqlError) -> bool:
        with self._guard(text):
            raise error

    def run_all(self, statements: Sequence[c.Statement], reply: Reply) -> bool:
        """Run statements in turn; False when one of them stops the batch."""
        return all(self._run_one(statement, reply) for statement in statements)

    def _run_one(self, statement: c.Statement, reply: Reply) -> bool:
        """Run a statement; False when the batch must stop."""
        goes_on = self.attempt(partial(self._run, statement, reply), reply)
        ends_batch = isinstance(statement, c.Rethrow) or (
            isinstance(statement, c.Raise) and statement.severity is None
        )
        return goes_on and not (ends_batch and self._session.facts.error)

    def _run(self, statement: c.Statement, reply: Reply) -> bool:
        if self._session.options.fmtonly and not isinstance(statement, c.SetOption):
            return self._tell_columns(statement, reply)
        match statement:
            case c.Block():
                return self.run_all(statement.statements, reply)
            case c.If():
                return self._if(statement, reply)
            case c.While():
                return self._while(statement, reply)
            case c.Try():
                return self._try(statement, reply)
            case c.Jump():
                value = statement.value
                known = None if value is None else self._queries.evaluate(value)
                raise _JumpError(statement.word, known)
            case c.SelectStatement():
                self._select(statement, reply)
            case c.ExecuteText():
                return self._execute_text(statement, reply)
            case c.Execute():
                return self.calls.execute(statement, reply)
            case _:
                with self._guard(statement.text):
                    self._dispatch(statement, reply)
        self._session.facts.error = 0
        return True

    def attempt(self, action: Callable[[], bool], reply: Reply) -> bool:
        """Do something; answer its error, or throw it to the TRY around it."""
        try:
            return action()
        except SqlError as failure:
            error = failure
        except duckdb.Error as failure:
            error = from_duckdb(failure)
        if self._tries:
            caught = Caught(error, reply.procedure_name)
            raise _ThrownError(caught, self._session.facts.nest_level) from error
        return self._failed(error, reply)

    def _failed(self, error: SqlError, reply: Reply) -> bool:
        """Answer an error; tell whether the batch goes on."""
        session = self._session
        session.facts.error = error.number
        session.facts.rows = 0
        self._severity = max(self._severity, error.severity)
        reply.failed(error)
        if self._ends_transaction(error):
            was_open = session.facts.transactions > 0
            session.abandon()
            if was_open:
                run_session.rolled_back(reply)
            return False
        return error.number in run_changes.GOES_ON

    def _ends_transaction(self, error: SqlError) -> bool:
        strict = self._session.options.xact_abort and error.severity >= _LEAST_ERROR
        return error.rollback or strict

    def _dispatch(self, statement: c.Statement, reply: Reply) -> None:
        session = self._session
        runner = run_session.RUNNERS.get(type(statement))
        if runner is not None:
            runner(session, self._queries, statement, reply)
            return
        session.check_not_doomed()
        if isinstance(statement, c.Insert | c.Update | c.Delete):
            changed = run_changes.run(session, statement)
            if changed.told is not None:
                reply.columns(changed.columns)
                for batch in changed.told.to_batches():
                    reply.rows(batch, changed.columns)
            self.counted(changed.command, changed.count, reply)
        elif isinstance(statement, c.InsertBulk):
            run_changes.check_bulk(session, statement)
            reply.done()
        elif any(definer(session, statement) for definer in _DEFINERS):
            reply.done()
        else:
            raise unsupported_statement(statement.text)

    def counted(self, command: Command, count: int, reply: Reply) -> None:
        """A statement changed or gave so many rows."""
        self._session.facts.rows = count
        reply.done(command, None if self._session.options.nocount else count)

    # --- queries

    def _select(self, statement: c.SelectStatement, reply: Reply) -> None:
        query = statement.query
        if isinstance(query.body, Select) and query.body.into is not None:
            with self._guard(statement.text):
                self._session.check_not_doomed()
                count = run_changes.select_into(self._session, statement)
                self.counted(Command.SELECT, count, reply)
            return
        with self._guard(statement.text):
            compiled = self._queries.compiled(statement)
            result = self._queries.answer(compiled)
            if compiled.variables:
                self._queries.assign(compiled, result)
                reply.done()
                return
        count = self._queries.stream(compiled, result, reply)
        self.counted(Command.SELECT, count, reply)

    def _tell_columns(self, statement: c.Statement, reply: Reply) -> bool:
        """SET FMTONLY ON: a query answers its columns alone, all else nothing."""
        if isinstance(statement, c.SelectStatement):
            compiled = self._queries.compiled(statement)
            if not compiled.variables:
                reply.columns(compiled.columns)
                reply.done(Command.SELECT, 0)
        return True

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

    def _try(self, statement: c.Try, reply: Reply) -> bool:
        """TRY ... CATCH; what cannot be compiled at its own level passes it by."""
        level = self._session.facts.nest_level
        self._tries.append(level)
        try:
            return self.run_all(statement.body, reply)
        except _ThrownError as thrown:
            error = thrown.caught.error
            if thrown.level == level and error.number in _OF_BINDING:
                raise error from None
            return self._handle(statement, thrown.caught, reply)
        finally:
            del self._tries[-1:]

    def _handle(self, statement: c.Try, caught: Caught, reply: Reply) -> bool:
        self._tries.pop()
        session = self._session
        if self._ends_transaction(caught.error):
            session.doom()
        outer, session.facts.caught = session.facts.caught, caught
        session.facts.error = caught.error.number
        try:
            return self.run_all(statement.handler, reply)
        finally:
            session.facts.caught = outer
            self._tries.append(session.facts.nest_level)

    # --- batches and procedures inside a batch

    def _execute_text(self, statement: c.ExecuteText, reply: Reply) -> bool:
        command = convert(
            self._queries.evaluate(statement.command), text(-1, unicode=True)
        )
        with self._session.scope({}):
            goes_on = self.run_text(str(command.constant or ""), reply)
        return goes_on or self._session.facts.error in _OF_COMPILING

    def _run_routine(
        self, routine: Routine, variables: dict[str, Typed], reply: Reply
    ) -> Ended:
        outer, self._severity = self._severity, 0
        status: Typed | None = None
        with self._session.scope(variables), reply.procedure(routine.name):
            try:
                goes_on = self.run_all(routine.statements, reply)
            except _JumpError as jump:
                goes_on, status = True, jump.value
                if jump.word != "RETURN":
                    self._check_return(jump, reply)
        found = min(0, _LEAST_ERROR - 1 - self._severity)
        self._severity = max(outer, self._severity)
        if status is not None:
            found = int(str(convert(status, INT).constant or 0))
        goes_on = goes_on or self._session.facts.error in _OF_COMPILING
        return Ended(goes_on, found, variables)
