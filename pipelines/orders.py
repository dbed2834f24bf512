"""Orders: `luigi --module pipelines.orders LoadOrders --date 2019-03-14`."""

from __future__ import annotations

from pipelines import events
from pipelines.load import LoadDay


class LoadOrders(LoadDay):
    """Orders of every shard for one day."""

    table = "orders"


events.register()
