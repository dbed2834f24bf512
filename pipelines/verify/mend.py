"""Mending days of shards: each is loaded anew, in the place of what is there."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from pipelines.alerts import Event, record_failures
from pipelines.catalog import Span
from pipelines.config import Settings
from pipelines.errors import ShardlineError
from pipelines.etl_db import now_for_all
from pipelines.load import (
    TransferWatcher,
    load_with_retries,
    read_with_retries,
    reload_days,
)
from pipelines.tasks import about_loads, task_name
from pipelines.warehouse import cached_markers, create_tables


def mend_days(span: Span, settings: Settings, watcher: TransferWatcher) -> None:
    """Load a span again, whatever is there of it; readers see the old or the new.

    Args:
        span: What is wrong.
        settings: Where from, where to, how often to try.
        watcher: Who is told how it goes on.

    Raises:
        ShardlineError: As `load_with_retries` does; what is not mended is as it was,
            and in the outbox of alerts.
    """
    asked = now_for_all(settings.sessions.database)
    try:
        _mend(span, settings, watcher, asked)
    except ShardlineError as error:
        record_failures(error, about_loads(span, asked), Event.FAILURE)
        raise


def _mend(
    span: Span, settings: Settings, watcher: TransferWatcher, asked: datetime
) -> None:
    seen = cached_markers(settings.warehouse)
    if not seen.has_table(span.table):
        create_tables(settings.warehouse, span.table)
    found = read_with_retries(lambda: seen.of_span(span), settings)
    old = {day: marker.etl_id for day, marker in found.items()}
    load_with_retries(
        span, settings, task_name, watcher, partial(reload_days, old=old, asked=asked)
    )
