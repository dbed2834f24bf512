"""Made-up orders: plausible, and the same for the same seed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import duckdb

from sandbox.fill.orders import replace_rows
from sandbox.fill.requests import Filled, FillError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from sandbox.fill.orders import Shards
    from sandbox.fill.requests import Days
    from sandbox.shards import Shard

MOST_ROWS = 1_000_000
"""Per shard and day: an id is the day's number times this, plus the row's."""

# `u(salt)` is a number in [0, 1) which depends on seed, shard, day, row and salt.
# Day 0 is 1970-01-01. Of about 50 days of a shard one is empty. The day's first and
# last microsecond each have an order; the others gather around noon. Orders last
# 2 to 92 minutes, mostly short; one in ten has not ended.
_ROWS = """\
WITH parts AS (
    SELECT day, n, epoch(day)::BIGINT // 86400 AS day_number
    FROM (SELECT unnest(generate_series($first, $last, INTERVAL 1 DAY)) AS day),
         range($rows) AS numbers(n)
    WHERE hash($seed, $shard, day::DATE) % 50 <> 0
),
u AS (
    SELECT *, {draws} FROM parts
),
timed AS (
    SELECT *,
        CASE n
            WHEN 0 THEN 0
            WHEN 1 THEN 86399999999
            ELSE floor((u1 + u2) / 2 * 86400000000)::BIGINT
        END AS microsecond
    FROM u
)
SELECT
    day_number * {most_rows} + n AS id,
    day + to_microseconds(microsecond) AS start_time,
    CASE WHEN u3 >= 0.1 THEN
        day + to_microseconds(microsecond + 120000000 + (u4 * u5 * 5400000000)::BIGINT)
    END AS end_time,
    1 + floor(u6 * u6 * 5)::INTEGER AS type,
    md5(concat_ws('/', $seed, $shard, day, n))::UUID AS data
FROM timed
ORDER BY id
"""
_SQL = _ROWS.format(
    draws=", ".join(
        f"hash($seed, $shard, day, n, {salt}) / 18446744073709551616.0 AS u{salt}"
        for salt in range(1, 7)
    ),
    most_rows=MOST_ROWS,
)


def fill_with_samples(
    databases: Shards, shards: Sequence[Shard], days: Days, *, rows: int, seed: int
) -> Filled:
    """Fill every shard with made-up orders, in place of what those days held.

    Args:
        databases: Where the shards are.
        shards: The shards; each gets rows of its own.
        days: The days to fill. About one in 50 of a shard's days stays empty.
        rows: Rows of a shard and day.
        seed: The same seed gives the same rows.

    Raises:
        FillError: `rows` is out of range.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise FillError(f"rows must be 1 to {MOST_ROWS:,}, not {rows:,}")
    filled = Filled([shard.name for shard in shards])
    with duckdb.connect() as maker:
        for shard in shards:
            made = _make(maker, shard.name, days, rows=rows, seed=seed)
            session = databases.open(shard.server, shard.database)
            with closing(session):
                replace_rows(session, made, first=days.first, end=days.end)
            filled.rows += made.num_rows
            filled.shard_days += made.num_rows // rows
    return filled


def _make(
    maker: duckdb.DuckDBPyConnection, shard: str, days: Days, *, rows: int, seed: int
) -> pa.Table:
    values = {
        "first": days.first,
        "last": days.last,
        "rows": rows,
        "seed": seed,
        "shard": shard,
    }
    return maker.sql(_SQL, params=values).to_arrow_table()
