"""Invitations: a code by which somebody makes an identity known, once and in time.

The database has the code's digest only, so who reads it there cannot use it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, false, func, insert, select, update

from pipelines.errors import ConfigurationError, PermanentError
from pipelines.etl_db import (
    as_utc,
    audit_table,
    database_time,
    etl_db_errors,
    identities_table,
    insert_new,
    invitations_table,
    people_table,
)
from pipelines.operations.access.callers import Caller
from pipelines.operations.access.identities import Identity, IdentityKind
from pipelines.operations.access.people import check_name
from pipelines.operations.access.roles import Role
from pipelines.operations.audit.records import (
    Ending,
    Wish,
    record_end,
    record_refusal,
    record_wish,
)

VALID = timedelta(hours=24)
"""How long an invitation is valid, unless someone says otherwise."""

CODE_OCTETS = 24
"""192 random bits, which are 32 characters that a link may have."""

ACCEPT = "accept an invitation"
"""What the audit calls it."""

TRIES = 5
"""How many codes an identity may try in vain within `TRIES_IN`."""

TRIES_IN = timedelta(hours=1)

UNUSABLE = "the invitations cannot be used"


class InvitationRefusedError(PermanentError):
    """The code is not valid, and nobody is told why."""


@dataclass(frozen=True)
class Invitation:
    """What a person is given; the code is nowhere else.

    Attributes:
        code: What they must send.
        expires: Until when.
    """

    code: str = field(repr=False)
    expires: datetime


def invite(
    connection: Connection, name: str, role: Role, valid: timedelta = VALID
) -> Invitation:
    """Invite a person who is new or was revoked, or one to a further identity.

    Args:
        connection: With an open transaction.
        name: What the person is to be called.
        role: What they are to be.
        valid: How long.

    Raises:
        ConfigurationError: It is no name, or is that of somebody with another role.
    """
    check_name(name)
    engine = connection.engine
    person = _person(connection, name, role)
    code = secrets.token_urlsafe(CODE_OCTETS)
    new = (
        insert(invitations_table)
        .values(
            digest=_digest(code), person=person, expires=database_time(engine, valid)
        )
        .returning(invitations_table.c.expires)
    )
    return Invitation(code, as_utc(connection.scalars(new).one()))


def accept(engine: Engine, code: str, identity: Identity, place: str) -> Caller:
    """Make an identity known by a code; the code is used then.

    Args:
        engine: The ETL database.
        code: As it was sent.
        identity: Of whoever has sent it, as the way in vouches for it.
        place: Where it was sent.

    Returns:
        The person.

    Raises:
        InvitationRefusedError: The code is wrong, used or expired, the identity is
            somebody's already, or it has tried too often.
        ShardlineError: The ETL database cannot be used.
    """
    if identity.kind is IdentityKind.SHELL:
        raise ConfigurationError("who has a shell needs no invitation")
    if identity.kind is IdentityKind.CHAT:
        raise ConfigurationError("a chat is nobody", step="write under your own name")
    if _failed_tries(engine, identity) >= TRIES:
        # Without a row, or whoever goes on would fill the audit.
        raise InvitationRefusedError(
            "too many codes were tried in vain", step="wait for an hour"
        )
    try:
        with etl_db_errors(UNUSABLE), engine.begin() as connection:
            caller = _take(connection, code, identity)
            number = record_wish(connection, Wish(caller, place, ACCEPT))
            record_end(connection, number, Ending.DONE, f"as {caller.role}")
    except InvitationRefusedError as error:
        wish = Wish(Caller(identity, None, None), place, ACCEPT)
        record_refusal(engine, wish, error.cause)
        raise
    return caller


def _person(connection: Connection, name: str, role: Role) -> int:
    """The number of a person who has that role from now on; their row is locked.

    Raises:
        ConfigurationError: It is somebody's name who has another role.
    """
    people, now = people_table.c, database_time(connection.engine)
    values = {"name": name, "role": role.value, "changed": now}
    connection.execute(insert_new(connection.engine, people_table).values(values))
    fits = people.revoked.is_not(None) | (people.role == role.value)
    taken = (
        update(people_table)
        .where(people.name == name, fits)
        .values(role=role.value, changed=now, revoked=None)
        .returning(people.number)
    )
    number: int | None = connection.scalars(taken).one_or_none()
    if number is None:
        raise ConfigurationError(
            f"{name!r} is one of the people, with another role",
            step=f"give that role, or first `shardline people role {name!r} {role}`",
        )
    return number


def _take(connection: Connection, code: str, identity: Identity) -> Caller:
    """Use a code up for an identity, in an open transaction.

    Raises:
        InvitationRefusedError: It is not to be had; the transaction must be undone.
    """
    person = _lock_invited(connection, code)
    new = insert_new(connection.engine, identities_table).values(
        kind=identity.kind.value,
        subject=identity.subject,
        person=person.number,
        added=database_time(connection.engine),
    )
    added = new.returning(identities_table.c.person)
    if connection.scalars(added).one_or_none() is None:
        raise _refused()
    return Caller(identity, person.name, Role(person.role))


@dataclass(frozen=True)
class _Invited:
    number: int
    name: str
    role: str


def _lock_invited(connection: Connection, code: str) -> _Invited:
    """Whom a code is for, their row locked first, as by `revoke`; then use it up."""
    people, offers = people_table.c, invitations_table.c
    now, digest = database_time(connection.engine), _digest(code)
    invited = select(offers.person).where(offers.digest == digest).scalar_subquery()
    locked = (
        update(people_table)
        .where(people.number == invited, people.revoked.is_(None))
        .values(changed=now)
        .returning(people.number, people.name, people.role)
    )
    row = connection.execute(locked).one_or_none()
    used = (
        update(invitations_table)
        .where(offers.digest == digest, offers.used.is_(None), offers.expires > now)
        .values(used=now)
        .returning(offers.person)
    )
    if row is None or connection.scalars(used).one_or_none() != row.number:
        raise _refused()
    return _Invited(row.number, row.name, row.role)


def _refused() -> InvitationRefusedError:
    return InvitationRefusedError(
        "this invitation is not valid", step="ask whoever invites for a new one"
    )


def _failed_tries(engine: Engine, identity: Identity) -> int:
    """How many codes an identity has tried in vain lately."""
    audit = audit_table.c
    query = select(func.count()).where(
        audit.verb == ACCEPT,
        audit.moment > database_time(engine, -TRIES_IN),
        audit.identity == str(identity),
        audit.allowed == false(),
    )
    with etl_db_errors(UNUSABLE), engine.connect() as connection:
        return connection.scalar(query) or 0


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
