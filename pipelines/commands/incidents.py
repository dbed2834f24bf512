"""`shardline incidents`: what failed for one reason, and what people do about it."""

from __future__ import annotations

import shlex

import click

from pipelines.commands.as_job import AlsoAsJob
from pipelines.commands.verb_commands import shell_context, verb_command
from pipelines.commands.verb_options import verb_options
from pipelines.operations import (
    INCIDENTS_ACKNOWLEDGE,
    INCIDENTS_CLOSE,
    INCIDENTS_LIST,
    INCIDENTS_MUTE,
    INCIDENTS_RERUN,
    INCIDENTS_SHOW,
    INCIDENTS_UNMUTE,
    IncidentArguments,
    rerun_words,
)
from pipelines.runtime import say

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

SHOW_HELP = """Show what failed of incident NUMBER, why, and what comes next.

    Since when, what people have done, how often it was tried, what of it is lacking
    still, the jobs that may bring that, and how the last attempts ended.

    \b
    Examples:
      shardline incidents show 12
      shardline incidents show 12 --json | jq '.lacking | length'

    \b
    Exit codes:
       0  it is shown; a warning says so if the warehouse does not tell what is lacking
       2  wrong usage or configuration, or there is no incident with that number
      30  the ETL database cannot be read
    """

RERUN_HELP = """Load again what incident NUMBER lacks, by `backfill` or `refresh`.

    That command is told first. It takes all days and shards between the first and the
    last that are lacking; what of these is there is left alone. Days that were to be
    replaced are compared with their shards, and replaced where they differ.

    \b
    Examples:
      shardline incidents rerun 12
      shardline incidents rerun 12 --on job

    \b
    Exit codes:
       0  it is loaded, or a job is queued
       2  wrong usage or configuration, no incident with that number is open, or it is
          about no days that could be loaded
      10  what is missing is being loaded by another run
      20  a day is not over yet in some shard's time zone
      25  luigid keeps something for another run, or did not let it run
      30  something failed
      35  something could not be scheduled
      40  something failed of which those on call may not know
     130  interrupted
     143  told to end by SIGTERM
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
    time is one to come on this machine's clock, `morning`, which is 09:00, a span, or a
    moment with its day; at most 31 days from now. Muted again, it is until the new
    time.

    \b
    Examples:
      shardline incidents mute 12 --until morning
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
    """What failed for one reason: list, show, rerun, acknowledge, mute, close it."""


@incidents.command(
    "rerun",
    cls=AlsoAsJob,
    verb=INCIDENTS_RERUN,
    help=RERUN_HELP,
    short_help=INCIDENTS_RERUN.summary,
)
@verb_options(IncidentArguments)
@click.pass_context
def rerun_command(context: click.Context, arguments: IncidentArguments) -> None:
    """Call the ordinary command that brings what is lacking."""
    words = rerun_words(shell_context(), arguments.number)
    say(shlex.join(["shardline", *words]))
    shell = context.find_root()
    if isinstance(shell.command, click.Group):  # which has all commands
        name, command, rest = shell.command.resolve_command(shell, words)
        if command is not None:
            with command.make_context(name, rest, parent=shell) as called:
                command.invoke(called)


list_command = verb_command(INCIDENTS_LIST, "list", LIST_HELP)
close_command = verb_command(INCIDENTS_CLOSE, "close", CLOSE_HELP)

incidents.add_command(list_command)
incidents.add_command(verb_command(INCIDENTS_SHOW, "show", SHOW_HELP))
incidents.add_command(
    verb_command(INCIDENTS_ACKNOWLEDGE, "acknowledge", ACKNOWLEDGE_HELP)
)
incidents.add_command(verb_command(INCIDENTS_MUTE, "mute", MUTE_HELP))
incidents.add_command(verb_command(INCIDENTS_UNMUTE, "unmute", UNMUTE_HELP))
incidents.add_command(close_command)
