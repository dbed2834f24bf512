"""`shardline alerts`: send what is in the outbox, show what is open."""

from __future__ import annotations

import sys
import threading
import time
from datetime import datetime

import click
from sqlalchemy import Engine

from pipelines.alerts import (
    MINUTE_FORMAT,
    SHARDS_NAMED,
    Incident,
    Lease,
    LeaseLostError,
    Notice,
    Recovery,
    ScheduledWork,
    Sender,
    append_alerts,
    close_incident,
    container_alerts,
    delete_old_alerts,
    end_mutes,
    end_of_run,
    group_alerts,
    handling_facts,
    incident_extent,
    incident_notice,
    list_incidents,
    open_channels,
    release_alerts,
)
from pipelines.commands.in_audit import wish_of_command
from pipelines.commands.on_ecs import AlsoOnEcs
from pipelines.config import Settings, read_settings
from pipelines.errors import ConfigurationError, ShardlineError
from pipelines.etl_db import etl_engine
from pipelines.operations import audited_change
from pipelines.runtime import ExitCode, print_json, say, warn

GROUPING = 60.0
"""Seconds that another sender waits if `list` dies while it groups failures."""

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

LIST_HELP = """List the incidents that are open: number, state, since when, what, why.

    \b
    Examples:
      shardline alerts list
      shardline alerts list --all
      shardline alerts list --json | jq '.[] | select(.partitions > 10) | .number'

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
      shardline alerts close 12

    \b
    Exit codes:
       0  it is closed
       2  wrong usage or configuration, or no incident with that number is open
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
            step="name one, or see `shardline alerts list`",
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
    options = read_settings()
    engine = etl_engine(options.sessions.database)
    append_alerts(engine, container_alerts(cause, what, options))
    if options.alerts.channels:
        sys.exit(_drain(_sender(options, engine), options.alerts.patience))


@alerts.command("list", cls=AlsoOnEcs, help=LIST_HELP)
@click.option("--all", "every", is_flag=True, help="Those that have ended, too.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON array.")
def list_(every: bool, as_json: bool) -> None:
    """List the incidents."""
    options = read_settings()
    engine = etl_engine(options.sessions.database)
    _bring_up_to_date(options, engine)
    found = list_incidents(engine, also_closed=every)
    shown = [(one, _notice(one, options, engine)) for one in found]
    if as_json:
        print_json([_fields(*each) for each in shown])
        return
    for incident, notice in shown:
        say(
            *(f"#{incident.number}", _state_in_words(incident)),
            *(f"{incident.opened:{MINUTE_FORMAT}}", notice.headline, notice.cause),
        )


@alerts.command(cls=AlsoOnEcs, help=CLOSE_HELP)
@click.argument("number", type=int)
def close(number: int) -> None:
    """Close an incident by hand."""
    sessions = read_settings(logins=False).sessions
    engine = etl_engine(sessions.database)
    with audited_change(engine, wish_of_command()) as connection:
        close_incident(connection, number)


def _bring_up_to_date(options: Settings, engine: Engine) -> None:
    """Do what a sender does before it sends, unless one is at work."""
    lease = Lease(engine, GROUPING)
    if not lease.take():
        return
    try:
        recovery = Recovery(lease, options)
        group_alerts(lease, recovery.mended)
        delete_old_alerts(lease)
        recovery.close_recovered()
        end_mutes(lease)
        if recovery.unknown:
            warn(f"some may have ended since: {recovery.unknown}")
    except ShardlineError as error:
        warn(f"some may have ended since: {error}")
    finally:
        lease.release()


def _notice(incident: Incident, options: Settings, engine: Engine) -> Notice:
    extent = incident_extent(engine, incident.number, SHARDS_NAMED)
    return incident_notice(incident, extent, len(options.catalog.shards))


def _state(incident: Incident) -> str:
    if incident.closed:
        return "closed"
    return "new" if incident.shown is None else "open"


def _state_in_words(incident: Incident) -> str:
    """The state, and what somebody has done about an incident that is not over."""
    done = [] if incident.closed else handling_facts(incident)
    return ", ".join([_state(incident), *done])


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _fields(incident: Incident, text: Notice) -> dict[str, object]:
    return {
        "number": incident.number,
        "state": _state(incident),
        "family": incident.family,
        "opened": incident.opened.isoformat(),
        "last_seen": incident.last_seen.isoformat(),
        "closed": _text(incident.closed),
        "acknowledged": _text(incident.acknowledged),
        "acknowledged_by": incident.acknowledged_by,
        "muted_until": _text(incident.muted_until),
        "muted_by": incident.muted_by,
        "nights": incident.nights,
        "partitions": incident.partitions,
        "headline": text.headline,
        "cause": text.cause,
        "facts": list(text.facts),
        "step": incident.step,
        "shown_on": sorted(incident.receipts),
    }
