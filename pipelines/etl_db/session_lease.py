"""The lease of an open session: for so long its process is known to be at work.

A process that is gone renews no lease. So others learn of its end, on whichever host it
was, and whoever has its number there now.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from pipelines.errors import ShardlineError
from pipelines.runtime import alarms

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long it lasts from each renewal on."""

RENEWAL = 60.0
"""Seconds between two renewals: some may fail before the lease is over."""


@contextmanager
def renewing(renew: Callable[[], None]) -> Iterator[None]:
    """Renew a lease until the block ends, each time in a thread of its own.

    One that cannot be renewed is not worth a failure: it is tried again.
    """

    def try_to_renew() -> None:
        try:
            renew()
        except ShardlineError as error:
            logger.info("a session's lease is not renewed: %s", error)

    def ring() -> float:
        threading.Thread(target=try_to_renew, daemon=True).start()
        return RENEWAL

    with alarms().ringing(RENEWAL, ring):
        yield
