"""What people do about an incident: acknowledge, mute, close it."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import Connection

from pipelines.alerts import (
    MINUTE_FORMAT,
    acknowledge_incident,
    close_incident,
    list_incidents,
    mute_incident,
    unmute_incident,
)
from pipelines.errors import ConfigurationError
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments, Moment, Number
from pipelines.operations.verb import Answer, Change, Context, Plan

CHANGED = "its message says so as soon as a sender of alerts sees it"


class IncidentArguments(Arguments):
    """Which incident."""

    number: Number = Field(description="The incident's number.")


class MuteArguments(Arguments):
    """Which incident, until when."""

    number: Number = Field(description="The incident's number.")
    until: Moment = Field(
        description="Until when nothing new is told of it: 09:00, morning, 2h, or"
        " 2026-12-24T09:00, in the time zone of the machine that is asked."
    )


def _acknowledge(
    connection: Connection, context: Context, arguments: IncidentArguments
) -> Answer:
    acknowledge_incident(connection, arguments.number, context.caller.who)
    told = f"incident #{arguments.number} is acknowledged by {context.caller.who}"
    return Answer((f"{told}; {CHANGED}",), data={"number": arguments.number})


def _mute(connection: Connection, context: Context, arguments: MuteArguments) -> Answer:
    until = arguments.until
    mute_incident(connection, arguments.number, context.caller.who, until)
    moment = f"{until:{MINUTE_FORMAT}} UTC"
    told = f"nothing new is told of incident #{arguments.number} until {moment}"
    return Answer(
        (f"{told}; {CHANGED}",),
        data={"number": arguments.number, "muted_until": until.isoformat()},
    )


def _unmute(
    connection: Connection, _context: Context, arguments: IncidentArguments
) -> Answer:
    unmute_incident(connection, arguments.number)
    told = f"incident #{arguments.number} is told again"
    return Answer((told,), data={"number": arguments.number})


def _close(
    connection: Connection, _context: Context, arguments: IncidentArguments
) -> Answer:
    close_incident(connection, arguments.number)
    told = f"incident #{arguments.number} is closed"
    return Answer((told,), data={"number": arguments.number})


def _closing(context: Context, arguments: IncidentArguments) -> Plan:
    for incident in list_incidents(context.engine, also_closed=False):
        if incident.number == arguments.number:
            since = f"{incident.opened:{MINUTE_FORMAT}} UTC"
            what = f"incident #{incident.number}, {incident.family} since {since}"
            return Plan((f"{what}: nothing more would be told of it",))
    raise ConfigurationError(
        f"no incident #{arguments.number} is open",
        step="see `shardline incidents list`",
    )


INCIDENTS_ACKNOWLEDGE = Change(
    name="incidents acknowledge",
    summary="Tell that you see to an incident.",
    capability=Capability.OPERATE,
    arguments=IncidentArguments,
    example="17",
    aliases=("acknowledge", "ack"),
    run=_acknowledge,
)

INCIDENTS_MUTE = Change(
    name="incidents mute",
    summary="Have nothing new told of an incident until some time.",
    capability=Capability.OPERATE,
    arguments=MuteArguments,
    example="17 until morning",
    aliases=("mute",),
    run=_mute,
)

INCIDENTS_UNMUTE = Change(
    name="incidents unmute",
    summary="Have a muted incident told again, before its time.",
    capability=Capability.OPERATE,
    arguments=IncidentArguments,
    example="17",
    aliases=("unmute",),
    run=_unmute,
)

INCIDENTS_CLOSE = Change(
    name="incidents close",
    summary="Close an incident by hand: nothing more is told of it.",
    capability=Capability.OPERATE,
    arguments=IncidentArguments,
    example="17",
    aliases=("close",),
    asks=lambda _: True,
    plan=_closing,
    run=_close,
)
