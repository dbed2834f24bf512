"""People, as the tests of the operations need them."""

from __future__ import annotations

from sqlalchemy import Engine

from pipelines.operations import Caller, Identity, IdentityKind, Role, accept, invite

CHAT = "chat:-100123"


def telegram(number: int) -> Identity:
    """A user of Telegram's."""
    return Identity(IdentityKind.TELEGRAM, str(number))


def invited(engine: Engine, name: str, role: Role = Role.OPERATOR) -> str:
    """Invite a person; the code."""
    with engine.begin() as connection:
        return invite(connection, name, role).code


def somebody(
    engine: Engine, name: str, number: int, role: Role = Role.OPERATOR
) -> Caller:
    """A person who has accepted an invitation."""
    return accept(engine, invited(engine, name, role), telegram(number), CHAT)
