"""What a protocol has to tell of itself to be fuzzed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

Splitter = Callable[[bytes], int]
"""Given what a client has said, how long its first whole request is; 0 if none is."""


class ClientSide(ABC):
    """One protocol, and our own door to servers of it.

    Attributes:
        patience: Seconds that a visit waits for an answer; more while it is recorded.
        seconds: Most that a visit takes by its own time-outs.
        octets: Most that our process grows by while it visits.
        lies: Answers that a false server might give, whole, beside what it mutates.
        is_resumed: Whether a conversation goes on over the next connection, as HTTP
            has a connection for each question.
    """

    patience = 0.5
    seconds: float
    octets: int
    lies: tuple[bytes, ...] = ()
    is_resumed = False

    @abstractmethod
    def record(self) -> list[bytes]:
        """What a good server says: its greeting, which may be empty, then its answers.

        See `tests.fuzz.recording`. Called once, in the process of the false servers.
        """

    @abstractmethod
    def splitter(self) -> Splitter:
        """What finds the requests of one connection."""

    @contextmanager
    def patient(self) -> Iterator[Self]:
        """With time enough for a machine that is busy."""
        impatient, self.patience = self.patience, 60.0
        try:
            yield self
        finally:
            self.patience = impatient

    def record_patiently(self) -> list[bytes]:
        """As `record`, on a machine that may be busy."""
        with self.patient():
            return self.record()

    @abstractmethod
    def visit(self, port: int) -> None:
        """Use our door to a server on loopback, with short time-outs.

        Called in a process of its own, again and again. What it raises is judged: only
        a `ShardlineError` is right.
        """

    def forget(self) -> None:  # noqa: B027 - most have nothing to forget
        """Forget what the process has learned of servers by the last visit."""
