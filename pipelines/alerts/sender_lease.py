"""One sender at a time."""

from __future__ import annotations

from sqlalchemy import Engine

from pipelines import etl_db
from pipelines.etl_db import LeaseLostError

__all__ = ["Lease", "LeaseLostError"]


class Lease(etl_db.Lease):
    """The right to send alerts."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        """Prepare to take it.

        Args:
            engine: The ETL database.
            seconds: How long it lasts from each renewal on.
        """
        super().__init__(engine, etl_db.sender_table, "sender of alerts", seconds)
