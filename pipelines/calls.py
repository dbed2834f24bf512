"""Calls: `luigi --module pipelines.calls LoadCalls --date 2019-03-14`."""

from __future__ import annotations

from pipelines.tasks import LoadDay


class LoadCalls(LoadDay):
    """Calls of every shard for one day."""

    table = "calls"
