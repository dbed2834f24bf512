"""The figures of the queue for Prometheus, on a port of the worker's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipelines.errors import ShardlineError
from pipelines.jobs.queue import JobQueue
from pipelines.network import metrics_registry, serve_metrics

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily


class QueueCollector:
    """Asks the queue at each look at the figures."""

    def __init__(self, queue: JobQueue) -> None:
        """Tell of a queue."""
        self._queue = queue

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The figures now; none while the queue cannot be asked."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - extra

        try:
            found = self._queue.figures()
        except ShardlineError:
            return
        counts = GaugeMetricFamily(
            "shardline_jobs", "Jobs in each state.", labels=["state"]
        )
        for state, count in found.counts.items():
            counts.add_metric([state], count)
        yield counts
        yield GaugeMetricFamily(
            "shardline_jobs_oldest_seconds",
            "Since the oldest job that may be begun was accepted.",
            found.oldest,
        )
        yield GaugeMetricFamily(
            "shardline_jobs_expired",
            "Running jobs that have lost their worker.",
            found.expired,
        )


def serve_figures(queue: JobQueue, port: int) -> None:
    """Serve the figures on loopback from now on.

    Raises:
        ConfigurationError: The extra ``metrics`` is not installed, or the port taken.
    """
    option = "[jobs] port"
    serve_metrics(metrics_registry(QueueCollector(queue), option), port, option)
