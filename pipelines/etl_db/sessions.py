"""The session log: every attempt to load something is one row in the ETL database."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from types import TracebackType
from typing import Self

from pydantic import SecretStr
from sqlalchemy import (
    ColumnElement,
    Engine,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)

from pipelines.catalog import Partition, Report
from pipelines.errors import (
    ShardlineError,
    TransientError,
    UnknownOutcomeError,
    one_line,
)
from pipelines.etl_db.database import as_utc, database_time, etl_engine
from pipelines.etl_db.errors import etl_db_errors
from pipelines.etl_db.session_lease import LEASE, renewing
from pipelines.etl_db.tables import COMMENT_LENGTH, sessions_table
from pipelines.runtime import retrying, stopper

logger = logging.getLogger(__name__)

UNREAD = "the session log cannot be read"
UNWRITTEN = "the session log cannot be written"

MOST_IDS = 10_000
"""How many ids one statement has at most; databases take so many and no more."""

WRITES = 4
"""How often a row that is there is written when what failed may pass."""


class Outcome(StrEnum):
    """How an attempt ended."""

    LOADED = "loaded"
    """Its rows and their marker are in the warehouse."""
    SKIPPED = "skipped"
    """The day has no rows; its marker says so."""
    PRESENT = "present"
    """Another attempt's marker was there already."""
    FAILED = "failed"
    """An error ended it; nothing of it is in the warehouse."""
    LOST = "lost"
    """Its process died; nothing of it is in the warehouse."""


LOADS = (Outcome.LOADED.value, Outcome.SKIPPED.value)
"""Those of which the day's marker is."""


def new_id() -> int:
    """An id that no other database, container or run uses: 1 to 2**63 - 1, random."""
    return secrets.randbelow(2**63 - 1) + 1


