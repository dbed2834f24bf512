"""What the session log's past says of loads to come."""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from pipelines.database import sessions
from pipelines.database_faults import translated
from pipelines.sessions import UNREAD, Outcome


def rows_a_day(engine: Engine, target: str) -> dict[str, float]:
    """How many rows a day of each shard has had, on average; one query.

    Args:
        engine: The ETL database.
        target: The table's target.

    Returns:
        The average by shard, days without rows included; no shard that is new.

    Raises:
        ShardlineError: The log cannot be read.
    """
    query = (
        select(sessions.c.shard, func.avg(sessions.c.loaded_rows))
        .where(
            sessions.c.target_table == target,
            sessions.c.outcome.in_([Outcome.LOADED.value, Outcome.SKIPPED.value]),
            sessions.c.loaded_rows.is_not(None),
        )
        .group_by(sessions.c.shard)
    )
    with translated(UNREAD), engine.connect() as connection:
        return {str(shard): float(rows) for shard, rows in connection.execute(query)}
