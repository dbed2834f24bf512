"""Made-up rows: plausible, related to each other, and the same for the same seed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import duckdb

from sandbox.fill.databases import replace_rows
from sandbox.fill.requests import Filled, FillError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from sandbox.fill.databases import Databases
    from sandbox.fill.requests import Days
    from sandbox.fill.tables import Table
    from sandbox.shards import Shard

MOST_ROWS = 1_000_000
"""Orders per shard and day: an id is the day's number times this, plus the row's."""

# A number in [0, 1) for each row of `parts`, and as many of them as there are salts.
# Hashed twice: of several arguments the hashes are only combined, so that two salts
# alone would give numbers that tell each other.
_DRAW = "hash(hash($seed, $shard, day, n, {salt})) / 18446744073709551616.0"

# Day 0 is 1970-01-01. Of about 50 days of a shard one is empty. The day's first and
# last microsecond each have an order; the others gather around noon. Orders last
# 2 to 92 minutes, mostly short; one in ten has not ended.
_ORDERS = f"""\
WITH parts AS (
    SELECT day, n, epoch(day)::BIGINT // 86400 AS day_number
    FROM (SELECT unnest(generate_series($first, $last, INTERVAL 1 DAY)) AS day),
         range($rows) AS numbers(n)
    WHERE hash($seed, $shard, day::DATE) % 50 <> 0
),
u AS (
    SELECT *, {", ".join(f"{_DRAW.format(salt=at)} AS u{at}" for at in range(1, 14))}
    FROM parts
),
timed AS (
    SELECT *,
        CASE n
            WHEN 0 THEN 0
            WHEN 1 THEN 86399999999
            ELSE floor((u1 + u2) / 2 * 86400000000)::BIGINT
        END AS microsecond
    FROM u
),
orders AS (
    SELECT *,
        day_number * {MOST_ROWS} + n AS id,
        day + to_microseconds(microsecond) AS start_time,
        CASE WHEN u3 >= 0.1 THEN
            day
            + to_microseconds(microsecond + 120000000 + (u4 * u5 * 5400000000)::BIGINT)
        END AS end_time
    FROM timed
)
"""  # noqa: S608 - made of constants

# Of the calls most are about an order, up to two each and within half an hour after
# its start; one in five has no answer. Rates follow the end of one order in three.
_SELECTS = {
    "orders": """\
SELECT id, start_time, end_time,
    1 + floor(u6 * u6 * 5)::INTEGER AS type,
    md5(concat_ws('/', $seed, $shard, day, n))::UUID AS data
FROM orders
ORDER BY id
""",
    "calls": """\
SELECT orders.id * 3 + nth AS id,
    least(
        start_time + to_microseconds(((u7 + nth) / 3 * 1800000000)::BIGINT),
        day + to_microseconds(86399999999)
    ) AS started,
    CASE WHEN nth < 2 THEN orders.id END AS order_id,
    CASE WHEN u8 >= 0.2 THEN 5 + floor(u9 * u9 * 600)::INTEGER ELSE 0 END AS duration_s,
    u8 >= 0.2 AS answered
FROM orders, range(3) AS calls(nth)
WHERE u10 < (ARRAY[0.5, 0.15, 0.1])[nth + 1]
ORDER BY 1
""",
    "rates": """\
SELECT id,
    end_time + to_microseconds((u11 * 3600000000)::BIGINT) AS rated,
    id AS order_id,
    (5 - floor(u12 * u12 * 5))::UTINYINT AS score,
    (ARRAY[
        NULL, NULL, NULL, NULL, '', 'Спасибо!', 'Быстро и вежливо', 'It''s fine',
        'Ждал 20 минут | 20 минут!', 'Great ride 👍', E'two\\nlines', '"NULL"'
    ])[1 + floor(u13 * 12)::INTEGER] AS comment
FROM orders
WHERE u11 < 0.35 AND rated < day + INTERVAL 1 DAY
ORDER BY id
""",
}


def fill_with_samples(
    databases: Databases,
    shards: Sequence[Shard],
    table: Table,
    days: Days,
    *,
    rows: int,
    seed: int,
) -> Filled:
    """Fill a table of every shard with made-up rows, in place of what those days held.

    Args:
        databases: Where the shards are.
        shards: The shards; each gets rows of its own.
        table: Which table. Calls and rates are about the orders of the same days,
            rows and seed.
        days: The days to fill. About one in 50 of a shard's days stays empty.
        rows: Orders of a shard and day.
        seed: The same seed gives the same rows.

    Raises:
        FillError: `rows` is out of range.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise FillError(f"rows must be 1 to {MOST_ROWS:,}, not {rows:,}")
    filled = Filled([shard.name for shard in shards])
    with duckdb.connect() as maker:
        for shard in shards:
            made = _make(maker, table, shard.name, days, rows=rows, seed=seed)
            session = databases.open(shard.server, shard.database, [table])
            with closing(session):
                replace_rows(session, table, made, first=days.first, end=days.end)
            filled.rows += made.num_rows
            filled.shard_days += _days_of(maker, table, made)
    return filled


def _make(
    maker: duckdb.DuckDBPyConnection,
    table: Table,
    shard: str,
    days: Days,
    *,
    rows: int,
    seed: int,
) -> pa.Table:
    values = {
        "first": days.first,
        "last": days.last,
        "rows": rows,
        "seed": seed,
        "shard": shard,
    }
    sql = _ORDERS + _SELECTS[table.name]
    return maker.sql(sql, params=values).to_arrow_table()


def _days_of(maker: duckdb.DuckDBPyConnection, table: Table, made: pa.Table) -> int:
    moments = maker.from_arrow(made).project(f"{table.date_column}::DATE AS day")
    return int(moments.distinct().shape[0])
