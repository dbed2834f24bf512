"""Which jobs a chat is told of, and what it shows of each: rows of the ETL database.

What a message shows is written down after it was sent, and a row goes when the end was
told. So whoever is killed, the next one goes on; what was sent last may come again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    String,
    case,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from pipelines.etl_db import (
    database_time,
    etl_db_errors,
    followed_jobs_table,
    jobs_table,
)
from pipelines.jobs import JobState

MOST_AT_ONCE = 30
"""How many changes are told at a time: as many as Telegram takes in a second."""

NEW = "queued 0 0 0 0 0  "
"""What is shown of a job that waits for its first attempt, as `_state` has it."""

UNUSABLE = "the jobs that chats follow cannot be read"

_followed, _jobs = followed_jobs_table.c, jobs_table.c


@dataclass(frozen=True)
class Place:
    """Where a job is shown.

    Attributes:
        chat: Its number.
        topic: The topic of a forum, if it is one.
        asker: Who wanted the job, by their number.
        message: The message that shows it.
    """

    chat: int
    topic: int | None
    asker: int
    message: int


@dataclass(frozen=True)
class FollowedJob:
    """A job whose end a chat is still to be told.

    Attributes:
        number: Of its row.
        job: The number of the job.
        place: Where it is shown.
        state: How the job is.
        is_shown: Whether the message shows that.
        is_over: Whether nothing more becomes of the job by itself.
    """

    number: int
    job: int
    place: Place
    state: str
    is_shown: bool
    is_over: bool


def follow(connection: Connection, job: int, place: Place) -> None:
    """Have a message show a job from now on, and the end told below it.

    Another message of that chat and topic shows it no more.

    Args:
        connection: With an open transaction.
        job: The number of the job.
        place: Where; the message tells that the job is queued.
    """
    same = delete(followed_jobs_table).where(
        _followed.job == job,
        _followed.chat == place.chat,
        _followed.topic.is_not_distinct_from(place.topic),
    )
    connection.execute(same)
    new = insert(followed_jobs_table).values(
        job=job,
        chat=place.chat,
        topic=place.topic,
        asker=place.asker,
        message=place.message,
        shown=NEW,
        touched=database_time(connection.engine),
    )
    connection.execute(new)


def due_changes(engine: Engine, paused: Collection[int] = ()) -> list[FollowedJob]:
    """What is to be told, at most one change a chat: an end, or the longest not shown.

    However many jobs are followed, that is one query.

    Args:
        engine: The ETL database.
        paused: Chats that are left alone for now.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        rows = connection.execute(_changes(paused)).mappings()
        return [_followed_job(row) for row in rows]


def show_as(engine: Engine, followed: FollowedJob, place: Place) -> None:
    """Note what a message shows now.

    Args:
        engine: The ETL database.
        followed: What was told of.
        place: Where that is. If the chat has another number now, all that is followed
            there moves along.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    ours = _followed.number == followed.number
    now = database_time(engine)
    shown = update(followed_jobs_table).where(ours)
    shown = shown.values(message=place.message, shown=followed.state, touched=now)
    with etl_db_errors(UNUSABLE), engine.begin() as connection:
        connection.execute(shown)
        if place.chat != followed.place.chat:
            there = _followed.chat == followed.place.chat
            move = update(followed_jobs_table).where(there).values(chat=place.chat)
            connection.execute(move)


def forget(engine: Engine, followed: FollowedJob) -> None:
    """Follow a job there no more: its end is told, or nobody can be told of it.

    Raises:
        ShardlineError: The ETL database cannot be used.
    """
    gone = delete(followed_jobs_table).where(_followed.number == followed.number)
    with etl_db_errors(UNUSABLE), engine.begin() as connection:
        connection.execute(gone)


def _changes(paused: Collection[int]) -> Select[tuple[object, ...]]:
    state, over = _state(), _is_over()
    is_shown = _followed.shown == state
    place_in_chat = func.row_number().over(
        partition_by=_followed.chat,
        order_by=(case((over, 0), else_=1), _followed.touched, _followed.number),
    )
    changes = (
        select(
            *followed_jobs_table.columns,
            state.label("state"),
            is_shown.label("is_shown"),
            over.label("is_over"),
            place_in_chat.label("place_in_chat"),
        )
        .join(jobs_table, _jobs.number == _followed.job)
        .where(or_(over, ~is_shown), _followed.chat.not_in(paused))
        .subquery()
    )
    return (
        select(*changes.columns)
        .where(changes.c.place_in_chat == 1)
        .order_by(changes.c.touched, changes.c.number)
        .limit(MOST_AT_ONCE)
    )


def _state() -> ColumnElement[str]:
    """All of a job that a message shows, as one text."""
    is_ending = case((_jobs.cancel_asked.is_not(None), "ending"), else_="")
    waits = case((_jobs.not_before.is_not(None), cast(_jobs.exit_code, String)))
    counts = (_jobs.attempt, _jobs.failures, _jobs.done, _jobs.total, _jobs.rows)
    parts = (_jobs.state, *counts, is_ending, func.coalesce(waits, ""))
    text: ColumnElement[str]
    text, *others = (cast(part, String) for part in parts)
    for other in others:
        text = text + " " + other
    return text


def _is_over() -> ColumnElement[bool]:
    return _jobs.state.in_([state.value for state in JobState if state.is_over])


def _followed_job(row: RowMapping) -> FollowedJob:
    place = Place(row["chat"], row["topic"], row["asker"], row["message"])
    return FollowedJob(
        number=row["number"],
        job=row["job"],
        place=place,
        state=row["state"],
        is_shown=bool(row["is_shown"]),
        is_over=bool(row["is_over"]),
    )
