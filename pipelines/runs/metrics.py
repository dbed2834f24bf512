"""The figures of a run for Prometheus: a file for node_exporter, or a port.

Both show the same: what the run has done so far, from its ledger, and how far each
table is behind, from the markers.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.catalog import Table
from pipelines.config import Settings
from pipelines.errors import ConfigurationError, ShardlineError
from pipelines.network import metrics_registry, serve_metrics
from pipelines.planning import last_days
from pipelines.runtime import ExitCode, LedgerEntry, exit_code_of, ledger
from pipelines.warehouse import cached_markers

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily

LOOK_BACK = 31
"""Most days that a table is said to be behind."""


@contextmanager
def publish_metrics(tables: Sequence[Table], settings: Settings) -> Iterator[None]:
    """Publish the figures of the run inside, where the configuration says so.

    The command has to end inside: what leaves the block, be it an error, a signal or
    `sys.exit`, is how the run is said to have ended.

    Args:
        tables: Of which tables it is told how far they are behind.
        settings: `metrics` names the file and the port.

    Raises:
        ConfigurationError: The extra ``metrics`` is not installed, or the port taken.
    """
    ledger()
    if not (settings.metrics.textfile or settings.metrics.port):
        yield
        return
    run = Run()
    registry = metrics_registry(run, "[metrics]")
    try:
        if settings.metrics.port:
            serve_metrics(registry, settings.metrics.port, "[metrics] port")
        try:
            yield
        finally:
            run.look_at_lags(tables, settings)
    except BaseException as error:
        run.code = exit_code_of(error)
        raise
    finally:
        run.end()
        if settings.metrics.textfile:
            _write(registry, settings.metrics.textfile)


class Run:
    """What is told of one run.

    Attributes:
        code: With which code it ends, once it does.
    """

    def __init__(self) -> None:
        """Begin."""
        self.code: int = ExitCode.COMPLETE
        self._started = time.time()
        self._ended: float | None = None
        self._lags: dict[str, int] = {}

    def look_at_lags(self, tables: Sequence[Table], settings: Settings) -> None:
        """Note how far the tables are behind."""
        for table in tables:
            lag = lag_of(table, settings)
            if lag is not None:
                self._lags[table.name] = lag

    def end(self) -> None:
        """Note when it ended."""
        self._ended = time.time()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The figures now; called by the client for each look at them."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - extra

        for name, help_text, labels, values in _figures(ledger().entries()):
            family = GaugeMetricFamily(
                f"shardline_run_{name}", help_text, labels=labels
            )
            for key, value in sorted(values.items()):
                family.add_metric(list(key), value)
            yield family
        lag = GaugeMetricFamily(
            "shardline_lag_days",
            "Days that are over and lie after the table's latest complete one.",
            labels=["table"],
        )
        for table, days in sorted(self._lags.items()):
            lag.add_metric([table], days)
        yield lag
        yield GaugeMetricFamily(
            "shardline_run_start_timestamp_seconds",
            "When the run began.",
            self._started,
        )
        if self._ended is not None:
            yield GaugeMetricFamily(
                "shardline_run_end_timestamp_seconds", "When it ended.", self._ended
            )
            yield GaugeMetricFamily(
                "shardline_run_exit_code", "How it ended.", self.code
            )


Figure = tuple[str, str, list[str], dict[tuple[str, ...], float]]


def _figures(entries: Sequence[LedgerEntry]) -> Iterator[Figure]:
    rows: Counter[tuple[str, ...]] = Counter()
    octets: Counter[tuple[str, ...]] = Counter()
    retries: Counter[tuple[str, ...]] = Counter()
    days: Counter[tuple[str, ...]] = Counter()
    seconds: dict[tuple[str, ...], float] = defaultdict(float)
    for entry in entries:
        table = (entry.table,)
        rows[table] += entry.rows
        octets[table] += entry.octets
        retries[table] += entry.attempt > 1
        for outcome, count in entry.outcomes.items():
            days[entry.table, outcome] += count
        for stage, spent in entry.seconds.items():
            seconds[entry.table, stage] += spent
    yield "rows", "Rows that the run loaded.", ["table"], dict(rows)
    yield "bytes", "Bytes that it sent to the warehouse.", ["table"], dict(octets)
    yield "retries", "Attempts after the first.", ["table"], dict(retries)
    yield "days", "Days of shards, by how they ended.", ["table", "outcome"], dict(days)
    help_text = "Seconds of all processes together, by stage."
    yield "seconds", help_text, ["table", "stage"], dict(seconds)


def lag_of(table: Table, settings: Settings) -> int | None:
    """How many days that are over lie after the latest one that is complete.

    None if the warehouse cannot be asked; at most `LOOK_BACK`.
    """
    days = last_days(LOOK_BACK, settings)
    try:
        present = cached_markers(settings.warehouse).markers(table, days[0], days[-1])
    except ShardlineError:
        return None
    shards = settings.catalog.shards
    for lag, day in enumerate(reversed(days)):
        if all((day, name) in present for name in shards):
            return lag
    return LOOK_BACK


def _write(registry: CollectorRegistry, path: Path) -> None:
    """Replace the file as a whole: whoever reads it sees the old one or the new one."""
    from prometheus_client import write_to_textfile  # noqa: PLC0415 - an extra

    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise ConfigurationError(
            f"[metrics] textfile: {path} cannot be written: {error.strerror}",
            step="name a file in a folder that exists",
        ) from error
