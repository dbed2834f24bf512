"""The audit: who wished what, from where, whether they might, and how it ended.

A row that was written is never changed. So how a wish ended is a row of its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection, Engine, insert

from pipelines.errors import one_line
from pipelines.etl_db import (
    AUDIT_LENGTH,
    audit_table,
    database_time,
    etl_db_errors,
    insert_new,
)
from pipelines.operations.access.callers import Caller
from pipelines.text import cut_line

UNUSABLE = "the audit cannot be written"
LONGEST_NAME = 250
LONGEST_VERB = 64


class Ending(StrEnum):
    """How a wish ended that was allowed."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """By a signal, or because somebody wished so."""


@dataclass(frozen=True)
class Wish:
    """What somebody wishes to be done.

    Attributes:
        caller: Who wishes it.
        place: From where: a terminal, a chat, a page.
        verb: What is to be done.
        arguments: To what, in words.
        allowed: Whether they may.
        plan: What it would do, in a line, as it was shown.
        plan_digest: Of the whole plan.
        detail: Why it was refused.
    """

    caller: Caller
    place: str
    verb: str
    arguments: str = ""
    allowed: bool = True
    plan: str = ""
    plan_digest: str = ""
    detail: str = ""


def digest_of(plan: str) -> str:
    """What a plan is told by."""
    return hashlib.sha256(plan.encode("utf-8", "surrogatepass")).hexdigest()


def record_wish(connection: Connection, wish: Wish) -> int:
    """Write that somebody wishes something, in a transaction that is open.

    So what comes of it, such as a job, can be one commit with it.

    Returns:
        The number of the row, for `record_end`.
    """
    row = {
        "who": _bounded(wish.caller.who, LONGEST_NAME),
        "identity": _bounded(str(wish.caller.identity), LONGEST_NAME),
        "place": _bounded(wish.place, LONGEST_NAME),
        "verb": _bounded(wish.verb, LONGEST_VERB),
        "arguments": _bounded(wish.arguments),
        "allowed": wish.allowed,
        "plan": _bounded(wish.plan),
        "plan_digest": wish.plan_digest or None,
        "detail": _bounded(wish.detail),
    }
    new = insert(audit_table).values(moment=database_time(connection.engine), **row)
    number: int = connection.scalars(new.returning(audit_table.c.number)).one()
    return number


def record_end(
    connection: Connection, number: int, ending: Ending, detail: str = ""
) -> None:
    """Write how a wish ended; of several endings the first one stays.

    Args:
        connection: With an open transaction.
        number: Of the wish.
        ending: How it ended.
        detail: What else there is to tell of it.
    """
    new = insert_new(connection.engine, audit_table).values(
        of=number,
        moment=database_time(connection.engine),
        ending=ending.value,
        detail=_bounded(detail),
    )
    connection.execute(new)


def record_refusal(engine: Engine, wish: Wish, why: str) -> None:
    """Write that a wish was refused, by a commit of its own.

    Raises:
        ShardlineError: The ETL database does not take it.
    """
    with etl_db_errors(UNUSABLE), engine.begin() as connection:
        record_wish(connection, replace(wish, allowed=False, detail=why))


def _bounded(text: str, most: int = AUDIT_LENGTH) -> str:
    """One line without secrets and hidden characters, no longer than the column."""
    return cut_line(one_line(text), most)
