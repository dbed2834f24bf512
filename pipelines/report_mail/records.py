"""Which day's mail has been sent: one sender a day, who is known by a lease."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from sqlalchemy import Engine, or_, select, update

from pipelines.database import INSERTS, moment, report_mails
from pipelines.database_faults import translated
from pipelines.errors import TransientError

SUBJECT = "mail of reports"
"""What alerts of a mail are about."""

TOLD = "the record of the mails cannot be used"


def is_sent(engine: Engine, day: date) -> bool:
    """Whether a day's mail has been sent.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    query = select(report_mails.c.sent).where(report_mails.c.day == day)
    with translated(TOLD), engine.connect() as connection:
        return connection.scalar(query) is not None


@contextmanager
def sending(engine: Engine, day: date, seconds: float) -> Iterator[bool]:
    """Send a day's mail in the block, which is then written down as sent.

    A mail is sent twice only if this process dies, or the ETL database goes away,
    between the server's acceptance and that note.

    Args:
        engine: The ETL database.
        day: Which day.
        seconds: How long others wait for this process, should it die in the block.

    Yields:
        Whether it is to be sent; it has been, otherwise.

    Raises:
        TransientError: Another process is at it.
        ShardlineError: The ETL database cannot be used.
    """
    me = f"{socket.gethostname()[:200]} {os.getpid()} {secrets.token_hex(8)}"
    if not _claim(engine, day, me, seconds):
        if is_sent(engine, day):
            yield False
            return
        raise TransientError(
            "another process is sending the mail", step="it may pass: run it again"
        )
    try:
        yield True
    except BaseException:
        _note(engine, day, me, {"holder": None})
        raise
    _note(engine, day, me, {"sent": moment(engine)})


def _claim(engine: Engine, day: date, me: str, seconds: float) -> bool:
    row = INSERTS[engine.dialect.name](report_mails).values(day=day)
    free = or_(
        report_mails.c.holder.is_(None), report_mails.c.expires <= moment(engine)
    )
    claim = (
        update(report_mails)
        .where(report_mails.c.day == day, report_mails.c.sent.is_(None), free)
        .values(holder=me, expires=moment(engine, timedelta(seconds=seconds)))
    )
    with translated(TOLD), engine.begin() as connection:
        connection.execute(row.on_conflict_do_nothing())
        return connection.execute(claim).rowcount == 1


def _note(engine: Engine, day: date, me: str, values: dict[str, object]) -> None:
    mine = (report_mails.c.day == day) & (report_mails.c.holder == me)
    with translated(TOLD), engine.begin() as connection:
        connection.execute(update(report_mails).where(mine).values(values))
