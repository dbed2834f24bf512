"""`shardline alerts`: send what is in the outbox, show what is open."""

from __future__ import annotations

import sys
import threading
import time

import click
from sqlalchemy import Engine

from pipelines.alerts import (
    LeaseLostError,
    ScheduledWork,
    Sender,
    append_alerts,
    container_alerts,
    end_of_run,
    open_channels,
    release_alerts,
)
from pipelines.commands.incidents import close_command, list_command
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.config import Settings, read_settings
from pipelines.errors import ConfigurationError
from pipelines.etl_db import etl_engine
from pipelines.runtime import ExitCode

SEND_HELP = """Send the failures in the outbox, as incidents, to the [alerts] channels.

    Goes on until it is stopped. A run does the same for itself; this is for whoever
    wants a recovery told while no run goes on. There is one sender at a time, and no
    harm in starting several.

    \b
    Examples:
      shardline alerts send
      shardline alerts send --once

    \b
    Exit codes:
       0  all is sent, or the command was stopped
       2  wrong usage or configuration, such as no channel
      10  another sender is at work
      30  something could not be sent; it stays in the outbox
    """

TELL_HELP = """Tell of what nobody in a run could tell, and send it.

    The stack on Fargate starts this when a container dies without a word, or a
    scheduled run never came: so that goes the way of all incidents. With --for, the
    incident is over when all of the last day that is over is there.

    \b
    Examples:
      shardline alerts tell 'OutOfMemoryError: exit code 137' --for loads
      shardline alerts tell 'the backup of Vertica did not end'

    \b
    Exit codes:
       0  it is in the outbox, and sent if there are channels
       2  wrong usage or configuration
      10  it is in the outbox; another sender is at work
      30  it could not be written, or not be sent yet
    """


@click.group()
def alerts() -> None:
    """Failures that were grouped into incidents: send them, list them."""


@alerts.command(cls=AlsoOnEcs, help=SEND_HELP)
@click.option("--once", is_flag=True, help="Send what there is now, and end.")
@click.option(
    "--follow",
    is_flag=True,
    help="Go on until standard input ends, then send what is left: as a run does it.",
)
@click.option(
    "--run",
    type=int,
    metavar="NUMBER",
    help="With --follow, whose failures wait for another attempt until it ends.",
)
def send(once: bool, follow: bool, run: int | None) -> None:
    """Send what is in the outbox."""
    options = read_settings()
    if not options.alerts.channels:
        raise ConfigurationError(
            "[alerts] channels names no channel",
            step="name one, or see `shardline incidents list`",
        )
    engine = etl_engine(options.sessions.database)
    sender = _sender(options, engine)
    try:
        if not once:
            sender.follow(end_of_run() if follow else threading.Event())
        if run is not None:
            release_alerts(engine, run)
        sys.exit(_drain(sender, options.alerts.patience))
    except KeyboardInterrupt:
        sender.lease.release()


def _sender(options: Settings, engine: Engine) -> Sender:
    channels = open_channels(options.alerts.channels, options.connections)
    return Sender(options, engine, channels)


def _drain(sender: Sender, patience: float) -> ExitCode:
    try:
        is_sent = sender.drain(time.monotonic() + patience)
    except LeaseLostError:
        return ExitCode.ALREADY_RUNNING
    return ExitCode.COMPLETE if is_sent else ExitCode.FAILED


@alerts.command(help=TELL_HELP)
@click.argument("cause")
@click.option(
    "--for",
    "what",
    type=click.Choice(["loads", "reports"]),
    help="What did not come of it.",
)
def tell(cause: str, what: ScheduledWork | None) -> None:
    """Write something to the outbox, and send it."""
    if not cause.strip():
        raise click.UsageError("CAUSE is empty", click.get_current_context())
    options = read_settings()
    engine = etl_engine(options.sessions.database)
    append_alerts(engine, container_alerts(cause, what, options))
    if options.alerts.channels:
        sys.exit(_drain(_sender(options, engine), options.alerts.patience))


alerts.add_command(list_command)
alerts.add_command(close_command)
