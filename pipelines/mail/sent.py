"""Which day's mail has been sent: one sender a day, who is known by a lease."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from sqlalchemy import Engine, select, true, update

from pipelines.errors import TransientError
from pipelines.etl_db import (
    database_time,
    etl_db_errors,
    insert_new,
    may_be_alive,
    report_mails_table,
)

SUBJECT = "mail of reports"
"""What alerts of a mail are about."""

POLL = 0.5
"""Seconds between two looks at whether another sender is done."""

UNUSABLE = "the record of the mails cannot be used"


def is_report_mail_sent(engine: Engine, day: date) -> bool:
    """Whether a day's mail has been sent.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    query = select(report_mails_table.c.sent).where(report_mails_table.c.day == day)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return connection.scalar(query) is not None


@contextmanager
def sending_report_mail(engine: Engine, day: date, seconds: float) -> Iterator[bool]:
    """Send a day's mail in the block, which is then written down as sent.

    Waits for another process that is at it. A mail is sent twice only if this process
    dies, or the ETL database goes away, between the server's acceptance and that note.

    Args:
        engine: The ETL database.
        day: Which day.
        seconds: How long others wait for this process, should nobody know whether it
            died in the block.

    Yields:
        Whether it is to be sent; it has been, otherwise.

    Raises:
        TransientError: Others have been at it for too long.
        ShardlineError: The ETL database cannot be used.
    """
    me = f"{socket.gethostname()[:200]} {os.getpid()} {secrets.token_hex(8)}"
    deadline = time.monotonic() + seconds + 2 * POLL
    while not _claim(engine, day, me, seconds):
        if is_report_mail_sent(engine, day):
            yield False
            return
        if time.monotonic() > deadline:
            raise TransientError("other processes are sending it", step="run it again")
        time.sleep(POLL)
    try:
        yield True
    except BaseException:
        _note(engine, day, me, {"holder": None})
        raise
    _note(engine, day, me, {"sent": database_time(engine)})


def _claim(engine: Engine, day: date, me: str, seconds: float) -> bool:
    row = insert_new(engine, report_mails_table).values(day=day)
    look = select(report_mails_table.c.holder).where(report_mails_table.c.day == day)
    with etl_db_errors(UNUSABLE), engine.begin() as connection:
        connection.execute(row)
        holder = connection.scalar(look)
        ended = report_mails_table.c.expires <= database_time(engine)
        free = report_mails_table.c.holder.is_not_distinct_from(holder)
        claim = (
            update(report_mails_table)
            .where(
                report_mails_table.c.day == day,
                report_mails_table.c.sent.is_(None),
                free,
            )
            .where(ended if _may_be_alive(holder) else true())
            .values(
                holder=me, expires=database_time(engine, timedelta(seconds=seconds))
            )
        )
        return connection.execute(claim).rowcount == 1


def _may_be_alive(holder: str | None) -> bool:
    if holder is None:
        return False
    host, pid, _ = holder.rsplit(" ", 2)
    return may_be_alive(host, int(pid))


def _note(engine: Engine, day: date, me: str, values: dict[str, object]) -> None:
    mine = (report_mails_table.c.day == day) & (report_mails_table.c.holder == me)
    with etl_db_errors(UNUSABLE), engine.begin() as connection:
        connection.execute(update(report_mails_table).where(mine).values(values))
