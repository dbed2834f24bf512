"""Reads of what a source has now, for comparison, tried again as loads are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from tenacity import sleep_using_event

from pipelines.catalog import Span
from pipelines.config import Settings
from pipelines.errors import TransientError
from pipelines.load.encoding import DayEncoders
from pipelines.load.same_place import SamePlace
from pipelines.runtime import stopper
from pipelines.source import connect_source, extract_rows
from pipelines.warehouse import MarkersFound

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

    Also in a thread beside the main one, where nobody raises what tells the process to
    end: it is looked for before each attempt, and no pause holds the end up.

    Args:
        read: What reads; it leaves nothing behind when it fails.
        settings: `load` says how often to try, and with what pauses.

    Raises:
        TransientError: All attempts failed.
        ShardlineError: An attempt failed for a reason that stays.
        Stop: The process was told to end.
    """
    tries = settings.load.tries().copy(sleep=sleep_using_event(stopper().stopped))

    place = SamePlace()

    def attempt() -> T:
        stopper().check()
        with place.watched():
            return read()

    try:
        return tries(attempt)
    except TransientError as error:
        error.step = f"tried {settings.load.attempts} times; {error.step}"
        raise


def _markers(span: Span, settings: Settings) -> MarkersFound:
    encoders = DayEncoders(span, dict.fromkeys(span.days, NO_SESSION))
    with connect_source(settings.servers[span.shard.server], span.shard) as link:
        batches = extract_rows(link, span, settings.load.batch_rows)
        deque(encoders.encode(batches), maxlen=0)
    return encoders.markers
