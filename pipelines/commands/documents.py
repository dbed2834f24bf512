"""`shardline documents`: what was sent to the bot for publishing."""

from __future__ import annotations

import click

from pipelines.commands.verb_commands import verb_command
from pipelines.operations import DOCUMENTS_LIST, DOCUMENTS_REMOVE

LIST_HELP = """List the documents that were sent to the bot, newest first.

    \b
    Examples:
      shardline documents list
      shardline documents list --json | jq '.[].digest'

    \b
    Exit codes:
       0  they are listed, if there are any
       2  wrong usage or configuration
      30  the ETL database cannot be read
    """

REMOVE_HELP = """Remove document NUMBER, so that it is not published.

    The bot deletes its file within the hour, or when it starts.

    \b
    Example:
      shardline documents remove 7

    \b
    Exit codes:
       0  it is removed
       2  wrong usage or configuration, or there is no such document
      30  the ETL database cannot be used
    """


@click.group()
def documents() -> None:
    """What was sent to the bot, and is kept for publishing."""


documents.add_command(verb_command(DOCUMENTS_LIST, "list", LIST_HELP))
documents.add_command(verb_command(DOCUMENTS_REMOVE, "remove", REMOVE_HELP))
