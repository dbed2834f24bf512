"""Whether a server can be reached at all, and at which of its addresses."""

from __future__ import annotations

import logging
import mmap
import socket
import struct
import time
import zlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cache
from typing import Protocol, TypeVar

from pipelines.errors import (
    PermanentError,
    RefusedLoginError,
    TransientError,
    UnavailableHereError,
)
from pipelines.network.addresses import Address, look_up
from pipelines.network.server_memory import refusals, slow_failures
from pipelines.runtime import SharedRecords

logger = logging.getLogger(__name__)

PROBE_TIMEOUT = 3.0
"""Seconds to find out."""


def why_unreachable(host: str, port: int) -> OSError | None:
    """Why no connection to an address can be made; None if one can.

    Drivers tell a refused login and a missing host apart badly or not at all, so a
    failed login asks this.
    """
    try:
        socket.create_connection((host, port), PROBE_TIMEOUT).close()
    except OSError as error:
        return error
    return None


SLOW = 3.0
"""Seconds from which on a failure is slow."""


class Reached(Hashable, Protocol):
    """A server as it is configured, with user and password."""

    @property
    def host(self) -> str:
        """Its name, or an address."""

    @property
    def port(self) -> int:
        """The port that it listens at."""

    @property
    def address(self) -> str:
        """Host and port."""


R = TypeVar("R", bound=Reached)
T = TypeVar("T")


def first_to_answer(
    servers: Sequence[R],
    connect: Callable[[R, Address], T],
    *,
    by_name: bool = False,
) -> T:
    """Connect to the first of several servers that can be connected to.

    A name is each of its addresses in turn, those last that failed slowly before: a
    driver would try the next one only if the first takes no connection at all, not if
    it takes it and breaks it off.

    Only what may pass, or is wrong with one address, leads on to the next one: a
    refused login is an answer, and the next address would count it as another wrong
    password; so would the same one, and the login is not tried again by this run.

    Args:
        servers: In the order in which they are tried, at least one.
        connect: Connects to one of them at an address.
        by_name: Whether the name itself is tried before its addresses, since the driver
            knows it from nowhere else.

    Raises:
        TransientError: None of them can be connected to now; its text has all causes.
        PermanentError: One refused, or none has what is wanted.
    """
    name = servers[0].address
    if count := outages().failures(name):
        raise TransientError(
            f"{name} could not be reached {count} times in a row, and is left alone for"
            f" {PAUSE:.0f} seconds",
            step="check that it is up",
        )
    failed: list[TransientError] = []
    for server, at in _addresses(servers, by_name=by_name):
        if refusal := refusals().find(server):
            raise refusal
        started = time.monotonic()
        try:
            connection = connect(server, at)
        except RefusedLoginError as error:
            refusals().note(server, error)
            raise
        except TransientError as error:
            logger.debug("%s did not answer: %s", at, error.cause)
            failed.append(error)
            if time.monotonic() > started + SLOW:
                slow_failures().note(at.location)
        else:
            logger.debug("%s answered", at)
            outages().note_answer(name)
            slow_failures().forget(at.location)
            return connection
    if any(error.code for error in failed):  # a server's own words
        outages().note_answer(name)
    else:
        outages().note_failure(name)
    lasting = all(isinstance(error, UnavailableHereError) for error in failed)
    kind = PermanentError if lasting else TransientError
    causes = "; ".join(dict.fromkeys(error.cause for error in failed))
    raise kind(causes, step=failed[-1].step, code=failed[-1].code)


def _addresses(servers: Sequence[R], *, by_name: bool) -> Iterator[tuple[R, Address]]:
    for server in servers:
        if by_name:
            yield server, Address(server.host, server.host, server.port)
        found = look_up(server.host, server.port)
        if by_name and len(found) == 1:
            continue
        slow = slow_failures().addresses()
        for at in sorted(found, key=lambda at: at.location in slow):
            yield server, at


FAILURES = 10
"""So many in a row, of all processes together, and a server is left alone."""

PAUSE = 30.0
"""Seconds that it is left alone after the last of them."""

_SLOT = struct.Struct("=Id")
_SLOTS = 1_024


class Outages:
    """Failures to connect, by address; two that share a slot share their fate."""

    def __init__(self) -> None:
        """Know of none; children that are forked from now on share what is known."""
        self._shared = mmap.mmap(-1, _SLOTS * _SLOT.size)
        self._records = SharedRecords()

    def failures(self, address: str) -> int:
        """How many there were in a row, if the server is to be left alone; or 0."""
        count, last = _SLOT.unpack_from(self._shared, _slot(address))
        left_alone = count >= FAILURES and time.monotonic() < last + PAUSE
        return int(count) if left_alone else 0

    def note_failure(self, address: str) -> None:
        """Count one."""
        at = _slot(address)
        with self._records.alone(address):
            count, _ = _SLOT.unpack_from(self._shared, at)
            _SLOT.pack_into(self._shared, at, count + 1, time.monotonic())

    def note_answer(self, address: str) -> None:
        """Forget those before."""
        _SLOT.pack_into(self._shared, _slot(address), 0, 0.0)


@cache
def outages() -> Outages:
    """Those of this process and of the children that it forks."""
    return Outages()


def _slot(address: str) -> int:
    return zlib.crc32(address.encode()) % _SLOTS * _SLOT.size
