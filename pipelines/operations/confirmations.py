"""Confirmation: a plan that was shown is carried out if the one who asked agrees.

An answer counts from the same person, in the same place, once, in time, and while the
plan is still what was shown.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from sqlalchemy import ColumnElement, Connection, Engine, and_, insert, select, update

from pipelines.etl_db import confirmations_table, database_time, etl_db_errors
from pipelines.operations.access.callers import Caller

VALID = timedelta(minutes=2)
"""How long a plan waits for its confirmation."""

ID_OCTETS = 9
"""72 random bits, which are 12 characters: a button of Telegram's has room for 64."""

UNUSABLE = "the confirmations cannot be used"


class Agreement(Enum):
    """What a confirmation comes to."""

    CONFIRMED = "confirmed"
    """Do it."""
    PLAN_CHANGED = "the plan has changed"
    """Show the new plan, and ask anew."""
    REFUSED = "refused"
    """By somebody else, elsewhere, a second time, too late, or never asked."""


@dataclass(frozen=True)
class Asked:
    """What somebody was asked to confirm.

    Attributes:
        verb: What would be done.
        arguments: To what, as it was given to `ask`.
    """

    verb: str
    arguments: str


def ask(
    connection: Connection, caller: Caller, place: str, what: Asked, digest: str
) -> str:
    """Write down what somebody is asked to confirm.

    Args:
        connection: With an open transaction.
        caller: Who is asked.
        place: Where.
        what: What would be done.
        digest: Of the plan that is shown to them.

    Returns:
        Twelve characters that go with the question, for `confirm`.
    """
    number = secrets.token_urlsafe(ID_OCTETS)
    new = insert(confirmations_table).values(
        id=number,
        identity=str(caller.identity),
        place=place,
        verb=what.verb,
        arguments=what.arguments,
        plan_digest=digest,
        expires=database_time(connection.engine, VALID),
    )
    connection.execute(new)
    return number


def asked(engine: Engine, number: str, caller: Caller, place: str) -> Asked | None:
    """What somebody may still confirm there, to make its plan anew; else None.

    Raises:
        ShardlineError: The ETL database cannot be read.
    """
    rows = confirmations_table.c
    query = select(rows.verb, rows.arguments).where(
        _valid(engine, number, caller, place)
    )
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    return row and Asked(row.verb, row.arguments)


def confirm(
    connection: Connection,
    number: str,
    caller: Caller,
    place: str,
    digest_now: str,
    *,
    late: timedelta = timedelta(0),
) -> Agreement:
    """Take an answer; whatever comes of it, it was the only one if that is committed.

    Args:
        connection: With an open transaction, that of what is confirmed.
        number: What `ask` gave.
        caller: Who answers.
        place: Where.
        digest_now: Of the plan as it would be now.
        late: How long ago the answer may have come: the plan was made since then.
    """
    engine = connection.engine
    taken = (
        update(confirmations_table)
        .where(_valid(engine, number, caller, place, late))
        .values(used=database_time(engine))
        .returning(confirmations_table.c.plan_digest)
    )
    shown = connection.scalars(taken).one_or_none()
    if shown is None:
        return Agreement.REFUSED
    return Agreement.CONFIRMED if shown == digest_now else Agreement.PLAN_CHANGED


def decline(connection: Connection, number: str, caller: Caller, place: str) -> bool:
    """Take a question back, so that nobody can confirm it any more.

    Args:
        connection: With an open transaction.
        number: What `ask` gave.
        caller: Who declines.
        place: Where.

    Returns:
        Whether it waited for an answer of theirs there.
    """
    engine = connection.engine
    taken = (
        update(confirmations_table)
        .where(_valid(engine, number, caller, place))
        .values(used=database_time(engine))
    )
    return connection.execute(taken).rowcount == 1


def _valid(
    engine: Engine,
    number: str,
    caller: Caller,
    place: str,
    late: timedelta = timedelta(0),
) -> ColumnElement[bool]:
    rows = confirmations_table.c
    return and_(
        rows.id == number,
        rows.identity == str(caller.identity),
        rows.place == place,
        rows.used.is_(None),
        rows.expires > database_time(engine, -late),
    )
