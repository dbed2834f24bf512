"""The bot's durable inbox: whoever is killed, no update is lost or carried out twice.

An update waits, is being answered, is answered but its reply not sent, and is over.
What somebody asks for is done by the commit that makes its update answered. So a deed
is never done twice; a reply may come twice, if its sender dies before it can say that
it was sent.

What is here tells nobody which offset to ask Telegram with. After a week without
updates Telegram chooses their ids anew, perhaps lower ones, and with an offset from
before it would keep them for ever. So a poller begins without an offset, and asks with
the one behind a batch only right after `accept` has returned for that batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from pipelines.bot.updates import (
    MOST_REPLY,
    HeldUpdate,
    Update,
    held_update,
    new_row,
    text_of,
)
from pipelines.errors import TransientError
from pipelines.etl_db import (
    UPDATES_KEPT,
    as_utc,
    database_time,
    etl_db_errors,
    updates_table,
)
from pipelines.operations import UndoneError

MOST_OCTETS = 16 * 1024 * 1024
"""Octets of all the bodies that may wait."""

MOST_UPDATES = 10_000
"""How many updates may wait."""

ARRIVALS = 0x7570_6461
"""The number of PostgreSQL's advisory lock that one poller holds while it accepts."""

UNUSABLE = "the inbox of the bot cannot be used"

_updates = updates_table.c


class InboxFullError(TransientError):
    """Nothing of a batch was accepted; Telegram keeps it while it is not confirmed."""


class LostUpdateError(UndoneError):
    """An update is another worker's by now, or is answered: undo what was done for it.

    It is none of the errors that are told to people, so nobody who answers with those
    takes it for an answer.
    """


@dataclass(frozen=True)
class InboxFigures:
    """How the inbox is.

    Attributes:
        waiting: How many updates are not over.
        oldest: Seconds since the oldest of them was accepted; 0 if there is none.
    """

    waiting: int
    oldest: float


def accept(engine: Engine, updates: Sequence[Update]) -> int:
    """Take a batch by one commit; only after that may Telegram be told to forget it.

    Args:
        engine: The ETL database.
        updates: In the order in which they came. What is known already is ignored.

    Returns:
        How many were new.

    Raises:
        InboxFullError: Too much waits to take all of them.
        ShardlineError: The ETL database cannot be used.
    """
    if not updates:
        return 0
    with etl_db_errors(UNUSABLE), _arrival(engine) as connection:
        known = _known(engine, connection, [one.update_id for one in updates])
        new = {one.update_id: one for one in updates if one.update_id not in known}
        if new:
            added = insert(updates_table).values(accepted=database_time(engine))
            connection.execute(added, [new_row(one) for one in new.values()])
            _check_room(connection)
    return len(new)


def claim(engine: Engine, worker: str, lease: float) -> HeldUpdate | None:
    """Take the oldest update whose turn it is: it is the first of its chat.

    Whatever its lease and its reply, an update that is not over keeps the later ones of
    its chat waiting.

    Args:
        engine: The ETL database.
        worker: Who takes it; to be told from everybody else.
        lease: Seconds that it is the worker's, unless that renews it.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    with etl_db_errors(UNUSABLE):
        if not _is_anything_to_do(engine):  # nobody has to wait for that
            return None
        with engine.begin() as connection:
            _begin_writing(connection)
            return _take(engine, connection, worker, lease)


def renew(engine: Engine, held: HeldUpdate, lease: float) -> bool:
    """Hold an update for `lease` seconds from now on; with 0, leave it to others.

    Returns:
        Whether it was still this worker's.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    until = database_time(engine, timedelta(seconds=lease))
    with etl_db_errors(UNUSABLE), engine.begin() as connection:
        return _change(connection, _is_held(held), lease=until)


def finish(connection: Connection, held: HeldUpdate, reply: Mapping[str, Any]) -> None:
    """Make an update answered, by the commit of what it asks for.

    Args:
        connection: With the transaction in which that is done.
        held: As it was claimed.
        reply: What is to be sent. If it is longer than `MOST_REPLY`, who has to send
            it again finds that it is not there.

    Raises:
        LostUpdateError: The transaction has to be rolled back.
    """
    is_ours = and_(_is_held(held), _updates.answered.is_(None))
    is_changed = _change(
        connection,
        is_ours,
        answered=database_time(connection.engine),
        reply=text_of(reply, MOST_REPLY),
        body=None,
        size=0,
    )
    if not is_changed:
        raise LostUpdateError(held.number)


