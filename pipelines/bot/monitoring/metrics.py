"""The figures of the bot for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from pipelines.bot import inbox
from pipelines.bot.figures import Figures
from pipelines.bot.monitoring.loop_lag import LoopLag
from pipelines.errors import ShardlineError
from pipelines.network import metrics_registry, serve_metrics
from pipelines.runtime import ProcessPool

if TYPE_CHECKING:
    from prometheus_client.core import Metric


@dataclass(frozen=True)
class BotMetrics:
    """Tells the figures at each look at them.

    Attributes:
        engine: The ETL database, with the inbox.
        figures: What the bot has done.
        lag: How late its loop was.
        pool: Where it has slow work done.
    """

    engine: Engine
    figures: Figures
    lag: LoopLag
    pool: ProcessPool

    def serve(self, port: int) -> None:
        """Serve them on loopback from now on.

        Raises:
            ConfigurationError: The extra ``metrics`` is not installed, or the port
                taken.
        """
        option = "[bot] port"
        serve_metrics(metrics_registry(self, option), port, option)

    def collect(self) -> Iterable[Metric]:
        """The figures now; those of the inbox only while it can be asked."""
        yield from self._inbox()
        yield from self._work()
        yield from self._lag()

    def _inbox(self) -> Iterable[Metric]:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - extra

        try:
            found = inbox.figures(self.engine)
        except ShardlineError:
            return
        yield GaugeMetricFamily(
            "shardline_bot_inbox", "Updates that are not over.", found.waiting
        )
        yield GaugeMetricFamily(
            "shardline_bot_inbox_oldest_seconds",
            "Since the oldest of them was accepted.",
            found.oldest,
        )

    def _work(self) -> Iterable[Metric]:
        from prometheus_client.core import (  # noqa: PLC0415 - extra
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        updates = CounterMetricFamily(
            "shardline_bot_updates", "What became of updates.", labels=["event"]
        )
        for event, count in self.figures.counts().items():
            updates.add_metric([event.value], count)
        yield updates
        found = self.pool.figures()
        questions = GaugeMetricFamily(
            "shardline_bot_slow_questions",
            "What processes find out, or what waits for one.",
            labels=["state"],
        )
        questions.add_metric(["waiting"], found.waiting)
        questions.add_metric(["running"], found.busy)
        yield questions
        yield CounterMetricFamily(
            "shardline_bot_process_restarts",
            "Processes that others were put in the place of.",
            found.restarts,
        )

    def _lag(self) -> Iterable[Metric]:
        from prometheus_client.core import (  # noqa: PLC0415 - extra
            HistogramMetricFamily,
        )
        from prometheus_client.utils import floatToGoString  # noqa: PLC0415 - extra

        known = (
            ("lag", "How late a timer of the loop was.", self.lag.histogram),
            ("own_lag", "The same without waits for a processor.", self.lag.own),
        )
        for name, text, found in known:
            yield HistogramMetricFamily(
                f"shardline_bot_loop_{name}_seconds",
                text,
                buckets=[
                    (floatToGoString(bound), count)
                    for bound, count in found.cumulated()
                ],
                sum_value=found.total,
            )
