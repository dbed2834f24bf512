"""How late the loop of a bot is, and one that does nothing, so by the machine alone."""

from __future__ import annotations

import asyncio
import math
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

from prometheus_client.parser import text_string_to_metric_families

from pipelines.bot import LoopLag

LAG, OWN_LAG = "shardline_bot_loop_lag_seconds", "shardline_bot_loop_own_lag_seconds"
"""The loop's, and the same less the time for which it waited for a processor."""


@dataclass(frozen=True)
class Lag:
    """How late a loop was.

    Attributes:
        counts: Each bound in seconds, and how often it was no later.
    """

    counts: dict[float, float]

    def since(self, before: Lag) -> Lag:
        """What came after another look."""
        return Lag({at: n - before.counts[at] for at, n in self.counts.items()})

    def percentile(self, share: float) -> float:
        """The bound that a share of all keep to."""
        wanted = share * self.counts[math.inf]
        return min(at for at, count in self.counts.items() if count >= wanted)

    def __str__(self) -> str:
        """For people."""
        p50, p99, most = (self.percentile(share) * 1e3 for share in (0.5, 0.99, 1))
        return f"p50 ≤ {p50:g} ms, p99 ≤ {p99:g} ms, longest ≤ {most:g} ms"


def bot_lag(port: int, figure: str = LAG) -> Lag:
    """How late a bot's loop was since it began."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    return Lag(
        {
            float(sample.labels["le"]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"{figure}_bucket"
        }
    )


@contextmanager
def idle_loop() -> Iterator[list[Lag]]:
    """Have a loop do nothing during the block; behind it, its lag is in the list."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_idle, args=(theirs,))
    process.start()
    ours.recv()
    found: list[Lag] = []
    try:
        yield found
    finally:
        ours.send(None)
        found.append(Lag(ours.recv()))
        process.join()


def _idle(link: Connection) -> None:
    lag = LoopLag()

    async def idle() -> None:
        async with lag.measured():
            link.send(None)
            await asyncio.to_thread(link.recv)

    asyncio.run(idle())
    link.send(dict(lag.histogram.cumulated()))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
