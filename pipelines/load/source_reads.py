"""Reads that only tell or compare, tried again as loads are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from pipelines.catalog import Span
from pipelines.config import Settings
from pipelines.load.encoding import DayEncoders
from pipelines.load.same_place import SamePlace
from pipelines.runtime import ask_with_retries, stopper
from pipelines.source import connect_source, extract_encoded
from pipelines.warehouse import Connection, MarkersFound, cached_markers

NO_SESSION = 0
"""The session of what is not loaded."""

T = TypeVar("T")


def source_markers(span: Span, settings: Settings) -> MarkersFound:
    """Read a span's rows, and tell the markers that a load would write.

    Args:
        span: What to read.
        settings: Where from, and how often to try.

    Returns:
        By day, count and checksum; the session is `NO_SESSION`.

    Raises:
        ShardlineError: As the extract does, or a value could not be stored.
    """
    return read_with_retries(lambda: _markers(span, settings), settings)


def read_with_retries(read: Callable[[], T], settings: Settings) -> T:
    """Read something, from its beginning again for as long as what fails may pass.

    Nothing more is read by a process that was told to end, in whichever thread.

    Args:
        read: What reads; it leaves nothing behind when it fails.
        settings: `load` says how often to try, and with what pauses.

    Raises:
        TransientError: All attempts failed.
        ShardlineError: An attempt failed for a reason that stays.
        Stop: The process was told to end.
    """
    place = SamePlace()

    def attempt() -> T:
        stopper().check()
        with place.watched():
            return read()

    return ask_with_retries(attempt, settings.load.tries())


def ask_warehouse(question: Callable[[Connection], T], settings: Settings) -> T:
    """Ask the warehouse, over the connection that this process keeps.

    Raises:
        ShardlineError: As `read_with_retries` does.
    """
    markers = cached_markers(settings.warehouse)
    return read_with_retries(lambda: markers.ask(question), settings)


def _markers(span: Span, settings: Settings) -> MarkersFound:
    encoders = DayEncoders(span, dict.fromkeys(span.days, NO_SESSION))
    with connect_source(settings.servers[span.shard.server], span.shard) as link:
        deque(extract_encoded(link, span, settings.load, encoders), maxlen=0)
    return encoders.markers
