"""Which ways there are, and whether one can be run here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from benchmarks.loads import ALL_UP_TO, Load, Place, Way

WAYS: dict[Way, str] = {
    "tutorial": "the tutorial",
    "tuples": "shardline, the driver's tuples",
    "driver_copy": "shardline, the driver's COPY",
    "fast": "shardline",
    "small_packets": "shardline, 4 KiB packets",
    "large_packets": "shardline, 32 KiB packets",
    "mssql_python": "mssql-python's Arrow to CSV",
    "python_tds": "python-tds, shardline's encoder",
}
"""What each is called in the tables; shardline as it is stands for itself."""

PEERS: frozenset[Way] = frozenset({"mssql_python", "python_tds"})
"""Other drivers, which are measured without TLS."""

HELD: dict[Way, int] = {"tutorial": 1_200}
"""Octets a row of what holds all rows in memory."""


def loader(way: Way) -> Callable[[Place], int]:
    """The function that loads a day so; it returns how many rows it sent."""
    load: Callable[[Place], int]
    load = importlib.import_module(f"benchmarks.ways.{way}").load
    return load


def lacking(way: Way) -> str:
    """What a way needs and is not here; "" if nothing."""
    module = importlib.import_module(f"benchmarks.ways.{way}")
    return str(module.lacking()) if hasattr(module, "lacking") else ""


def refusal(load: Load) -> str:
    """Why a load is not run; "" if it is."""
    if why := lacking(load.way):
        return why
    if load.way in PEERS and (load.tls or load.rows > ALL_UP_TO):
        return f"another driver, so without TLS and up to {ALL_UP_TO:,} rows only"
    if load.way == "large_packets" and load.tls:
        return "SQL Server carries none of more than 16 KiB within TLS"
    if load.tls and load.rows > ALL_UP_TO:
        return f"with TLS up to {ALL_UP_TO:,} rows only"
    needed, available = HELD.get(load.way, 0) * load.rows, _available()
    if needed > available:
        return (
            f"it needs about {needed >> 30} GiB of memory,"
            f" and {available >> 30} GiB are free"
        )
    return ""


def _available() -> int:
    """MemAvailable of proc(5), in octets, and some left to the servers."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024 - (1 << 30)
    raise RuntimeError("this kernel does not tell how much memory is free")
