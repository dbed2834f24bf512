"""`shardline incidents`: what failed for one reason, and what people do about it."""

from __future__ import annotations

import click

from pipelines.commands.verb_commands import verb_command
from pipelines.operations import (
    INCIDENTS_ACKNOWLEDGE,
    INCIDENTS_CLOSE,
    INCIDENTS_LIST,
    INCIDENTS_MUTE,
    INCIDENTS_UNMUTE,
)

LIST_HELP = """List the incidents that are open: number, state, since when, what, why.

    \b
    Examples:
      shardline incidents list
      shardline incidents list --all
      shardline incidents list --json | jq '.[] | select(.partitions > 10) | .number'

    An incident is `new` until a channel has taken it, then `open`, and `closed` when
    the markers of all that failed exist. Behind that stands who has acknowledged it,
    and until when who has muted it.

    \b
    Exit codes:
       0  they are listed, if there are any
       2  wrong usage or configuration
      30  the ETL database cannot be read
    """

CLOSE_HELP = """Close incident NUMBER by hand: nothing more is told of it.

    For what no marker will ever end, such as a shard that is in the catalog no more.

    \b
    Example:
      shardline incidents close 12

    \b
    Exit codes:
       0  it is closed
       2  wrong usage or configuration, or no incident with that number is open
      30  the ETL database cannot be used
    """

ACKNOWLEDGE_HELP = """Tell the others that you see to incident NUMBER.

    Its message, `shardline incidents list`, the status and `shardline why` say who does
    and since when. The first name stays.

    \b
    Example:
      shardline incidents acknowledge 12

    \b
    Exit codes:
       0  it is acknowledged
       2  wrong usage or configuration, no incident with that number is open, or
          somebody has acknowledged it
      30  the ETL database cannot be used
    """

MUTE_HELP = """Have nothing new told of incident NUMBER until some time.

    Also nothing of the same failure of the nights until then. If the incident is still
    open when the time has come, it is told anew, by a message that wakes somebody. The
    time is one to come on this machine's clock, a span, or a moment with its day; at
    most 31 days from now. Muted again, it is until the new time.

    \b
    Examples:
      shardline incidents mute 12 --until 09:00
      shardline incidents mute 12 --until 2h
      shardline incidents mute 12 --until 2026-12-24T09:00+03:00

    \b
    Exit codes:
       0  it is muted
       2  wrong usage or configuration, no such time, or no incident with that number
          is open
      30  the ETL database cannot be used
    """

UNMUTE_HELP = """Have incident NUMBER told again, before its time.

    \b
    Example:
      shardline incidents unmute 12

    \b
    Exit codes:
       0  it is not muted any more
       2  wrong usage or configuration, or no incident with that number is open and
          muted
      30  the ETL database cannot be used
    """


@click.group()
def incidents() -> None:
    """What failed for one reason: list, acknowledge, mute and close it."""


list_command = verb_command(INCIDENTS_LIST, "list", LIST_HELP)
close_command = verb_command(INCIDENTS_CLOSE, "close", CLOSE_HELP)

incidents.add_command(list_command)
incidents.add_command(
    verb_command(INCIDENTS_ACKNOWLEDGE, "acknowledge", ACKNOWLEDGE_HELP)
)
incidents.add_command(verb_command(INCIDENTS_MUTE, "mute", MUTE_HELP))
incidents.add_command(verb_command(INCIDENTS_UNMUTE, "unmute", UNMUTE_HELP))
incidents.add_command(close_command)
