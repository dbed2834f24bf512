"""The product's own load, in the largest packets that SQL Server sends."""

from __future__ import annotations

from benchmarks import product
from benchmarks.loads import Place
from benchmarks.ways.fast import load_with
from pipelines.config import Server

OPTION = "packet_octets"
OCTETS = 32_767
"""The most that LOGIN7 can ask for ([MS-TDS] 2.2.6.4)."""


def lacking() -> str:
    """Why it cannot be run here; "" if it can."""
    return "" if OPTION in Server.model_fields else f"shardline has no {OPTION}"


def load(place: Place) -> int:
    """Load a day as a task does; returns how many rows were sent."""
    options = product.settings(place)
    server = options.servers[product.SHARD.server]
    larger = server.model_copy(update={OPTION: OCTETS})
    servers = {product.SHARD.server: larger}
    return load_with(options.model_copy(update={"servers": servers}), place)
