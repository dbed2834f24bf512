"""Where tests hold, fail or kill connections at a statement named by its text.

Servers wrap every statement they execute in `Holds.guard`. A rule set from outside
then catches the statements that match it, before they run or after they succeeded.
"""

from __future__ import annotations

import fnmatch
import re
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Literal, Protocol

from sandbox.errors import SqlError
from sandbox.statements import Statement, StatementLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

When = Literal["before", "after"]
Action = Literal["hold", "kill", "fail"]
Verdict = Literal["go", "kill", "fail"]

_UNGUARDED: AbstractContextManager[None] = nullcontext()


class Connection(Protocol):
    """What a server tells about one of its connections."""

    @property
    def server(self) -> str:
        """The server's name: `mssql_0` ... or `vertica`."""

    @property
    def database(self) -> str:
        """The database the connection uses now."""

    @property
    def client_pid(self) -> int:
        """The client's process id as it told at login, 0 if it did not."""


class ConnectionKilled(Exception):  # noqa: N818 - an order to the server, not a fault
    """The server must close this connection at once, unanswered, and roll back."""


@dataclass(frozen=True)
class Failure:
    """The error a caught statement fails with; each server sends what it speaks."""

    message: str = "failed by a hold"
    number: int = 50000
    sqlstate: str = "XX000"
    rollback: bool = False


@dataclass(frozen=True)
class Rule:
    """Which statements to catch, and what then happens to their connection.

    Attributes:
        statement: A regular expression, searched in the statement without regard
            to case; `.` matches a newline too.
        when: `before` the statement runs, or `after` it succeeded and before the
            client hears of it.
        action: `hold` until released, or `kill` or `fail` at once.
        server: The server's name or a glob.
        database: The database's name, in any case; None for all.
        client_pid: The client's process id; None for all.
        skip: Matches that pass before the first is caught.
        times: Matches that are caught; later ones pass.
        failure: What `fail` answers with.
    """

    statement: str
    when: When = "before"
    action: Action = "hold"
    server: str = "*"
    database: str | None = None
    client_pid: int | None = None
    skip: int = 0
    times: int = 1
    failure: Failure = field(default_factory=Failure)

    def __post_init__(self) -> None:
        """Refuse what could never catch anything.

        Raises:
            ValueError: A value is not one of those named above.
        """
        try:
            re.compile(self.statement)
        except re.error as error:
            raise ValueError(
                f"statement is not a regular expression: {error}"
            ) from None
        if self.when not in ("before", "after"):
            raise ValueError(f"when is 'before' or 'after', not {self.when!r}")
        if self.action not in ("hold", "kill", "fail"):
            raise ValueError(f"action is 'hold', 'kill' or 'fail', not {self.action!r}")
        if self.when == "after" and self.action == "fail":
            raise ValueError("a statement that succeeded cannot fail; use 'before'")
        if self.skip < 0 or self.times < 1:
            raise ValueError("skip is at least 0 and times at least 1")

    def matches(self, connection: Connection, statement: str) -> bool:
        """Tell whether this rule is about that statement on that connection."""
        return (
            fnmatch.fnmatchcase(connection.server, self.server)
            and (
                self.database is None
                or self.database.casefold() == connection.database.casefold()
            )
            and self.client_pid in (None, connection.client_pid)
            and re.search(self.statement, statement, re.IGNORECASE | re.DOTALL)
            is not None
        )


@dataclass
class Caught:
    """One connection caught at one statement.

    Attributes:
        id: Names it in `Holds.release`.
        hold: The id of the hold which caught it.
        state: `held`, then the verdict it got: `go`, `kill` or `fail`.
    """

    id: int
    hold: int
    server: str
    database: str
    client_pid: int
    when: When
    statement: str
    state: Literal["held", "go", "kill", "fail"] = "held"
    failure: Failure = field(default_factory=Failure)


@dataclass
class _Hold:
    id: int
    rule: Rule
    seen: int = 0
    caught: list[Caught] = field(default_factory=list)

    def takes(self, connection: Connection, statement: str, when: When) -> bool:
        """Count a match; tell whether it is one to catch."""
        if when != self.rule.when or not self.rule.matches(connection, statement):
            return False
        self.seen += 1
        return self.rule.skip < self.seen <= self.rule.skip + self.rule.times


