"""The product's own load, in packets of another size than it asks for by itself."""

from __future__ import annotations

from benchmarks import product
from benchmarks.loads import Place
from benchmarks.ways.fast import load_with
from pipelines.config import Server

OPTION = "packet_octets"


def lacking() -> str:
    """Why none can be asked for here; "" if they can."""
    return "" if OPTION in Server.model_fields else f"shardline has no {OPTION}"


def load_in_packets(place: Place, octets: int) -> int:
    """Load a day as a task does; returns how many rows were sent."""
    options = product.settings(place)
    server = options.servers[product.SHARD.server].model_dump(exclude_unset=True)
    asking = Server.model_validate({**server, OPTION: octets})
    servers = {product.SHARD.server: asking}
    return load_with(options.model_copy(update={"servers": servers}), place)
