"""What is measured of loads, beside servers that replay and swallow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import in_fresh_process
from benchmarks.encode import Encoding, encode
from benchmarks.limits import limits
from benchmarks.loads import ALL_UP_TO, Load, TableName, Way
from benchmarks.product import SHARD
from benchmarks.recordings import Recording, record_all
from benchmarks.rounds import Comparison, compare, warm_up
from benchmarks.servers import serving
from benchmarks.two_at_once import TwoAtOnce, two_at_once
from benchmarks.ways.choice import WAYS, refusal
from sandbox.process import SandboxProcess
from sandbox.shards import Shard, write_shards

OTHER_TABLES: tuple[TableName, ...] = ("text", "wide")
OTHER_WAYS: tuple[Way, ...] = ("tuples", "fast")
"""How tables are loaded of which the tutorial says nothing."""

OTHER_ROWS = 100_000
"""Most rows of them."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class LoadFigures:
    """All that was measured of loads.

    Attributes:
        sizes: Numbers of rows of orders.
        other_rows: Rows of the other tables.
        rounds: How often each load was, but for the largest.
        comparison: What each cost.
        received: Octets a row from SQL Server, as they are without TLS.
        encodings: What is done between the drivers alone, for each size.
        together: Two loads at once.
        limits: Octets a second of the machine.
    """

    sizes: Sequence[int]
    other_rows: int
    rounds: int
    comparison: Comparison
    received: Mapping[Load, float]
    encodings: Sequence[Encoding]
    together: TwoAtOnce
    limits: Mapping[str, float]


def run_loads(sizes: Sequence[int], rounds: int, home: Path, tell: Tell) -> LoadFigures:
    """Measure loads of orders in all ways, and of the other tables in some.

    Args:
        sizes: Numbers of rows, in their order, the first no more than `ALL_UP_TO`.
        rounds: How often.
        home: A folder for it.
        tell: Is told what comes next.
    """
    up_to = [size for size in sizes if size <= ALL_UP_TO]
    other_rows = min(OTHER_ROWS, up_to[-1])
    asked = [*_of_orders(sizes), *_of_others(other_rows)]
    refusals = {load: why for load in asked if (why := refusal(load))}
    loads = [load for load in asked if load not in refusals]
    served = [*loads, *{warm_up(load): None for load in loads}]
    recordings = _recorded(home, served, tell)
    with serving(recordings, served, home) as servers:
        comparison = compare(servers, loads, refusals, rounds, tell)
        largest = Load("fast", up_to[-1])
        together = two_at_once(servers, largest, rounds, tell)
        encodings = []
        for rows in up_to:
            tell(f"encoding {rows:,} rows")
            place = servers.places[Load("tutorial", rows)]
            encodings.append(in_fresh_process(encode, place, rounds))
    tell("the machine's limits")
    return LoadFigures(
        sizes=sizes,
        other_rows=other_rows,
        rounds=rounds,
        comparison=comparison,
        received={load: one.octets / one.rows for load, one in recordings.items()},
        encodings=encodings,
        together=together,
        limits=limits(),
    )


def _of_orders(sizes: Sequence[int]) -> list[Load]:
    return [
        Load(way, rows, tls=tls)
        for tls in (False, True)
        for rows in sizes
        for way in WAYS
    ]


def _of_others(rows: int) -> list[Load]:
    return [Load(way, rows, table) for table in OTHER_TABLES for way in OTHER_WAYS]


def _recorded(home: Path, loads: Sequence[Load], tell: Tell) -> dict[Load, Recording]:
    shards = home / "shards.csv"
    write_shards(shards, [Shard(SHARD.server, SHARD.name)])
    with SandboxProcess(home / "recorded", "--shards", str(shards)) as sandbox:
        return record_all(sandbox, loads, tell)
