"""What this process and the children it forks have learned of servers."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache

from pipelines.errors import RefusedLoginError
from pipelines.runtime import SharedRecords


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


class SlowFailures:
    """Addresses that failed only after a while: so they would again."""

    def __init__(self) -> None:
        """Know of none; children that are forked from now on share what is known."""
        self._records = SharedRecords()

    def note(self, address: str) -> None:
        """Remember that an address took long, and did not answer."""
        if address not in self.addresses():
            self._records.add([address, True])

    def forget(self, address: str) -> None:
        """It has answered."""
        if address in self.addresses():
            self._records.add([address, False])

    def addresses(self) -> set[str]:
        """Those that have not answered since."""
        records, _ = self._records.since(0)
        return {address for address, slow in dict(records).items() if slow}


@cache
def refusals() -> Refusals:
    """Those of this process and of the children that it forks."""
    return Refusals()


@cache
def slow_failures() -> SlowFailures:
    """Those of this process and of the children that it forks."""
    return SlowFailures()
