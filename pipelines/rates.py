"""Rates: `luigi --module pipelines.rates LoadRates --date 2019-03-14`."""

from __future__ import annotations

from pipelines.tasks import LoadDay


class LoadRates(LoadDay):
    """Rates of every shard for one day."""

    table = "rates"
