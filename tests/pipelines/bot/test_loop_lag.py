"""How late the bot's loop is, and who keeps it waiting."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from pipelines.bot.monitoring.histogram import Histogram
from pipelines.bot.monitoring.loop_lag import LoopLag, culprit


class Told(logging.Handler):
    """What was logged, once something was."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.held, self.over = threading.Event(), asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if "is held up" in self.lines[-1]:
            self.held.set()
        else:
            self.over.set()


@pytest.fixture
def told() -> Iterator[Told]:
    logger, handler = logging.getLogger(LoopLag.__module__), Told()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def blocking_handler() -> None:
    """Sleep in the loop, as none may."""
    time.sleep(0.3)


def endless_handler(told: Told) -> None:
    """Hold the loop up until somebody has told."""
    assert told.held.wait(50)


def serve(lag: LoopLag, told: Told, handler: Callable[[], None]) -> None:
    """Have a handler called in a loop until the log tells of it."""

    async def handle() -> None:
        handler()
        await told.over.wait()
        told.over.clear()

    async def measured() -> None:
        async with lag.measured():
            # Where the machine is very busy, nobody may see it the first time.
            while not any(handler.__name__ in line for line in told.lines):
                name = "update 7, press in telegram:-1001"
                await asyncio.create_task(handle(), name=name)

    asyncio.run(measured())


def test_a_handler_that_blocks_the_loop_is_named_in_the_log(told: Told) -> None:
    lag = LoopLag()
    serve(lag, told, blocking_handler)
    line = told.lines[-1]
    assert line.startswith("the loop stood still for 0.")
    assert "s: update 7, press in telegram:-1001 in blocking_handler, test_" in line
    assert lag.histogram.longest >= lag.own.longest >= 0.2


def test_one_that_goes_on_and_on_is_named_before_it_is_over(told: Told) -> None:
    handler = partial(endless_handler, told)
    handler.__name__ = endless_handler.__name__  # type: ignore[attr-defined]
    serve(LoopLag(), told, handler)
    held, over = told.lines
    who = "update 7, press in telegram:-1001 in endless_handler, test_"
    assert held.startswith(f"the loop is held up: {who}")
    assert over.startswith("the loop stood still for ")
    assert who in over


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