class Holds:
    """The holds of all servers. Thread-safe; costs nothing when none is set.

    Attributes:
        log: The statements that were guarded, once it is on.
    """

    def __init__(self) -> None:
        """Begin with no hold set."""
        self.log = StatementLog()
        self._changed = threading.Condition()
        self._ids = count(1)
        self._holds: dict[int, _Hold] = {}
        self._closed = False

    def guard(
        self, connection: Connection, statement: str
    ) -> AbstractContextManager[None]:
        """Surround the execution of one statement.

        A hold catches the statements that begin after it was set. Send the reply
        only when the guard has been left.

        Raises:
            ConnectionKilled: On entry or exit: close the connection, unanswered.
            SqlError: On entry: what the client must get instead of a result.
        """
        if self.log.is_on:
            self.log.note(
                Statement(
                    connection.server,
                    connection.database,
                    connection.client_pid,
                    statement,
                )
            )
        if not self._holds:
            return _UNGUARDED
        return _Guard(self._reach, connection, statement)

    def add(self, rule: Rule) -> int:
        """Set a hold and return its id.

        Raises:
            RuntimeError: The sandbox is stopping.
        """
        with self._changed:
            if self._closed:
                raise RuntimeError("the sandbox is stopping")
            hold = _Hold(next(self._ids), rule)
            self._holds[hold.id] = hold
            return hold.id

    def remove(self, hold: int) -> None:
        """Take a hold away and let the connections it holds go on.

        Raises:
            KeyError: There is no such hold.
        """
        with self._changed:
            found = self._find(hold)
            del self._holds[hold]
            self._decide(found.caught, "go", None)

    def rules(self) -> dict[int, Rule]:
        """Return the holds that are set, by id."""
        with self._changed:
            return {hold.id: hold.rule for hold in self._holds.values()}

    def held(self) -> list[Caught]:
        """Return the connections that are held now."""
        with self._changed:
            return [one for one in self._all_caught() if one.state == "held"]

    def wait(self, hold: int, *, count: int = 1, timeout: float) -> list[Caught]:
        """Return what a hold has caught once that is at least `count`.

        Args:
            hold: Its id.
            count: How many catches to wait for; those killed or failed at once count.
            timeout: Deadline in seconds.

        Raises:
            KeyError: There is no such hold, or it was removed meanwhile.
            TimeoutError: Fewer were caught in time; the message says how many.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._find(hold).caught) >= count, timeout=timeout
            )
            found = self._find(hold)
            if len(found.caught) < count:
                raise TimeoutError(
                    f"hold {hold} on {found.rule.statement!r} caught "
                    f"{len(found.caught)} of {count} in {timeout:g} s "
                    f"({found.seen} matched)"
                )
            return list(found.caught)

    def release(
        self,
        verdict: Verdict = "go",
        *,
        hold: int | None = None,
        caught: int | None = None,
        failure: Failure | None = None,
    ) -> int:
        """Decide what becomes of held connections.

        Args:
            verdict: Let them `go` on, `kill` them, or `fail` their statement.
            hold: All those of this hold; without it and `caught`, all there are.
            caught: This one only, by `Caught.id`.
            failure: What `fail` answers with; by default the rule's own.

        Returns:
            How many connections were held and are no more.

        Raises:
            KeyError: There is no such hold, or no such connection is held.
            ValueError: A statement held after it succeeded cannot fail.
        """
        with self._changed:
            if hold is not None:
                self._find(hold)
            chosen = [
                one
                for one in self._all_caught()
                if one.state == "held"
                and hold in (None, one.hold)
                and caught in (None, one.id)
            ]
            if caught is not None and not chosen:
                raise KeyError(f"no connection is held under the id {caught}")
            if verdict == "fail" and any(one.when == "after" for one in chosen):
                raise ValueError("a statement that succeeded cannot fail")
            return self._decide(chosen, verdict, failure)

    def close(self) -> None:
        """Kill what is held and take every hold away, so that servers can stop."""
        with self._changed:
            self._closed = True
            self._decide(self._all_caught(), "kill", None)
            self._holds.clear()

    def _find(self, hold: int) -> _Hold:
        try:
            return self._holds[hold]
        except KeyError:
            raise KeyError(f"no hold has the id {hold}") from None

    def _all_caught(self) -> list[Caught]:
        return [one for hold in self._holds.values() for one in hold.caught]

    def _decide(
        self, caught: list[Caught], verdict: Verdict, failure: Failure | None
    ) -> int:
        held = [one for one in caught if one.state == "held"]
        for one in held:
            one.state = verdict
            one.failure = failure or one.failure
        self._changed.notify_all()
        return len(held)

    def _reach(self, connection: Connection, statement: str, when: When) -> None:
        """Pass one point of a statement, or be caught there."""
        with self._changed:
            for hold in list(self._holds.values()):
                if hold.takes(connection, statement, when):
                    self._hold_back(self._catch(hold, connection, statement))

    def _hold_back(self, caught: Caught) -> None:
        self._changed.wait_for(lambda: caught.state != "held")
        _obey(caught)

    def _catch(self, hold: _Hold, connection: Connection, statement: str) -> Caught:
        action = hold.rule.action
        caught = Caught(
            id=next(self._ids),
            hold=hold.id,
            server=connection.server,
            database=connection.database,
            client_pid=connection.client_pid,
            when=hold.rule.when,
            statement=statement,
            state="held" if action == "hold" else action,
            failure=hold.rule.failure,
        )
        hold.caught.append(caught)
        self._changed.notify_all()
        return caught


def _obey(caught: Caught) -> None:
    if caught.state == "kill":
        raise ConnectionKilled(f"killed {caught.when} {caught.statement}")
    if caught.state == "fail":
        failure = caught.failure
        raise SqlError(
            failure.message,
            number=failure.number,
            sqlstate=failure.sqlstate,
            rollback=failure.rollback,
        )


class _Guard(AbstractContextManager[None]):
    """Both points of one statement: on entry, and on exit when it succeeded."""

    def __init__(
        self,
        reach: Callable[[Connection, str, When], None],
        connection: Connection,
        statement: str,
    ) -> None:
        self._reach = reach
        self._connection = connection
        self._statement = statement

    def __enter__(self) -> None:
        self._reach(self._connection, self._statement, "before")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._reach(self._connection, self._statement, "after")
