"""How late the bot's loop is, and who keeps it waiting."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import pytest

from pipelines.bot.monitoring.histogram import Histogram
from pipelines.bot.monitoring.loop_lag import LoopLag, culprit


class Told(logging.Handler):
    """What was logged: that somebody holds the loop, and that it goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.held, self.over = threading.Event(), asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "is held up" in record.getMessage():
            self.held.set()
        else:
            self.over.set()


def blocking_handler(told: Told) -> None:
    """Sleep in the loop, as none may; once, unless the machine is very busy."""
    for _ in range(20):
        time.sleep(0.3)
        if told.held.is_set():
            return


async def handle(told: Told) -> None:
    task = asyncio.current_task()
    assert task
    task.set_name("update 7, press in telegram:-1001")
    blocking_handler(told)
    await told.over.wait()


def test_a_handler_that_blocks_the_loop_is_named_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lag, told = LoopLag(), Told()

    async def serve() -> None:
        async with lag.measured():
            await asyncio.create_task(handle(told))

    logger = logging.getLogger("pipelines.bot.monitoring.loop_lag")
    logger.addHandler(told)
    try:
        asyncio.run(serve())
    finally:
        logger.removeHandler(told)
    named = [line for line in caplog.messages if "blocking_handler" in line]
    assert [line.split(":")[0][:22] for line in named] == [
        "the loop is held up",
        "the loop stood still f",
    ]
    for line in named:
        assert "update 7, press in telegram:-1001 in blocking_handler, test_" in line
    assert lag.histogram.longest >= 0.2


def test_nobody_is_to_blame_for_a_loop_that_runs_nothing() -> None:
    async def look() -> str:
        loop = asyncio.get_running_loop()
        return culprit(loop, None)

    assert asyncio.run(look()) == ""


def test_the_loop_is_looked_at_from_its_beginning_to_its_end() -> None:
    lag = LoopLag()

    async def serve() -> None:
        async with lag.measured():
            while lag.histogram.cumulated()[-1][1] < 3:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)

    for _ in range(2):
        asyncio.run(serve())
    assert lag.histogram.cumulated()[-1][1] >= 3
    assert lag.histogram.percentile(0.99) <= lag.histogram.longest


def test_a_percentile_is_a_bound_that_so_many_keep_to() -> None:
    histogram = Histogram((0.01, 0.05, 0.1))
    assert histogram.percentile(0.99) == 0
    for _ in range(98):
        histogram.add(0.005)
    histogram.add(0.03)
    histogram.add(7)
    shares = [histogram.percentile(share) for share in (0.5, 0.98, 0.99, 1)]
    assert shares == [0.01, 0.01, 0.05, 7]
    assert [count for _, count in histogram.cumulated()] == [98, 99, 99, 100]
    assert histogram.total == pytest.approx(98 * 0.005 + 0.03 + 7)
    histogram.clear()
    assert histogram.percentile(1) == 0
