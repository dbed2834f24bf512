"""What is told where besides the configured chats: subscriptions to incidents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine, Select, delete, or_, select

from pipelines.alerts.incidents import UNUSABLE
from pipelines.errors import ConfigurationError
from pipelines.etl_db import (
    alerts_table,
    as_utc,
    database_time,
    etl_db_errors,
    insert_new,
    subscriber_receipts_table,
    subscriptions_table,
)

EVERYTHING = ""
"""The subject of who wants to hear of all."""

GENERAL = "1"
"""The topic of a forum that has no thread: what is sent without one goes there."""

_PLACE = re.compile(r"telegram:(-?[1-9][0-9]{0,18})(?:/([1-9][0-9]{0,18}))?", re.ASCII)


class Topic(StrEnum):
    """What can be subscribed to."""

    INCIDENTS = "incidents"


@dataclass(frozen=True)
class Subscription:
    """A row of the subscriptions; the attributes are its columns.

    Attributes:
        place: Where it is told, such as ``telegram:-1001234567890/5``.
        topic: What is told.
        subject: Of which table or report; of all if it is empty.
        identity: Who wished so.
        added: When.
    """

    place: str
    topic: Topic
    subject: str
    identity: str
    added: datetime


def subscribe(
    connection: Connection, place: str, topic: Topic, subject: str, identity: str
) -> None:
    """Have something told at a place, from its next change on.

    What is subscribed to already stays as it is.

    Args:
        connection: With an open transaction.
        place: ``telegram:CHAT``, or ``telegram:CHAT/TOPIC`` for a topic of a forum,
            with the numbers of both.
        topic: What.
        subject: Of which table or report; of all if it is empty.
        identity: Who wishes so.

    Raises:
        ConfigurationError: Nothing can be told at such a place.
    """
    new = insert_new(connection.engine, subscriptions_table).values(
        place=_proper(place),
        topic=topic.value,
        subject=subject,
        identity=identity,
        added=database_time(connection.engine),
    )
    connection.execute(new)


def unsubscribe(connection: Connection, place: str, topic: Topic, subject: str) -> None:
    """Have something told at a place no more, not even by an edit.

    Args:
        connection: With an open transaction.
        place: As it was given to `subscribe`.
        topic: What.
        subject: Of which table or report; that of all does not end those of one.

    Raises:
        ConfigurationError: There is no such subscription.
    """
    proper = _proper(place)
    gone = delete(subscriptions_table).where(
        subscriptions_table.c.place == proper,
        subscriptions_table.c.topic == topic.value,
        subscriptions_table.c.subject == subject,
    )
    if not connection.execute(gone).rowcount:
        what = f"{topic.value} of {subject}" if subject else f"all {topic.value}"
        raise ConfigurationError(
            f"{proper} has no subscription to {what}",
            step="list the subscriptions of that place",
        )


def list_subscriptions(engine: Engine, place: str | None = None) -> list[Subscription]:
    """The subscriptions, oldest first: of one place, or all.

    Raises:
        ShardlineError: The ETL database cannot be used, or there is no such place.
    """
    columns = (subscriptions_table.c[n] for n in Subscription.__dataclass_fields__)
    query = select(*columns).order_by(subscriptions_table.c.number)
    if place is not None:
        query = query.where(subscriptions_table.c.place == _proper(place))
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return [
            Subscription(
                place=row["place"],
                topic=Topic(row["topic"]),
                subject=row["subject"],
                identity=row["identity"],
                added=as_utc(row["added"]),
            )
            for row in connection.execute(query).mappings()
        ]


def move_places(connection: Connection, chat: int, new: int) -> None:
    """Have told at a chat's new id what was told at the old one, topic by topic.

    Args:
        connection: With an open transaction.
        chat: The group that has become a supergroup.
        new: That one's id.
    """
    for table in (subscriptions_table, subscriber_receipts_table):
        place = table.c.place
        old = f"telegram:{chat}"
        is_there = or_(place == old, place.startswith(f"{old}/", autoescape=True))
        rows = connection.execute(select(table).where(is_there)).mappings().all()
        connection.execute(delete(table).where(is_there))
        for row in rows:
            moved = {
                **row,
                "place": row["place"].replace(old, f"telegram:{new}", 1),
            }
            moved.pop("number", None)  # its own, in the order in which they came
            connection.execute(insert_new(connection.engine, table).values(moved))


def places_of_incident(number: int) -> Select[tuple[str]]:
    """Where an incident is told besides the configured chats, each place once."""
    subjects = select(alerts_table.c.subject).where(
        alerts_table.c.incident == number, alerts_table.c.subject.is_not(None)
    )
    wanted = subscriptions_table.c
    return (
        select(wanted.place)
        .where(
            wanted.topic == Topic.INCIDENTS.value,
            or_(wanted.subject == EVERYTHING, wanted.subject.in_(subjects)),
        )
        .distinct()
    )


def _proper(place: str) -> str:
    """The one form of a place.

    Raises:
        ConfigurationError: It is none where something can be told.
    """
    found = _PLACE.fullmatch(place)
    if found is None:
        raise ConfigurationError(
            f"nothing can be told at {place!r}",
            step="subscribe from a chat, or name one as telegram:CHAT or"
            " telegram:CHAT/TOPIC, by their numbers",
        )
    chat, thread = found.groups()
    return f"telegram:{chat}" if thread in {None, GENERAL} else place
