"""The product's own load, in packets as a client gets them that does not ask."""

from __future__ import annotations

from benchmarks.loads import Place
from benchmarks.ways.packet_sizes import lacking, load_in_packets

__all__ = ["lacking", "load"]

OCTETS = 4_096


def load(place: Place) -> int:
    """Load a day as a task does; returns how many rows were sent."""
    return load_in_packets(place, OCTETS)
