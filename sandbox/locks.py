"""Table locks that last to the end of a transaction, as Vertica's do.

The modes and who takes them: COPY and INSERT take I, which any number of
transactions may hold; the check of an ENABLED key takes IV, one transaction at a
time; DELETE, UPDATE and MERGE take X; TRUNCATE, DROP and ALTER take O; SELECT takes S
when it is SERIALIZABLE; the others only LOCK TABLE asks for. Source: the Vertica
documentation, "Lock modes" and "Constraint enforcement and locking".
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING

from sandbox.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GLANCE = 0.05  # seconds between looks at a waiting client
_QUERY = "initiator locks for query -"
_DEADLOCK = f"Deadlock: {_QUERY} Deadlock"
_TIMEOUT = f"Unavailable: {_QUERY} Locking failure: Timed out"


class Mode(Enum):
    """What a transaction may do with a table while it holds the lock."""

    SHARED = "S"
    INSERT = "I"
    INSERT_VALIDATE = "IV"
    SHARED_INSERT = "SI"
    EXCLUSIVE = "X"
    NOT_DELETE = "T"
    USAGE = "U"
    OWNER = "O"


# What each mode can be held beside.
_BESIDE = {"S": "S T U", "I": "I IV T U", "IV": "I T U", "SI": "T U", "X": "U"}
_BESIDE |= {"T": "S I IV SI T U", "U": "S I IV SI X T U"}
_SHARED = {
    (Mode(one), Mode(other))
    for one, others in _BESIDE.items()
    for other in others.split()
}


@dataclass(frozen=True)
class Lock:
    """One lock held, or waited for.

    Args:
        owner: The transaction's session.
        table: The table's full name, as errors show it.
        mode: How it is locked.
        granted: Whether it is held already.
    """

    owner: object
    table: str
    mode: Mode
    granted: bool


@dataclass(eq=False)
class _Request:
    owner: object
    table: str
    mode: Mode
    ticket: int


@dataclass
class _Table:
    held: dict[object, set[Mode]] = field(default_factory=dict)
    queue: list[_Request] = field(default_factory=list)


class LockManager:
    """The locks of one database.

    Requests are granted in the order they came, but who holds a lock on a table
    already does not queue behind strangers.

    Args:
        timeout: Seconds a request waits before it fails (Vertica's LockTimeout).
    """

    def __init__(self, timeout: float) -> None:
        """Begin with nothing locked."""
        self._timeout = timeout
        self._changed = threading.Condition()
        self._tables: dict[str, _Table] = {}
        self._tickets = count(1)

    def acquire(
        self,
        owner: object,
        table: str,
        mode: Mode,
        check: Callable[[], None] = lambda: None,
        *,
        waits: bool = True,
    ) -> None:
        """Lock a table until `release`.

        Args:
            owner: Whose transaction it is.
            table: The table's name.
            mode: How to lock it.
            check: Called now and then while waiting; what it raises ends the wait.
            waits: False to fail at once where it would wait.

        Raises:
            SqlError: 55V03 after the time-out, 40V01 at once when waiting would
                close a circle. Either way the transaction must roll back.
        """
        with self._changed:
            entry = self._tables.setdefault(table, _Table())
            if mode in entry.held.get(owner, ()):
                return
            request = _Request(owner, table, mode, next(self._tickets))
            entry.queue.append(request)
            try:
                self._wait(request, check, self._timeout if waits else 0)
                entry.held.setdefault(owner, set()).add(mode)
            finally:
                entry.queue.remove(request)
                self._changed.notify_all()

    def release(self, owner: object) -> None:
        """Free every lock of an owner."""
        with self._changed:
            for name in [n for n, t in self._tables.items() if owner in t.held]:
                table = self._tables[name]
                del table.held[owner]
                if not table.held and not table.queue:
                    del self._tables[name]
            self._changed.notify_all()

    def locks(self) -> list[Lock]:
        """Every lock that is held or waited for now."""
        with self._changed:
            held = [
                Lock(owner, name, mode, granted=True)
                for name, table in self._tables.items()
                for owner, modes in table.held.items()
                for mode in sorted(modes, key=lambda m: m.value)
            ]
            waiting = [
                Lock(r.owner, r.table, r.mode, granted=False)
                for table in self._tables.values()
                for r in table.queue
            ]
        return held + waiting

    def _wait(
        self, request: _Request, check: Callable[[], None], timeout: float
    ) -> None:
        deadline = time.monotonic() + timeout
        while blocker := next(self._blockers(request), None):
            if self._closes_a_circle(request):
                raise _failure(_DEADLOCK, 3010, "40V01", request, blocker)
            left = deadline - time.monotonic()
            if left <= 0:
                raise _failure(_TIMEOUT, 5156, "55V03", request, blocker)
            self._changed.wait(min(left, _GLANCE))
            check()

    def _blockers(self, request: _Request) -> Iterator[_Request]:
        """Whom a request waits for: holders, then those ahead in the queue."""
        table = self._tables[request.table]
        for owner, modes in table.held.items():
            for mode in modes:
                if owner is not request.owner and (mode, request.mode) not in _SHARED:
                    yield _Request(owner, request.table, mode, 0)
        if request.owner in table.held:
            return
        for other in table.queue:
            if other.ticket >= request.ticket:
                return
            if other.owner is not request.owner and (
                (other.mode, request.mode) not in _SHARED
            ):
                yield other

    def _closes_a_circle(self, request: _Request) -> bool:
        waiting = {r.owner: r for t in self._tables.values() for r in t.queue}
        seen: set[object] = set()
        ahead = [blocker.owner for blocker in self._blockers(request)]
        while ahead:
            owner = ahead.pop()
            if owner is request.owner:
                return True
            if owner not in seen and owner in waiting:
                seen.add(owner)
                ahead += [b.owner for b in self._blockers(waiting[owner])]
        return False


def _failure(
    what: str, number: int, sqlstate: str, request: _Request, blocker: _Request
) -> SqlError:
    return SqlError(
        f"{what} {request.mode.value} locking Table:{request.table}. "
        f"{blocker.mode.value} held by [{blocker.owner}]. Your current transaction "
        "isolation level is READ COMMITTED",
        number=number,
        sqlstate=sqlstate,
        rollback=True,
    )
