"""The figures of the bot, as Prometheus reads them."""

from __future__ import annotations

import socket
import urllib.request
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from pipelines.bot.figures import Event, Figures
from pipelines.bot.inbox import accept
from pipelines.bot.monitoring.loop_lag import LoopLag
from pipelines.bot.monitoring.metrics import BotMetrics
from pipelines.bot.updates import Update
from pipelines.errors import ConfigurationError
from pipelines.runtime import ProcessPool


def test_the_figures_are_those_of_inbox_loop_and_pool(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    now = datetime.now(UTC)
    accept(engine, [Update(at, "1001", now, "message", {}) for at in (1, 2)])
    figures, lag = Figures(), LoopLag()
    figures.count(Event.ACCEPTED, 2)
    figures.count(Event.FLOODED)
    for seconds in (1 / 256, 1 / 32, 5 / 16):
        lag.histogram.add(seconds)
    with ProcessPool() as pool:
        metrics = BotMetrics(engine, figures, lag, pool)
        metrics.serve(port)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        with pytest.raises(ConfigurationError, match=r"\[bot\] port: .* cannot be"):
            metrics.serve(port)
    assert {
        "shardline_bot_inbox 2.0",
        'shardline_bot_updates_total{event="accepted"} 2.0',
        'shardline_bot_updates_total{event="flooded"} 1.0',
        'shardline_bot_updates_total{event="answered"} 0.0',
        'shardline_bot_slow_questions{state="waiting"} 0.0',
        "shardline_bot_process_restarts_total 0.0",
        'shardline_bot_loop_lag_seconds_bucket{le="0.005"} 1.0',
        'shardline_bot_loop_lag_seconds_bucket{le="0.2"} 2.0',
        'shardline_bot_loop_lag_seconds_bucket{le="+Inf"} 3.0',
        "shardline_bot_loop_lag_seconds_count 3.0",
        "shardline_bot_loop_lag_seconds_sum 0.34765625",
    } <= set(lines)
    assert any("shardline_bot_inbox_oldest_seconds " in line for line in lines)