class Session:
    """One attempt, from `with` to its end; its id is the rows' ``etl_id``.

    An attempt that ends without an outcome has failed. Should the log itself fail at
    the end, the load stands, since the marker is the truth; the row stays open and is
    closed from the marker later.

    Attributes:
        id: A unique 63-bit integer.
        engine: The ETL database.
        outcome: How it ended; set by whoever does the work.
        rows: How many rows it loaded.
        row: What the log has of it from its start.
    """

    def __init__(
        self,
        engine: Engine,
        task_name: str,
        *,
        partition: Partition | None = None,
        report: tuple[Report, date] | None = None,
        attempt: int = 1,
    ) -> None:
        """Prepare an attempt.

        Args:
            engine: The ETL database.
            task_name: What is attempted, as Luigi calls it.
            partition: Which partition is loaded, if one is.
            report: Which report is refreshed for which day, if one is.
            attempt: Which attempt of this run it is, from 1.
        """
        self.id = new_id()
        self.outcome = Outcome.FAILED
        self.rows: int | None = None
        self.engine = engine
        self.row = {
            "id": self.id,
            "task_name": task_name,
            "target_table": None,
            "shard": None,
            "day": None,
            "attempt": attempt,
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        if partition:
            table, shard, day = partition.table, partition.shard.name, partition.day
            self.row.update(target_table=table.target, shard=shard, day=day)
        if report:
            self.row.update(target_table=report[0].target, day=report[1])
        self._together = sessions_together(engine, [self])

    def __enter__(self) -> Self:
        """Open the row.

        Raises:
            TransientError: The ETL database does not take it now; nothing was started.
            ConfigurationError: It will not until someone corrects it.
        """
        self._together.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the row, unless nobody knows yet how the attempt ended."""
        self._together.__exit__(kind, error, traceback)


@contextmanager
def sessions_together(engine: Engine, attempts: Sequence[Session]) -> Iterator[None]:
    """Open the rows of several attempts at once, and close them so at the end.

    In between, others can see that this process is at work on them. Should the block
    raise, those fail whose outcome nobody has set by then.

    Raises:
        TransientError: The ETL database does not take them now; nothing was started.
        ConfigurationError: It will not until someone corrects it.
    """
    is_open = False
    try:
        # A signal in the middle of it would leave rows that nobody closes.
        with stopper().shielded():
            _open(engine, attempts)
            is_open = True
        stopper().check()
        with renewing(lambda: _renew(engine, attempts)):
            yield
    except BaseException as error:
        if is_open:
            _close(engine, attempts, error)
        raise
    _close(engine, attempts, None)


def _open(engine: Engine, attempts: Sequence[Session]) -> None:
    rows = [one.row for one in attempts]
    opened = insert(sessions_table).values(
        started=database_time(engine), lease=database_time(engine, LEASE)
    )
    with etl_db_errors(UNWRITTEN), engine.begin() as connection:
        connection.execute(opened, rows)


def _renew(engine: Engine, attempts: Sequence[Session]) -> None:
    ids = [one.id for one in attempts]
    still_open = sessions_table.c.id.in_(ids) & sessions_table.c.finished.is_(None)
    renewal = update(sessions_table).where(still_open)
    with etl_db_errors(UNWRITTEN), engine.begin() as connection:
        connection.execute(renewal.values(lease=database_time(engine, LEASE)))


def _close(
    engine: Engine, attempts: Sequence[Session], error: BaseException | None
) -> None:
    """Close the rows, but for those of which nobody knows yet how they ended."""
    comment = str(error) or type(error).__name__ if error else None
    unknown = isinstance(error, UnknownOutcomeError)
    endings = [
        {
            "session": one.id,
            "outcome": one.outcome.value,
            "loaded_rows": one.rows,
            "comment": _shortened(comment) if one.outcome is Outcome.FAILED else None,
        }
        for one in attempts
        if not (unknown and one.outcome is Outcome.FAILED)
    ]
    if not endings:
        return
    change = (
        update(sessions_table)
        .where(sessions_table.c.id == bindparam("session"))
        .values(
            finished=database_time(engine),
            outcome=bindparam("outcome"),
            loaded_rows=bindparam("loaded_rows"),
            comment=bindparam("comment"),
        )
    )
    try:
        _write(engine, change, endings)
    except ShardlineError as failure:
        for one in attempts:
            logger.warning(
                "session %d (%s) stays open in the log: %s",
                one.id,
                one.outcome,
                failure,
            )


def confirm_session(engine: Engine, session_id: int, rows: int) -> None:
    """Write that a session's marker is there, should the log say otherwise.

    So it is when the process died, or lost its link, after the commit had reached the
    warehouse. A log that cannot be written is not worth a failure: it is logged.
    """
    outcome = Outcome.LOADED if rows else Outcome.SKIPPED
    correction = (
        update(sessions_table)
        .where(
            sessions_table.c.id == session_id,
            sessions_table.c.outcome.is_(None)
            | sessions_table.c.outcome.in_([Outcome.FAILED, Outcome.LOST]),
        )
        .values(
            finished=func.coalesce(sessions_table.c.finished, database_time(engine)),
            outcome=outcome.value,
            loaded_rows=rows,
        )
    )
    try:
        _write(engine, correction)
    except ShardlineError as failure:
        logger.warning("session %d cannot be corrected: %s", session_id, failure)


def expected_rows(database: SecretStr, partition: Partition) -> int:
    """How many rows the shard's latest load had; 0 if none is known.

    A log that cannot be read is not worth a failure: whoever writes it next tells.
    """
    query = (
        select(sessions_table.c.loaded_rows)
        .where(
            sessions_table.c.target_table == partition.table.target,
            sessions_table.c.shard == partition.shard.name,
            sessions_table.c.outcome == Outcome.LOADED.value,
        )
        .order_by(sessions_table.c.started.desc())
        .limit(1)
    )
    try:
        with etl_db_errors(UNREAD), etl_engine(database).connect() as connection:
            return connection.scalar(query) or 0
    except ShardlineError as failure:
        logger.info("%s", failure)
        return 0


def latest_session(engine: Engine, target: str, day: date, shard: str) -> int | None:
    """The id of the latest attempt at a partition, if there was one.

    Raises:
        ShardlineError: The log cannot be read.
    """
    query = (
        select(sessions_table.c.id)
        .where(
            sessions_table.c.target_table == target,
            sessions_table.c.day == day,
            sessions_table.c.shard == shard,
        )
        .order_by(sessions_table.c.started.desc())
        .limit(1)
    )
    with etl_db_errors(UNREAD), engine.connect() as connection:
        return connection.scalar(query)


def has_begun_since(engine: Engine, session_id: int, moment: datetime) -> bool:
    """Whether an attempt began at some moment or later; no if the log lacks it.

    Raises:
        ShardlineError: The log cannot be read.
    """
    since = sessions_table.c.started >= moment
    return _has_one(engine, sessions_table.c.id == session_id, since)


def session_starts(engine: Engine, ids: Collection[int]) -> dict[int, datetime]:
    """When attempts began, by their numbers; of those that the log has.

    Raises:
        ShardlineError: The log cannot be read.
    """
    columns = sessions_table.c.id, sessions_table.c.started
    those, found = list(ids), dict[int, datetime]()
    with etl_db_errors(UNREAD), engine.connect() as connection:
        for at in range(0, len(those), MOST_IDS):
            some = sessions_table.c.id.in_(those[at : at + MOST_IDS])
            for number, started in connection.execute(select(*columns).where(some)):
                found[number] = as_utc(started)
    return found


def has_ended_since(engine: Engine, session_id: int, moment: datetime) -> bool:
    """Whether an attempt ended at some moment or later; no if the log lacks it.

    Raises:
        ShardlineError: The log cannot be read.
    """
    since = sessions_table.c.finished >= moment
    return _has_one(engine, sessions_table.c.id == session_id, since)


def was_loaded_before(
    engine: Engine, target: str, day: date, shard: str | None, moment: datetime
) -> bool:
    """Whether something had brought a partition, or a report, before some moment.

    Raises:
        ShardlineError: The log cannot be read.
    """
    return _has_one(
        engine,
        sessions_table.c.target_table == target,
        sessions_table.c.day == day,
        sessions_table.c.shard.is_not_distinct_from(shard),
        sessions_table.c.finished < moment,
        sessions_table.c.outcome.in_(LOADS),
    )


def _has_one(engine: Engine, *conditions: ColumnElement[bool]) -> bool:
    """Whether the log has an attempt of which all that is true."""
    query = select(sessions_table.c.id).where(*conditions).limit(1)
    with etl_db_errors(UNREAD), engine.connect() as connection:
        return connection.scalar(query) is not None


def mark_session_lost(engine: Engine, session_id: int) -> None:
    """Write that a session was lost, unless it has ended in the meantime.

    Raises:
        ShardlineError: The log cannot be written.
    """
    _write(
        engine,
        update(sessions_table)
        .where(sessions_table.c.id == session_id, sessions_table.c.finished.is_(None))
        .values(
            finished=database_time(engine),
            outcome=Outcome.LOST.value,
            comment="its process ended without a word",
        ),
    )


def _shortened(comment: str | None) -> str | None:
    return one_line(comment)[:COMMENT_LENGTH] if comment else None


def _write(
    engine: Engine, change: Update, values: Sequence[Mapping[str, object]] | None = None
) -> None:
    """Carry out a change, again if need be: each may happen twice with one effect."""
    for attempt in retrying(
        TransientError, attempts=WRITES, backoff=0.5, backoff_max=4
    ):
        with attempt, etl_db_errors(UNWRITTEN), engine.begin() as connection:
            connection.execute(change, values)
