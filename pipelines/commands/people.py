"""`shardline people`: who may do what, from the chat and from the page."""

from __future__ import annotations

import click

from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.commands.verb_commands import verb_command
from pipelines.config import read_session_options
from pipelines.etl_db import etl_engine
from pipelines.operations import (
    PEOPLE_INVITE,
    PEOPLE_LIST,
    PEOPLE_REVOKE,
    PEOPLE_ROLE,
    list_people,
)
from pipelines.runtime import print_json, say

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


@click.group()
def people() -> None:
    """Who may do what from the chat and the page: people, roles, invitations."""


people.add_command(verb_command(PEOPLE_LIST, "list", LIST_HELP))
people.add_command(verb_command(PEOPLE_INVITE, "invite", INVITE_HELP))
people.add_command(verb_command(PEOPLE_ROLE, "role", ROLE_HELP))
people.add_command(verb_command(PEOPLE_REVOKE, "revoke", REVOKE_HELP))


@people.command(cls=AlsoOnEcs, help=IDENTITIES_HELP)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
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
