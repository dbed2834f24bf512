"""People: a name, a role, and the identities by which each is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, select, update

from pipelines.errors import ConfigurationError
from pipelines.etl_db import (
    as_utc,
    confirmations_table,
    conversations_table,
    database_time,
    etl_db_errors,
    followed_jobs_table,
    identities_table,
    invitations_table,
    people_table,
    subscriptions_table,
)
from pipelines.operations.access.identities import Identity, IdentityKind
from pipelines.operations.access.roles import Role

LONGEST_NAME = 100


@dataclass(frozen=True)
class Person:
    """A person.

    Attributes:
        name: What commands and the audit call them.
        role: What they are, or were before they were revoked.
        identities: By what they are known; none before an invitation is accepted.
        invited_until: When the last invitation expires that is open; None without one.
        revoked: Since when they may do nothing; None if they may.
    """

    name: str
    role: Role
    identities: tuple[Identity, ...]
    invited_until: datetime | None
    revoked: datetime | None


def check_name(name: str) -> None:
    """Refuse what cannot be read, or be taken for an identity.

    Raises:
        ConfigurationError: It is no name.
    """
    is_clean = name.isprintable() and name == " ".join(name.split())
    if not (0 < len(name) <= LONGEST_NAME and is_clean and ":" not in name):
        raise ConfigurationError(
            f"{name!r} is no name for a person",
            step=f"take 1 to {LONGEST_NAME} visible characters without a colon",
        )


def list_people(engine: Engine) -> list[Person]:
    """All who were ever invited, by name.

    Raises:
        ShardlineError: The ETL database cannot be read.
    """
    people, offers = people_table.c, invitations_table.c
    until = (
        select(func.max(offers.expires))
        .where(
            offers.person == people.number,
            offers.used.is_(None),
            offers.expires > database_time(engine),
        )
        .scalar_subquery()
    )
    query = select(people_table, until.label("until")).order_by(people.name)
    with etl_db_errors("the people cannot be read"), engine.connect() as connection:
        known = _identities(connection)
        return [
            Person(
                row.name,
                Role(row.role),
                tuple(known.get(row.number, ())),
                row.until and as_utc(row.until),
                row.revoked and as_utc(row.revoked),
            )
            for row in connection.execute(query)
        ]


def find_person(engine: Engine, name: str) -> Person:
    """One of the people who were not revoked.

    Raises:
        ConfigurationError: There is nobody of that name, or they were revoked.
        ShardlineError: The ETL database cannot be read.
    """
    for person in list_people(engine):
        if person.name == name and person.revoked is None:
            return person
    raise _unknown(name)


def change_role(connection: Connection, name: str, role: Role) -> None:
    """Give a person another role, from the next wish on.

    Raises:
        ConfigurationError: There is nobody of that name, or they were revoked.
    """
    change = (
        update(people_table)
        .where(people_table.c.name == name, people_table.c.revoked.is_(None))
        .values(role=role.value, changed=database_time(connection.engine))
    )
    if connection.execute(change).rowcount != 1:
        raise _unknown(name)


def revoke(connection: Connection, name: str) -> None:
    """Have a person do nothing any more, from now on.

    Identities, open invitations, open questions and what is told in their own chat go,
    so that nothing of them comes back if the person is invited again.

    Raises:
        ConfigurationError: There is nobody of that name, or they were revoked.
    """
    now = database_time(connection.engine)
    # The person's row first, as whoever invites or accepts takes it first, too.
    change = (
        update(people_table)
        .where(people_table.c.name == name, people_table.c.revoked.is_(None))
        .values(revoked=now, changed=now)
        .returning(people_table.c.number)
    )
    number = connection.scalars(change).one_or_none()
    if number is None:
        raise _unknown(name)
    of_person = identities_table.c.person == number
    gone = (
        delete(identities_table)
        .where(of_person)
        .returning(identities_table.c.kind, identities_table.c.subject)
    )
    _forget(
        connection, [Identity(IdentityKind(k), s) for k, s in connection.execute(gone)]
    )
    still_open = invitations_table.c.used.is_(None)
    connection.execute(
        delete(invitations_table).where(
            invitations_table.c.person == number, still_open
        )
    )


def _forget(connection: Connection, gone: Sequence[Identity]) -> None:
    """Leave nothing of identities that are nobody's any more.

    A group goes on being told; a chat with the bot has the number of its user.
    """
    names = [str(identity) for identity in gone]
    chats = [int(x.subject) for x in gone if x.kind is IdentityKind.TELEGRAM]
    for column, which in (
        (subscriptions_table.c.place, names),
        (confirmations_table.c.identity, names),
        (conversations_table.c.identity, names),
        (followed_jobs_table.c.chat, chats),
    ):
        connection.execute(delete(column.table).where(column.in_(which)))


def _identities(connection: Connection) -> dict[int, Sequence[Identity]]:
    known = identities_table.c
    query = select(known.person, known.kind, known.subject).order_by(
        known.kind, known.subject
    )
    found: dict[int, list[Identity]] = {}
    for person, kind, subject in connection.execute(query):
        found.setdefault(person, []).append(Identity(IdentityKind(kind), subject))
    return dict(found)


def _unknown(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"there is no {name!r} among the people, or they were revoked",
        step="see `shardline people list`",
    )
