"""`shardline people`: who may do what, from the chat and from the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from pipelines.commands.in_audit import wish_of_command
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.config import read_session_options
from pipelines.etl_db import etl_engine
from pipelines.operations import (
    Person,
    Role,
    audited_change,
    change_role,
    invite,
    list_people,
    revoke,
)
from pipelines.runtime import print_json, say

MOMENT_FORMAT = "%Y-%m-%d %H:%M UTC"

LIST_HELP = """List the people: name, role, state and identities.

    A person is `invited` until a code is accepted, then `active`, and `revoked` in the
    end; an invitation that nobody accepted in time is `not accepted`.

    \b
    Examples:
      shardline people list
      shardline people list --json | jq -r '.[] | select(.role == "admin") | .name'

    \b
    Exit codes:
       0  they are listed, if there are any
       2  wrong usage or configuration
      30  the ETL database cannot be read
    """

INVITE_HELP = """Invite NAME, and print a code that makes one identity theirs, once.

    Give it to the person by a way that nobody else reads: it is printed here and kept
    nowhere. Who is invited again gets a further identity, such as a second telephone
    or the page; who was revoked may come back by it. With --on ecs the code is in
    the task's log, too.

    \b
    Examples:
      shardline people invite 'Anna Ivanova' --role operator
      shardline people invite Boris --role viewer --hours 2
      shardline people invite Boris --role viewer --json | jq -r .code

    \b
    Roles:
      viewer    sees how things stand, and reports
      operator  a viewer who runs, backfills, acknowledges and mutes
      analyst   a viewer who asks the warehouse questions of their own
      admin     all of this, and who may do what

    \b
    Exit codes:
       0  the code is printed
       2  wrong usage or configuration, or NAME has another role
      30  the ETL database cannot be used
    """

ROLE_HELP = """Give NAME another role, from the next wish on.

    \b
    Example:
      shardline people role Boris operator

    \b
    Exit codes:
       0  that is the role now
       2  wrong usage or configuration, or nobody is called NAME
      30  the ETL database cannot be used
    """

REVOKE_HELP = """Have NAME do nothing any more, from now on.

    Identities and open invitations go; the audit keeps what was wished. Whoever has a
    shell and the secrets of the pipeline is admin there, and cannot be revoked here.

    \b
    Example:
      shardline people revoke Boris

    \b
    Exit codes:
       0  NAME may do nothing
       2  wrong usage or configuration, or nobody is called NAME
      30  the ETL database cannot be used
    """

IDENTITIES_HELP = """List the identities by which people are known, a line each.

    \b
    Examples:
      shardline people identities
      shardline people identities Boris --json

    \b
    Exit codes:
       0  they are listed, if there are any
       2  wrong usage or configuration
      30  the ETL database cannot be read
    """

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ROLE = click.Choice([role.value for role in Role])


@click.group()
def people() -> None:
    """Who may do what from the chat and the page: people, roles, invitations."""


@people.command("list", cls=AlsoOnEcs, help=LIST_HELP)
@json_option
def list_(as_json: bool) -> None:
    """List the people."""
    found = list_people(etl_engine(read_session_options().database))
    if as_json:
        print_json([_fields(person) for person in found])
        return
    for person in found:
        known = ", ".join(map(str, person.identities))
        say(person.name, person.role, _state_and_moment(person), known)


@people.command("invite", cls=AlsoOnEcs, help=INVITE_HELP)
@click.argument("name")
@click.option("--role", type=ROLE, required=True, help="What NAME is to be.")
@click.option(
    "--hours",
    type=click.IntRange(1, 24 * 7),
    default=24,
    show_default=True,
    help="For how long the code is valid.",
)
@json_option
def invite_(name: str, role: str, hours: int, as_json: bool) -> None:
    """Invite a person."""
    engine = etl_engine(read_session_options().database)
    with audited_change(engine, wish_of_command()) as connection:
        made = invite(connection, name, Role(role), timedelta(hours=hours))
    if as_json:
        until = made.expires.isoformat()
        print_json({"name": name, "role": role, "code": made.code, "expires": until})
        return
    say(f"{name} is invited as {role}, once, until {made.expires:{MOMENT_FORMAT}}")
    say(f"code: {made.code}")
    say(f"in Telegram: https://t.me/BOT?start={made.code} with the bot's name for BOT")


@people.command("role", cls=AlsoOnEcs, help=ROLE_HELP)
@click.argument("name")
@click.argument("role", type=ROLE)
def role_(name: str, role: str) -> None:
    """Give a person another role."""
    engine = etl_engine(read_session_options().database)
    with audited_change(engine, wish_of_command()) as connection:
        change_role(connection, name, Role(role))
    say(f"{name} is {role} now")


@people.command("revoke", cls=AlsoOnEcs, help=REVOKE_HELP)
@click.argument("name")
def revoke_(name: str) -> None:
    """Have a person do nothing any more."""
    engine = etl_engine(read_session_options().database)
    with audited_change(engine, wish_of_command()) as connection:
        revoke(connection, name)
    say(f"{name} may do nothing from now on")


@people.command(cls=AlsoOnEcs, help=IDENTITIES_HELP)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def identities(names: tuple[str, ...], as_json: bool) -> None:
    """List identities."""
    found = [
        (identity, person.name)
        for person in list_people(etl_engine(read_session_options().database))
        for identity in person.identities
        if not names or person.name in names
    ]
    if as_json:
        keys = ("kind", "subject", "person")
        rows = [(one.kind.value, one.subject, name) for one, name in found]
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    for identity, name in found:
        say(str(identity), name)


def _state(person: Person) -> str:
    if person.revoked:
        return "revoked"
    if person.identities:
        return "active"
    return "invited" if person.invited_until else "not accepted"


def _state_and_moment(person: Person) -> str:
    moments = {"revoked": person.revoked, "invited": person.invited_until}
    state = _state(person)
    if (moment := moments.get(state)) is None:
        return state
    until = " until" if state == "invited" else ""
    return f"{state}{until} {moment:{MOMENT_FORMAT}}"


def _fields(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "role": person.role.value,
        "state": _state(person),
        "identities": [str(identity) for identity in person.identities],
        "invited_until": _moment(person.invited_until),
        "revoked": _moment(person.revoked),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
