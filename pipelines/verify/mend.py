"""Mending days of shards: each is loaded anew, in the place of what is there."""

from __future__ import annotations

from functools import partial

from pipelines.catalog import Span
from pipelines.config import Settings
from pipelines.load import (
    TransferWatcher,
    ask_warehouse,
    load_with_retries,
    reload_days,
)
from pipelines.tasks import task_name
from pipelines.warehouse import Markers, cached_markers, create_tables


def mend_days(span: Span, settings: Settings, watcher: TransferWatcher) -> None:
    """Load a span again, whatever is there of it; readers see the old or the new.

    Args:
        span: What is wrong.
        settings: Where from, where to, how often to try.
        watcher: Who is told how it goes on.

    Raises:
        ShardlineError: As `load_with_retries` does; what is not mended is as it was.
    """
    markers = settings.warehouse.markers
    if not cached_markers(settings.warehouse).has_table(span.table):
        create_tables(settings.warehouse, span.table)
    found = ask_warehouse(lambda link: Markers(link, markers).of_span(span), settings)
    old = {day: marker.etl_id for day, marker in found.items()}
    load_with_retries(span, settings, task_name, watcher, partial(reload_days, old=old))
