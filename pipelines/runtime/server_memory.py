"""What this process and the children it forks have learned of servers."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache

from pipelines.errors import RefusedLoginError
from pipelines.runtime.shared_records import SharedRecords


class Refusals:
    """Logins that were refused: another try would count as one more wrong password."""

    def __init__(self) -> None:
        """Know of none; children that are forked from now on share what is known."""
        self._records = SharedRecords()

    def note(self, server: Hashable, error: RefusedLoginError) -> None:
        """Remember a refusal.

        Args:
            server: As it is configured: host, port, user and password. Only its hash
                is kept, which each process that is not forked from this one salts anew.
            error: What is to be told of it.
        """
        self._records.add([hash(server), error.cause, error.step, error.code])

    def find(self, server: Hashable) -> RefusedLoginError | None:
        """How the login to a server was refused; None if it was not."""
        records, _ = self._records.since(0)
        for configured, cause, step, code in records:
            if configured == hash(server):
                return RefusedLoginError(cause, step=step, code=code)
        return None


class LastAnswers:
    """Which address of a server's name answered last."""

    def __init__(self) -> None:
        """Know of none; children that are forked from now on share what is known."""
        self._records = SharedRecords()

    def note(self, name: str, ip: str) -> None:
        """Remember who answered."""
        if self.find(name) != ip:
            self._records.add([name, ip])

    def find(self, name: str) -> str:
        """Who answered last, or ""."""
        records, _ = self._records.since(0)
        return str(dict(records).get(name, ""))


@cache
def refusals() -> Refusals:
    """Those of this process and of the children that it forks."""
    return Refusals()


@cache
def last_answers() -> LastAnswers:
    """Those of this process and of the children that it forks."""
    return LastAnswers()
