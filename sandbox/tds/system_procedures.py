"""The system procedures the sandbox has, called with EXEC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.errors import SqlError
from sandbox.tds.failures import unsupported
from sandbox.tds.session import TdsSession
from sandbox.tds.values import Typed

_NO_LIMIT = -1


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a procedure is called with.

    Attributes:
        names: The @name of each value, '' for one given by its place.
    """

    values: Sequence[Typed | None]
    names: Sequence[str]

    def get(self, place: int, name: str) -> Typed | None:
        """The argument of a name or a place."""
        for value, label in zip(self.values, self.names, strict=True):
            if label == name:
                return value
        given = place < len(self.values) and not self.names[place]
        return self.values[place] if given else None

    def text(self, place: int, name: str, default: str | None = None) -> str:
        """An argument of text.

        Raises:
            SqlError: 201, it is missing.
        """
        found = self.get(place, name)
        if found is None or found.constant is None:
            if default is not None:
                return default
            raise SqlError(
                f"Procedure or function expects parameter '{name}', which was not "
                "supplied.",
                number=201,
            )
        return str(found.constant)


def _get_lock(session: TdsSession, arguments: Arguments) -> int:
    resource = arguments.text(0, "@resource")
    mode = arguments.text(1, "@lockmode")
    _check_owner(arguments.text(2, "@lockowner", "Transaction"))
    if mode.lower() != "exclusive":
        raise unsupported(f"sp_getapplock with @LockMode = '{mode}'")
    default = str(session.options.lock_timeout)
    timeout = int(arguments.text(3, "@locktimeout", default))
    return session.locks.take(
        session.facts.spid, session.database.name, resource, max(timeout, _NO_LIMIT)
    )


def _release_lock(session: TdsSession, arguments: Arguments) -> int:
    resource = arguments.text(0, "@resource")
    _check_owner(arguments.text(1, "@lockowner", "Transaction"))
    return session.locks.release(session.facts.spid, session.database.name, resource)


def _check_owner(owner: str) -> None:
    if owner.lower() != "session":
        raise unsupported(f"application locks with @LockOwner = '{owner}'")


PROCEDURES: dict[str, Callable[[TdsSession, Arguments], int]] = {
    "sp_getapplock": _get_lock,
    "sp_releaseapplock": _release_lock,
}
"""What each does and returns."""
