"""What a shard has of some days now, counted as a load would, but not loaded."""

from __future__ import annotations

from collections import deque

from pipelines.day_encoders import DayEncoders
from pipelines.settings import Settings
from pipelines.source.connection import connect
from pipelines.source.extract import extract
from pipelines.spans import Span
from pipelines.warehouse.markers import Found

NO_SESSION = 0
"""The session of what is not loaded."""


def survey(span: Span, settings: Settings) -> Found:
    """Read a span's rows, and tell the markers that a load would write.

    Args:
        span: What to read.
        settings: Where from.

    Returns:
        By day, count and checksum; the session is `NO_SESSION`.

    Raises:
        ShardlineError: As the extract does, or a value could not be stored.
    """
    ids = dict.fromkeys(span.days, NO_SESSION)
    encoders = DayEncoders(span, ids)
    with connect(settings.servers[span.shard.server], span.shard) as link:
        batches = extract(link, span, settings.load.batch_rows)
        deque(encoders.encode(batches), maxlen=0)
    return encoders.markers
