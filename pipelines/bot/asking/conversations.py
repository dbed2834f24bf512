"""What somebody was asked, until they answer: in the ETL database, so that it lasts.

There is one conversation of a person in a place. Each question of it has an id of its
own, so that a button of the one before answers nothing.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    delete,
    insert,
    select,
)

from pipelines.etl_db import (
    CONVERSATIONS_KEPT,
    as_utc,
    conversations_table,
    database_time,
    etl_db_errors,
)
from pipelines.operations import Identity, Unfinished

WAITS = timedelta(minutes=10)
"""How long a question waits for its answer."""

ID_OCTETS = 9
"""72 random bits, which are 12 characters: a button has room for 64."""

UNUSABLE = "the conversations cannot be used"

_rows = conversations_table.c


@dataclass(frozen=True)
class Conversation:
    """What somebody was asked.

    Attributes:
        question: Its id.
        identity: Who was asked.
        place: Where.
        verb: The name of what they wish.
        unfinished: What is known of it, and what was asked for.
        choices: What the buttons of the question stand for.
        is_over: Whether it is too late for the answer.
    """

    question: str
    identity: str
    place: str
    verb: str
    unfinished: Unfinished
    choices: tuple[str, ...] = ()
    is_over: bool = False

    def is_of(self, identity: Identity, place: str) -> bool:
        """Whether it was they who were asked, there."""
        return (self.identity, self.place) == (str(identity), place)


def new_question() -> str:
    """The id of a question to come."""
    return secrets.token_urlsafe(ID_OCTETS)


def find_conversation(
    engine: Engine, identity: Identity, place: str
) -> Conversation | None:
    """What somebody was asked last in a place; None if they were asked nothing.

    Raises:
        ShardlineError: The ETL database cannot be read.
    """
    return _find(engine, _is_of(str(identity), place))


def find_question(engine: Engine, question: str) -> Conversation | None:
    """The conversation whose last question that is, whoever was asked.

    Raises:
        ShardlineError: The ETL database cannot be read.
    """
    return _find(engine, _rows.id == question)


def keep_conversation(connection: Connection, asked: Conversation) -> None:
    """Have it wait for the answer, in place of what the same person was asked there."""
    end_conversation(connection, asked)
    new = insert(conversations_table).values(
        id=asked.question,
        identity=asked.identity,
        place=asked.place,
        verb=asked.verb,
        given=json.dumps(asked.unfinished.given),
        wanted=asked.unfinished.wanted,
        choices=json.dumps(asked.choices),
        expires=database_time(connection.engine, WAITS),
    )
    connection.execute(new)


def end_conversation(connection: Connection, asked: Conversation) -> None:
    """Have it wait no more."""
    which = _is_of(asked.identity, asked.place)
    connection.execute(delete(conversations_table).where(which))


def _is_of(identity: str, place: str) -> ColumnElement[bool]:
    return and_(_rows.identity == identity, _rows.place == place)


def _find(engine: Engine, which: ColumnElement[bool]) -> Conversation | None:
    now = database_time(engine)
    is_known = _rows.expires > database_time(engine, -CONVERSATIONS_KEPT)
    query = select(conversations_table, now.label("now")).where(which, is_known)
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Conversation(
        question=row.id,
        identity=row.identity,
        place=row.place,
        verb=row.verb,
        unfinished=Unfinished(json.loads(row.given), row.wanted),
        choices=tuple(json.loads(row.choices)),
        is_over=as_utc(row.expires) <= as_utc(row.now),
    )
