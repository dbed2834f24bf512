"""The connection that an answer is awaited on, seen before the driver reads it."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import pymssql

from pipelines.source.links import copy_of

_RECORDS = {20, 21, 22, 23}
"""First octets of what TLS sends (RFC 5246, 6.2.1: ContentType)."""


class AwaitedAnswers:
    """Hears of each answer that the driver awaits."""

    def __init__(self) -> None:
        """Hear of none yet."""
        self._threads = threading.local()
        pymssql.set_wait_callback(self._hear)

    @contextmanager
    def seen(self, see: Callable[[int], None]) -> Iterator[None]:
        """Have `see` called with the descriptor of each connection in this thread.

        What it raises comes out of the driver.
        """
        self._threads.see = see
        try:
            yield
        finally:
            del self._threads.see

    def _hear(self, descriptor: int) -> None:
        see: Callable[[int], None] | None = getattr(self._threads, "see", None)
        if see:
            see(descriptor)


@cache
def awaited_answers() -> AwaitedAnswers:
    """Those of this process, whose driver tells but one listener."""
    return AwaitedAnswers()


def comes_encrypted(descriptor: int) -> bool:
    """Whether the answer that comes next on a connection is in TLS, or is none.

    Waits for it, until somebody cuts the connection.
    """
    with copy_of(descriptor) as link:
        poll = select.poll()  # takes any descriptor, as select() does not
        poll.register(link, select.POLLIN)
        poll.poll()
        first = link.recv(1, socket.MSG_PEEK)
    return not first or first[0] in _RECORDS
