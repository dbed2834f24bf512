"""`people`: who may do what, and `audit`: who did."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field
from sqlalchemy import Connection

from pipelines.operations.access.people import (
    Person,
    change_role,
    find_person,
    list_people,
    revoke,
)
from pipelines.operations.access.roles import Capability, Role
from pipelines.operations.arguments import (
    Arguments,
    Count,
    Day,
    Name,
    NoArguments,
    Written,
    is_name,
)
from pipelines.operations.audit.listing import AuditEntry, AuditFilter, list_audit
from pipelines.operations.invitations import invite
from pipelines.operations.verb import Answer, Change, Context, Look, Plan

MOMENT_FORMAT = "%Y-%m-%d %H:%M UTC"

SHELL_ARGUMENT = ""
"""Stands alone in the shell, too."""


def is_role(word: str) -> bool:
    """Whether a word is a role."""
    return word in {role.value for role in Role}


PersonName = Annotated[Name, Written("NAME", is_name, (), SHELL_ARGUMENT)]


class InviteArguments(Arguments):
    """Who is invited, as what, until when."""

    name: PersonName = Field(description="What the person is to be called.")
    role: Annotated[Role, Written("ROLE", is_role)] = Field(
        description="What NAME is to be."
    )
    hours: Count = Field(
        default=24, le=24 * 7, description="For how long the code is valid."
    )


class RoleArguments(Arguments):
    """Who becomes what."""

    name: PersonName = Field(description="Whose role.")
    role: Annotated[Role, Written("ROLE", is_role, (), SHELL_ARGUMENT)] = Field(
        description="What NAME is to be."
    )


class PersonArguments(Arguments):
    """Who."""

    name: PersonName = Field(description="Who.")


class AuditArguments(Arguments):
    """Which wishes."""

    last: Count = Field(
        default=20, le=10_000, description="How many are listed, at most."
    )
    before: Count | None = Field(
        default=None, description="Only those before this one, for the next page."
    )
    who: Name | None = Field(
        default=None,
        description="Of a person, by name, or by an identity such as shell:root of"
        " whoever has none.",
    )
    verb: Name | None = Field(
        default=None, description="Of one verb, such as backfill."
    )
    refused: bool = Field(default=False, description="Only what was refused.")
    day: Annotated[Day, Written("DAY")] | None = Field(
        default=None, description="Of one day, in UTC."
    )


def person_state(person: Person) -> str:
    """Whether a person may do something."""
    if person.revoked:
        return "revoked"
    if person.identities:
        return "active"
    return "invited" if person.invited_until else "not accepted"


def _state_and_moment(person: Person) -> str:
    moments = {"revoked": person.revoked, "invited": person.invited_until}
    state = person_state(person)
    if (moment := moments.get(state)) is None:
        return state
    until = " until" if state == "invited" else ""
    return f"{state}{until} {moment:{MOMENT_FORMAT}}"


def _person_fields(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "role": person.role.value,
        "state": person_state(person),
        "identities": [str(identity) for identity in person.identities],
        "invited_until": _moment(person.invited_until),
        "revoked": _moment(person.revoked),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _list(context: Context, _: NoArguments) -> Answer:
    found = list_people(context.engine)
    return Answer(
        heads=("name", "role", "state", "identities"),
        rows=[
            (one.name, one.role.value, _state_and_moment(one), _identities(one))
            for one in found
        ],
        data=[_person_fields(person) for person in found],
        is_private=True,
    )


def _identities(person: Person) -> str:
    return ", ".join(map(str, person.identities))


def _invite(
    connection: Connection, _context: Context, arguments: InviteArguments
) -> Answer:
    valid, name, role = timedelta(hours=arguments.hours), arguments.name, arguments.role
    made = invite(connection, name, role, valid)
    link = f"https://t.me/BOT?start={made.code} with the bot's name for BOT"
    return Answer(
        lines=(
            f"{name} is invited as {role}, once, until {made.expires:{MOMENT_FORMAT}}",
            f"code: {made.code}",
            f"in Telegram: {link}",
        ),
        data={
            "name": name,
            "role": role.value,
            "code": made.code,
            "expires": made.expires.isoformat(),
        },
        is_private=True,
    )


def _role(
    connection: Connection, _context: Context, arguments: RoleArguments
) -> Answer:
    change_role(connection, arguments.name, arguments.role)
    told = f"{arguments.name} is {arguments.role} now"
    return Answer((told,), data={"name": arguments.name, "role": arguments.role.value})


def _revoke(
    connection: Connection, _context: Context, arguments: PersonArguments
) -> Answer:
    revoke(connection, arguments.name)
    told = f"{arguments.name} may do nothing from now on"
    return Answer((told,), data={"name": arguments.name, "state": "revoked"})


def _revocation(context: Context, arguments: PersonArguments) -> Plan:
    person = find_person(context.engine, arguments.name)
    known = _identities(person) or "no identity"
    return Plan((f"{person.name}, {person.role}, would lose {known}",))


def entry_state(entry: AuditEntry) -> str:
    """How a wish ended."""
    state = entry.ending or ("no end told" if entry.allowed else "refused")
    return f"{state}: {entry.detail}" if entry.detail else state


def entry_cells(entry: AuditEntry) -> tuple[str, ...]:
    """Number, time, who, place, wish, state, plan."""
    same = entry.who == entry.identity
    who = entry.who if same else f"{entry.who} ({entry.identity})"
    return (
        *(f"#{entry.number}", f"{entry.moment:%Y-%m-%d %H:%M:%S}", who, entry.place),
        *(f"{entry.verb} {entry.arguments}".strip(), entry_state(entry), entry.plan),
    )


def _entry_fields(entry: AuditEntry) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(entry).items()
    }


def _audit(context: Context, arguments: AuditArguments) -> Answer:
    which = AuditFilter(
        *(arguments.who, arguments.verb, arguments.refused, arguments.day),
        before=arguments.before,
    )
    found = list_audit(context.engine, which, arguments.last)
    return Answer(
        heads=("wish", "when", "who", "place", "what", "how it ended", "plan"),
        rows=[entry_cells(entry) for entry in found],
        data=[_entry_fields(entry) for entry in found],
        is_private=True,
    )


PEOPLE_LIST = Look(
    name="people list",
    summary="List the people: name, role, state and identities.",
    capability=Capability.MANAGE,
    arguments=NoArguments,
    aliases=("people",),
    run=_list,
)

PEOPLE_INVITE = Change(
    name="people invite",
    summary="Invite a person, by a code that makes one identity theirs, once.",
    capability=Capability.MANAGE,
    arguments=InviteArguments,
    example="'Anna Ivanova' operator",
    aliases=("invite",),
    run=_invite,
)

PEOPLE_ROLE = Change(
    name="people role",
    summary="Give a person another role, from the next wish on.",
    capability=Capability.MANAGE,
    arguments=RoleArguments,
    example="Boris operator",
    run=_role,
)

PEOPLE_REVOKE = Change(
    name="people revoke",
    summary="Have a person do nothing any more, from now on.",
    capability=Capability.MANAGE,
    arguments=PersonArguments,
    example="Boris",
    asks=lambda _: True,
    plan=_revocation,
    run=_revoke,
)

AUDIT = Look(
    name="audit",
    summary="List who wished what, from where, with which plan, and how it ended.",
    capability=Capability.MANAGE,
    arguments=AuditArguments,
    example="refused",
    run=_audit,
)
