"""How long a replaying SQL Server is kept busy by a load."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.packets import Answer

# ENVCHANGE with the descriptor of a transaction ([MS-TDS] 2.2.7.9).
_BEGINS = b"\xe3\x0b\x00\x08\x08"
_ENDS = (b"\xe3\x0b\x00\x09\x00\x08", b"\xe3\x0b\x00\x0a\x00\x08")
_SHORT = 4_096
"""Octets of an answer that tells of nothing but a transaction, at most."""


@dataclass(frozen=True)
class Asked:
    """What a load asked of its SQL Server, in seconds.

    Attributes:
        statement: From the longest statement until its answer was sent.
        transaction: The longest that a transaction was open.
    """

    statement: float = 0.0
    transaction: float = 0.0


class Watch:
    """Sees all clients of one server. Thread-safe."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self._lock = threading.Lock()
        self._asked = Asked()

    @contextmanager
    def client(self) -> Iterator[Client]:
        """See one client until it is gone."""
        client = Client()
        try:
            yield client
        finally:
            client.end_transaction()
            with self._lock:
                self._asked = Asked(
                    max(self._asked.statement, client.statement),
                    max(self._asked.transaction, client.transaction),
                )

    def take(self) -> Asked:
        """What has been asked since this was last asked, by clients who are gone."""
        with self._lock:
            asked, self._asked = self._asked, Asked()
            return asked


class Client:
    """What one client asks."""

    def __init__(self) -> None:
        """It has asked nothing."""
        self.statement = self.transaction = 0.0
        self._since: float | None = None

    @contextmanager
    def answering(self, answer: Answer) -> Iterator[None]:
        """Time the sending of an answer."""
        began = time.perf_counter()
        yield
        self.statement = max(self.statement, time.perf_counter() - began)
        if sum(map(len, answer)) < _SHORT:
            self._follow(b"".join(answer), began)

    def end_transaction(self) -> None:
        """End the transaction that is open, if one is."""
        if self._since is not None:
            open_for = time.perf_counter() - self._since
            self.transaction = max(self.transaction, open_for)
            self._since = None

    def _follow(self, answer: bytes, began: float) -> None:
        if any(end in answer for end in _ENDS):
            self.end_transaction()
        if _BEGINS in answer and self._since is None:
            self._since = began
