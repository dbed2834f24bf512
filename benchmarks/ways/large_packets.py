"""The product's own load, in the largest packets that SQL Server sends without TLS."""

from __future__ import annotations

from benchmarks.loads import Place
from benchmarks.ways.packet_sizes import lacking, load_in_packets

__all__ = ["lacking", "load"]

OCTETS = 32_767


def load(place: Place) -> int:
    """Load a day as a task does; returns how many rows were sent."""
    return load_in_packets(place, OCTETS)
