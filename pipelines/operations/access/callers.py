"""Who wishes something, and what that person may do now."""

from __future__ import annotations

import os
import pwd
import socket
from dataclasses import dataclass

from sqlalchemy import Engine, select

from pipelines.etl_db import etl_db_errors, identities_table, people_table
from pipelines.operations.access.identities import Identity, IdentityKind
from pipelines.operations.access.roles import ALLOWED, Capability, Role


@dataclass(frozen=True)
class Caller:
    """Somebody who has come in by one of the ways.

    Looked up anew for each wish, so that who was revoked can do nothing at once.

    Attributes:
        identity: As the way in has it.
        name: The person's; None for one without a row among the people.
        role: The person's; None for a stranger, and for one who was revoked.
    """

    identity: Identity
    name: str | None
    role: Role | None

    @property
    def who(self) -> str:
        """What the audit calls them: by name, or by identity if there is none.

        No name has a colon, and each identity has one.
        """
        return self.name or str(self.identity)

    def may(self, capability: Capability) -> bool:
        """Whether that is allowed to them."""
        return self.role in ALLOWED[capability]


def find_caller(engine: Engine, identity: Identity) -> Caller:
    """Who somebody is, and what they are now.

    Whoever has a shell and the secrets is admin: a table that says otherwise could be
    written to by them.

    Raises:
        ShardlineError: The ETL database cannot be read.
    """
    if identity.kind is IdentityKind.SHELL:
        return Caller(identity, None, Role.ADMIN)
    people, known = people_table.c, identities_table.c
    query = (
        select(people.name, people.role)
        .join_from(identities_table, people_table, known.person == people.number)
        .where(
            known.kind == identity.kind.value,
            known.subject == identity.subject,
            people.revoked.is_(None),
        )
    )
    with etl_db_errors("the people cannot be read"), engine.connect() as connection:
        found = connection.execute(query).one_or_none()
    if found is None:
        return Caller(identity, None, None)
    return Caller(identity, found.name, Role(found.role))


def shell_caller() -> Caller:
    """Whoever runs this process, by the operating system's word for it.

    Not by that of the environment, which may say anything.
    """
    user = os.getuid()
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:  # as in a container that runs as some number
        name = str(user)
    return Caller(Identity(IdentityKind.SHELL, name), None, Role.ADMIN)


def shell_place() -> str:
    """Where a command is run."""
    return f"terminal:{socket.gethostname()}"
