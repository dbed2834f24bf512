"""Orders: `luigi --module pipelines.orders LoadOrders --date 2019-03-14`."""

from __future__ import annotations

from pipelines.tasks import LoadDay


class LoadOrders(LoadDay):
    """Orders of every shard for one day."""

    table = "orders"
