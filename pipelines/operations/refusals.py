"""Refusing a wish: on record, but nobody fills the audit by being refused."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, false, func, select

from pipelines.etl_db import audit_table, database_time, etl_db_errors
from pipelines.operations.audit.records import UNUSABLE, Wish, record_refusal
from pipelines.operations.verb import RefusedError

MOST = 100
"""How many refusals of an identity are written down within `WITHIN`: no row of the
audit is ever deleted."""

WITHIN = timedelta(hours=1)


def refused(
    engine: Engine, wish: Wish, why: str, step: str = "ask an admin of the pipeline"
) -> RefusedError:
    """What to raise, after it is written down.

    Raises:
        ShardlineError: The ETL database does not take it.
    """
    if _refusals(engine, str(wish.caller.identity)) < MOST:
        record_refusal(engine, wish, why)
    return RefusedError(why, step=step)


def _refusals(engine: Engine, identity: str) -> int:
    audit = audit_table.c
    query = select(func.count()).where(
        audit.allowed == false(),
        audit.moment > database_time(engine, -WITHIN),
        audit.identity == identity,
    )
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return connection.scalar(query) or 0
