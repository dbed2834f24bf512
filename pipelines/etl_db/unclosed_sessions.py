"""The sessions that nobody has closed, and whether their processes are at work."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, func, select

from pipelines.etl_db.database import database_time
from pipelines.etl_db.errors import etl_db_errors
from pipelines.etl_db.sessions import UNREAD
from pipelines.etl_db.tables import sessions_table

ABANDONED = timedelta(days=1)
"""How long ago its last sign of life is if nobody who knows more closes a session."""


@dataclass(frozen=True)
class OpenSession:
    """A session that has not been closed.

    Attributes:
        shard: The shard; None for the refresh of a report.
        leased: Whether its lease is not over; None if it never had one.
        abandoned: Whether its lease, or its start, is so long ago that nobody will
            close it who knows more of it.
    """

    id: int
    task_name: str
    target_table: str
    shard: str | None
    day: date
    host: str
    pid: int
    started: datetime
    leased: bool | None
    abandoned: bool

    @property
    def is_local(self) -> bool:
        """Whether its process is, or was, on this host."""
        return self.host == socket.gethostname()

    @property
    def may_be_alive(self) -> bool:
        """Whether its process may still be at work."""
        is_over = self.abandoned or self.leased is False
        return not is_over and may_be_alive(self.host, self.pid)


def may_be_alive(host: str, pid: int) -> bool:
    """Whether another process may still be at work.

    One of another host cannot be asked. One with this process's own number has ended:
    in a container every run may have the number 1.
    """
    if host != socket.gethostname():
        return True
    return pid != os.getpid() and _runs(pid)


def open_sessions(engine: Engine) -> Sequence[OpenSession]:
    """The sessions of partitions and of reports that nobody closed, oldest first.

    Raises:
        ShardlineError: The log cannot be read.
    """
    lease = sessions_table.c.lease
    last_sign = func.coalesce(lease, sessions_table.c.started)
    states = {
        "leased": lease > database_time(engine),
        "abandoned": last_sign < database_time(engine, -ABANDONED),
    }
    known = OpenSession.__dataclass_fields__.keys() - states.keys()
    query = (
        select(
            *(sessions_table.c[name] for name in known),
            *(state.label(name) for name, state in states.items()),
        )
        .where(sessions_table.c.finished.is_(None), sessions_table.c.day.is_not(None))
        .order_by(sessions_table.c.started)
    )
    with etl_db_errors(UNREAD), engine.connect() as connection:
        return [OpenSession(**row) for row in connection.execute(query).mappings()]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
