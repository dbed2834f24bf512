"""A port on loopback where Prometheus reads figures; needs the extra `metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import ConfigurationError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.registry import Collector

LOOPBACK = "127.0.0.1"


def metrics_registry(collector: Collector, option: str) -> CollectorRegistry:
    """What Prometheus's client reads a collector's figures by.

    Args:
        collector: Tells the figures at each look at them.
        option: Which option of ours asks for it.

    Raises:
        ConfigurationError: The extra ``metrics`` is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigurationError(
            f"{option} needs prometheus-client",
            step="pip install 'shardline[metrics]', or leave it out",
        ) from error
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def serve_metrics(registry: CollectorRegistry, port: int, option: str) -> None:
    """Serve figures on loopback from now on.

    Args:
        registry: What they are read by.
        port: Where.
        option: Which option of ours names the port.

    Raises:
        ConfigurationError: The port is taken.
    """
    from prometheus_client import start_http_server  # noqa: PLC0415 - an extra

    try:
        start_http_server(port, LOOPBACK, registry)
    except OSError as error:
        raise ConfigurationError(
            f"{option}: {LOOPBACK}:{port} cannot be listened on: {error.strerror}",
            step="choose a free port, or end what has it",
        ) from error
