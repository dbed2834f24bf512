"""`shardline help`: what may be wished from a chat or the page."""

from __future__ import annotations

from pipelines.commands.verb_commands import verb_command
from pipelines.operations import HELP_VERB

HELP = """Tell what people may wish in a chat or on the page; of a VERB, all there is.

    These are the words that a chat takes; `shardline COMMAND --help` tells those of the
    shell.

    \b
    Examples:
      shardline help
      shardline help backfill

    \b
    Exit codes:
       0  it is shown
       2  wrong usage, or there is no such verb
    """

help_command = verb_command(HELP_VERB, "help", HELP)
