"""One sender at a time: a lease in the ETL database, taken by one statement."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, or_, select, update

from pipelines.errors import TransientError
from pipelines.etl_db import database_time, etl_db_errors, sender_table

STAYS = " stays"
"""How a holder's name ends that keeps the lease while it has nothing to send, too."""

UNUSABLE = "the lease of the sender of alerts cannot be used"


class LeaseLostError(TransientError):
    """Another sender has taken over."""


class Lease:
    """The right to send; it passes on when its holder does not renew it in time.

    Attributes:
        engine: The ETL database.
    """

    def __init__(self, engine: Engine, seconds: float, *, stays: bool = False) -> None:
        """Prepare to take it.

        Args:
            engine: The ETL database.
            seconds: How long it lasts from each renewal on.
            stays: Whether its holder keeps it, so that others may leave to it what
                there is to be sent.
        """
        self.engine = engine
        self._seconds = seconds
        self._me = f"{socket.gethostname()[:200]} {os.getpid()} {secrets.token_hex(8)}"
        self._me += STAYS if stays else ""
        self._is_left = False

    def take(self) -> bool:
        """Take it if nobody has it, or renew it; whether it is ours now."""
        if self._is_left:
            return False
        now = database_time(self.engine)
        free = or_(sender_table.c.holder.is_(None), sender_table.c.expires <= now)
        mine = sender_table.c.holder == self._me
        with etl_db_errors(UNUSABLE), self.engine.begin() as connection:
            return self._hold(connection, or_(mine, free))

    @contextmanager
    def held(self) -> Iterator[Connection]:
        """A transaction that is carried out only while the lease is ours.

        It begins by renewing the lease, whose row stays locked to its end. So no two
        senders ever write side by side, and one that slept too long writes nothing.

        Raises:
            LeaseLostError: Another sender has it.
            ShardlineError: The ETL database cannot be used.
        """
        with etl_db_errors(UNUSABLE), self.engine.begin() as connection:
            if not self._hold(connection, sender_table.c.holder == self._me):
                raise LeaseLostError("another sender of alerts has taken over")
            yield connection

    def kept_until(self) -> datetime | None:
        """Until when one has it that keeps it; None if there is none.

        It is alive if this is another moment than before.
        """
        row = sender_table.c
        kept = select(row.expires).where(row.holder.endswith(STAYS))
        with etl_db_errors(UNUSABLE), self.engine.connect() as connection:
            return connection.scalar(kept)

    def release(self) -> None:
        """Let another take it at once."""
        change = (
            update(sender_table)
            .where(sender_table.c.holder == self._me)
            .values(holder=None)
        )
        with etl_db_errors(UNUSABLE), self.engine.begin() as connection:
            connection.execute(change)

    def leave(self) -> None:
        """Let another take it at once, and never take it again.

        Whoever still sends by it, in another thread, learns that it is lost.
        """
        self._is_left = True
        self.release()

    def _hold(self, connection: Connection, condition: ColumnElement[bool]) -> bool:
        until = database_time(self.engine, timedelta(seconds=self._seconds))
        change = (
            update(sender_table).where(condition).values(holder=self._me, expires=until)
        )
        return connection.execute(change).rowcount == 1
