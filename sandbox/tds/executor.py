"""Runs what a client asks for: batches, calls, transactions, rows in bulk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sandbox.errors import SqlError
from sandbox.tds import run_changes, run_session
from sandbox.tds.bulk import BulkRows
from sandbox.tds.packets import ProtocolError
from sandbox.tds.run_statements import Statements
from sandbox.tds.tokens import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.holds import Connection, Holds
    from sandbox.tds import commands as c
    from sandbox.tds.login import TdsVersion
    from sandbox.tds.reply import Reply
    from sandbox.tds.rpc import Call
    from sandbox.tds.session import TdsSession


class Executor:
    """Runs the requests of one connection, each to its end."""

    def __init__(
        self, session: TdsSession, holds: Holds, connection: Connection
    ) -> None:
        """Begin on a connection that has logged in."""
        self._session = session
        self._guard = partial(holds.guard, connection)
        self._statements = Statements(session, self._guard)

    def run(self, text: str, reply: Reply) -> None:
        """Run a batch.

        Raises:
            CancelledError: The client wants no more.
            ConnectionKilled: By a hold.
        """
        self._statements.start()
        self._statements.run_text(text, reply)
        self._end(reply)

    def call(self, calls: Sequence[Call], reply: Reply) -> None:
        """Run remote procedure calls.

        Raises:
            CancelledError: The client wants no more.
            ConnectionKilled: By a hold.
        """
        run = self._statements
        run.start()
        for call in calls:
            if not run.attempt(partial(run.calls.call, call, reply), reply):
                break
        self._end(reply)

    def transact(self, statements: Sequence[c.Statement], reply: Reply) -> None:
        """Run what a transaction manager request asks for.

        Raises:
            ConnectionKilled: By a hold.
        """
        self._statements.start()
        self._statements.run_all(statements, reply)

    def load(self, message: bytes, version: TdsVersion, reply: Reply) -> None:
        """Insert rows in bulk, as the INSERT BULK before them said.

        Raises:
            ConnectionKilled: By a hold.
            ProtocolError: They are no rows, or nothing was said.
        """
        self._statements.start()
        statement, self._session.bulk = self._session.bulk, None
        if statement is None:
            raise ProtocolError("rows in bulk without an INSERT BULK")
        rows = BulkRows(message, version)
        self._statements.attempt(partial(self._load, statement, rows, reply), reply)

    def _load(self, statement: c.InsertBulk, rows: BulkRows, reply: Reply) -> bool:
        with self._guard(statement.text):
            self._session.check_not_doomed()
            count = run_changes.load(self._session, statement, rows)
        self._statements.counted(Command.NONE, count, reply)
        return True

    def _end(self, reply: Reply) -> None:
        """A batch that ends in a doomed transaction undoes it."""
        if self._session.facts.doomed:
            self._session.abandon()
            reply.failed(
                SqlError(
                    "Uncommittable transaction is detected at the end of the batch. "
                    "The transaction is rolled back.",
                    number=3998,
                )
            )
            run_session.rolled_back(reply)
