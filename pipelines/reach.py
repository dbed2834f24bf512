"""Whether a server can be reached at all, and at which of its addresses."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from pipelines.errors import TransientError
from pipelines.outages import PAUSE, outages

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


class Addressed(Protocol):
    """What is at an address."""

    @property
    def address(self) -> str:
        """Host and port."""


A = TypeVar("A", bound=Addressed)
T = TypeVar("T")


def first_to_answer(addresses: Sequence[A], connect: Callable[[A], T]) -> T:
    """Connect to the first of several addresses that can be connected to.

    Only what may pass leads on to the next one: a refused login is an answer, and the
    next address would count it as another wrong password.

    Args:
        addresses: In the order in which they are tried, at least one.
        connect: Connects to one of them.

    Raises:
        TransientError: None of them can be connected to now; its text has all causes.
        PermanentError: One refused.
    """
    name = addresses[0].address
    if count := outages().failures(name):
        raise TransientError(
            f"{name} could not be reached {count} times in a row, and is left alone for"
            f" {PAUSE:.0f} seconds",
            step="check that it is up",
        )
    failed: list[TransientError] = []
    for at in addresses:
        try:
            connection = connect(at)
        except TransientError as error:
            logger.debug("%s did not answer: %s", at.address, error.cause)
            failed.append(error)
        else:
            logger.debug("%s answered", at.address)
            outages().note_answer(name)
            return connection
    outages().note_failure(name)
    raise TransientError(
        "; ".join(error.cause for error in failed), step=failed[-1].step
    )
