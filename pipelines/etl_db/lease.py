"""One process at a time: a lease in the ETL database, taken by one statement."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Engine, Table, or_, update

from pipelines.errors import TransientError
from pipelines.etl_db.database import database_time
from pipelines.etl_db.errors import etl_db_errors


class LeaseLostError(TransientError):
    """Another process has taken over."""


class Lease:
    """A right that passes on when its holder does not renew it in time.

    Attributes:
        engine: The ETL database.
    """

    def __init__(
        self,
        engine: Engine,
        table: Table,
        what: str,
        seconds: float,
        *,
        mark: str = "",
    ) -> None:
        """Prepare to take it.

        Args:
            engine: The ETL database.
            table: Of one row, with the columns `holder` and `expires`.
            what: Who holds it, such as `sender of alerts`.
            seconds: How long it lasts from each renewal on.
            mark: What its holder's name ends with.
        """
        self.engine = engine
        self._table = table
        self._what = what
        self._seconds = seconds
        me = f"{socket.gethostname()[:200]} {os.getpid()} {secrets.token_hex(8)}"
        self._me = me + mark

    def take(self) -> bool:
        """Take it if nobody has it, or renew it; whether it is ours now.

        Raises:
            ShardlineError: The ETL database cannot be used.
        """
        its, now = self._table.c, database_time(self.engine)
        free = or_(its.holder.is_(None), its.expires <= now)
        with self._errors(), self.engine.begin() as connection:
            return self._hold(connection, or_(self._is_mine(), free))

    @contextmanager
    def held(self) -> Iterator[Connection]:
        """A transaction that is carried out only while the lease is ours.

        It begins by renewing the lease, whose row stays locked to its end. So no two
        holders ever write side by side, and one that slept too long writes nothing.

        Raises:
            LeaseLostError: Another process has it.
            ShardlineError: The ETL database cannot be used.
        """
        with self._errors(), self.engine.begin() as connection:
            if not self._hold(connection, self._is_mine()):
                raise LeaseLostError(f"another {self._what} has taken over")
            yield connection

    def release(self) -> None:
        """Let another take it at once.

        Raises:
            ShardlineError: The ETL database cannot be used.
        """
        change = update(self._table).where(self._is_mine()).values(holder=None)
        with self._errors(), self.engine.begin() as connection:
            connection.execute(change)

    def _is_mine(self) -> ColumnElement[bool]:
        return self._table.c.holder == self._me

    def _hold(self, connection: Connection, condition: ColumnElement[bool]) -> bool:
        until = database_time(self.engine, timedelta(seconds=self._seconds))
        change = update(self._table).where(condition)
        change = change.values(holder=self._me, expires=until)
        return connection.execute(change).rowcount == 1

    def _errors(self) -> AbstractContextManager[None]:
        return etl_db_errors(f"the lease of the {self._what} cannot be used")
