"""`shardline subscriptions`: what is told where, besides the configured chats."""

from __future__ import annotations

import click

from pipelines.commands.verb_commands import verb_command
from pipelines.operations import SUBSCRIBE, SUBSCRIPTIONS, UNSUBSCRIBE

LIST_HELP = """List the subscriptions: place, what is told there, who wished so, when.

    \b
    Examples:
      shardline subscriptions list
      shardline subscriptions list --place telegram:-1001234567890
      shardline subscriptions list --json | jq -r '.[].place' | sort -u

    \b
    Exit codes:
       0  they are listed, if there are any
       2  wrong usage or configuration, or no such place
      30  the ETL database cannot be read
    """

ADD_HELP = """Have incidents told at a place: of SUBJECT, a table or report, or of all.

    Besides the chats of the connection `telegram`, from the incident's next change on.
    The bot must be in the chat. A topic of a forum is named by its number.

    \b
    Examples:
      shardline subscriptions add orders --place telegram:-1001234567890
      shardline subscriptions add --place telegram:-1001234567890/5

    \b
    Exit codes:
       0  they are told there
       2  wrong usage or configuration, no such table or report, or no such place
      30  the ETL database cannot be used
    """

REMOVE_HELP = """Have incidents of SUBJECT, or of all, told at a place no more.

    \b
    Example:
      shardline subscriptions remove orders --place telegram:-1001234567890

    \b
    Exit codes:
       0  they are not told there any more
       2  wrong usage or configuration, or there is no such subscription
      30  the ETL database cannot be used
    """


@click.group()
def subscriptions() -> None:
    """What is told where, besides the configured chats: list, add, remove."""


subscriptions.add_command(verb_command(SUBSCRIPTIONS, "list", LIST_HELP))
subscriptions.add_command(verb_command(SUBSCRIBE, "add", ADD_HELP))
subscriptions.add_command(verb_command(UNSUBSCRIBE, "remove", REMOVE_HELP))
