"""Mending days of shards: each is loaded anew, in the place of what is there."""

from __future__ import annotations

from functools import partial

from pipelines import attempts
from pipelines.settings import Settings
from pipelines.spans import Partition, Span
from pipelines.table_tasks import shard_task
from pipelines.transfer import Watcher, replace
from pipelines.warehouse import schema
from pipelines.warehouse.markers import Markers
from pipelines.warehouse.memo import memo


def mend(span: Span, settings: Settings, watcher: Watcher) -> None:
    """Load a span again, whatever is there of it; readers see the old or the new.

    Args:
        span: What is wrong.
        settings: Where from, where to, how often to try.
        watcher: Who is told how it goes on.

    Raises:
        ShardlineError: As `attempts.load` does; what is not mended is as it was.
    """
    markers = settings.warehouse.markers
    if not memo(settings.warehouse).has_table(span.table):
        schema.create(settings.warehouse, span.table)
    found = memo(settings.warehouse).ask(
        lambda link: Markers(link, markers).of_span(span)
    )
    old = {day: marker.etl_id for day, marker in found.items()}
    attempts.load(span, settings, _name_of, watcher, partial(replace, old=old))


def _name_of(partition: Partition) -> str:
    """What Luigi calls the load of a day."""
    one = shard_task(partition.table, partition.day, partition.shard.name)
    return str(one.task_id)