def sent(engine: Engine, held: HeldUpdate) -> bool:
    """End an update, since its reply was sent, or never can be.

    Returns:
        Whether it was still this worker's to send; if not, another sends it again.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    is_ours = and_(_is_held(held), _updates.answered.is_not(None))
    with etl_db_errors(UNUSABLE), engine.begin() as connection:
        now = database_time(engine)
        return _change(connection, is_ours, ended=now, reply=None, lease=None)


def figures(engine: Engine) -> InboxFigures:
    """How the inbox is.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    is_open = _updates.ended.is_(None)
    count = select(func.count()).where(is_open)
    oldest = select(database_time(engine), _updates.accepted).where(is_open)
    oldest = oldest.order_by(*_oldest_first(updates_table)).limit(1)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        waiting = connection.scalars(count).one()
        first = connection.execute(oldest).one_or_none()
    age = (as_utc(first[0]) - as_utc(first[1])).total_seconds() if first else 0.0
    return InboxFigures(waiting, max(age, 0.0))


@contextmanager
def _arrival(engine: Engine) -> Iterator[Connection]:
    """A transaction beside which nobody else accepts.

    So updates are committed in the order of their numbers, and within the bounds.
    """
    with engine.connect() as connection, _durable(connection), connection.begin():
        _begin_writing(connection)
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(ARRIVALS)))
        yield connection


@contextmanager
def _durable(connection: Connection) -> Iterator[None]:
    """Have what is committed outlive the machine's power, as on PostgreSQL it does.

    What else is in an SQLite file can do without: the update is there to do it again.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    _synchronize(connection, "FULL")
    try:
        yield
    finally:
        _synchronize(connection, "NORMAL")


def _synchronize(connection: Connection, level: str) -> None:
    connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.commit()


def _begin_writing(connection: Connection) -> None:
    """Wait for other writers now, while that is possible still: SQLite has one."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _known(engine: Engine, connection: Connection, ids: list[int]) -> set[int]:
    """Which of the ids have come already.

    Those of what is long over are free again: Telegram may choose them anew.
    """
    is_named = _updates.update_id.in_(ids)
    is_long_over = _updates.ended <= database_time(engine, -UPDATES_KEPT)
    connection.execute(delete(updates_table).where(is_named, is_long_over))
    return set(connection.scalars(select(_updates.update_id).where(is_named)))


def _check_room(connection: Connection) -> None:
    size = func.coalesce(func.sum(_updates.size), 0)
    look = select(func.count(), size).where(_updates.ended.is_(None))
    count, octets = connection.execute(look).one()
    if count > MOST_UPDATES or octets > MOST_OCTETS:
        raise InboxFullError("the inbox of the bot is full")


def _is_anything_to_do(engine: Engine) -> bool:
    look = _whose_turn(engine)
    with engine.connect() as connection:
        return connection.scalar(look) is not None


def _take(
    engine: Engine, connection: Connection, worker: str, lease: float
) -> HeldUpdate | None:
    """By one statement, so that whatever happens, an update is one worker's."""
    whose_turn = _whose_turn(engine).with_for_update(skip_locked=True)
    taken = connection.execute(
        update(updates_table)
        .where(_updates.number == whose_turn.scalar_subquery())
        .values(
            worker=worker,
            attempt=_updates.attempt + 1,
            lease=database_time(engine, timedelta(seconds=lease)),
        )
        .returning(*updates_table.columns)
    )
    row = taken.mappings().one_or_none()
    return held_update(row) if row else None


def _whose_turn(engine: Engine) -> Select[tuple[int]]:
    one, earlier, held = map(updates_table.alias, ("one", "earlier", "held"))
    now = database_time(engine)
    is_free = or_(one.c.lease.is_(None), one.c.lease <= now)
    is_behind = exists().where(
        earlier.c.chat == one.c.chat,
        earlier.c.number < one.c.number,
        earlier.c.ended.is_(None),
    )
    # Says nothing new, but spares looking for the first of each that waits there.
    busy = select(held.c.chat).where(held.c.lease.is_not(None), held.c.lease > now)
    return (
        select(one.c.number)
        .where(one.c.ended.is_(None), one.c.chat.not_in(busy), is_free, not_(is_behind))
        .order_by(*_oldest_first(one))
        .limit(1)
    )


def _oldest_first(table: FromClause) -> Iterable[ColumnElement[Any]]:
    """The order of what is not over, as an index of all has it.

    By the number alone, SQLite would go through the table, where all that is over
    comes first.
    """
    return table.c.ended, table.c.number


def _is_held(held: HeldUpdate) -> ColumnElement[bool]:
    """Whether an update is still whose it was when it was claimed."""
    return and_(
        _updates.number == held.number,
        _updates.worker == held.worker,
        _updates.attempt == held.attempt,
        _updates.ended.is_(None),
    )


def _change(connection: Connection, which: ColumnElement[bool], **values: Any) -> bool:  # noqa: ANN401 - of columns
    """Whether there was such an update."""
    change = update(updates_table).where(which).values(**values)
    return connection.execute(change).rowcount == 1
