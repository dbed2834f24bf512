"""The figures of the queue, as Prometheus reads them."""

from __future__ import annotations

import socket
import urllib.request

import pytest

from pipelines.errors import ConfigurationError
from pipelines.jobs import MemoryJobQueue, Wish, serve_figures


def test_the_figures_are_those_of_the_queue_and_a_port_is_taken_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    queue = MemoryJobQueue()
    for key in "abc":
        queue.enqueue(Wish("run", ("run",), key, "anna", "shell"))
    queue.claim("w", 0, {})
    serve_figures(queue, port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    assert 'shardline_jobs{state="queued"} 2.0' in text
    assert 'shardline_jobs{state="running"} 1.0' in text
    assert "shardline_jobs_expired 1.0" in text
    assert "shardline_jobs_oldest_seconds " in text
    with pytest.raises(ConfigurationError, match=r"\[jobs\] port: .* cannot be"):
        serve_figures(queue, port)
