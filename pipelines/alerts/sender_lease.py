"""One sender at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, select

from pipelines import etl_db
from pipelines.etl_db import (
    LeaseLostError,
    database_time,
    etl_db_errors,
    sender_table,
)

__all__ = ["Lease", "LeaseLostError"]

STAYS = " stays"
"""How a holder's name ends that keeps the lease while it has nothing to send, too."""

UNUSABLE = "the lease of the sender of alerts cannot be used"


class Lease(etl_db.Lease):
    """The right to send alerts."""

    def __init__(self, engine: Engine, seconds: float, *, stays: bool = False) -> None:
        """Prepare to take it.

        Args:
            engine: The ETL database.
            seconds: How long it lasts from each renewal on.
            stays: Whether its holder keeps it, so that others may leave to it what
                there is to be sent.
        """
        super().__init__(
            engine,
            sender_table,
            "sender of alerts",
            seconds,
            mark=STAYS if stays else "",
        )
        self._is_left = False

    def take(self) -> bool:
        """Take it if nobody has it, or renew it; whether it is ours now."""
        return not self._is_left and super().take()

    def kept_until(self) -> datetime | None:
        """Until when one has it that keeps it; None if there is none.

        It is alive if this is another moment than before.
        """
        row = sender_table.c
        is_kept = row.expires > database_time(self.engine)
        kept = select(row.expires).where(row.holder.endswith(STAYS), is_kept)
        with etl_db_errors(UNUSABLE), self.engine.connect() as connection:
            return connection.scalar(kept)

    def leave(self) -> None:
        """Let another take it at once, and never take it again.

        Whoever still sends by it, in another thread, learns that it is lost.
        """
        self._is_left = True
        self.release()
