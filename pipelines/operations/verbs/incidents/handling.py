"""`incidents`: what failed for one reason, and what people do about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection

from pipelines.alerts import (
    MINUTE_FORMAT,
    SHARDS_NAMED,
    Incident,
    Lease,
    Notice,
    Recovery,
    acknowledge_incident,
    close_incident,
    delete_old_alerts,
    end_mutes,
    group_alerts,
    handling_facts,
    incident_extent,
    incident_notice,
    list_incidents,
    mute_incident,
    unmute_incident,
)
from pipelines.errors import ConfigurationError, ShardlineError
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments, Moment, Number
from pipelines.operations.verb import Answer, Change, Context, Look, Plan

GROUPING = 60.0
"""Seconds that another sender waits if this dies while it groups failures."""

CHANGED = "its message says so as soon as a sender of alerts sees it"


class IncidentsArguments(Arguments):
    """Which incidents."""

    all: bool = Field(default=False, description="Those that have ended, too.")


class IncidentArguments(Arguments):
    """Which incident."""

    number: Number = Field(description="The incident's number.")


class MuteArguments(Arguments):
    """Which incident, until when."""

    number: Number = Field(description="The incident's number.")
    until: Moment = Field(
        description="Until when nothing new is told of it: 09:00, 2h, or"
        " 2026-12-24T09:00, in the time zone of the machine that is asked."
    )


def incident_state(incident: Incident) -> str:
    """Whether somebody was told of it, or it is over."""
    if incident.closed:
        return "closed"
    return "new" if incident.shown is None else "open"


def incident_line(incident: Incident, notice: Notice) -> tuple[str, ...]:
    """Number, state with what was done about it, since when, what, why."""
    done = [] if incident.closed else handling_facts(incident)
    state = ", ".join([incident_state(incident), *done])
    opened = f"{incident.opened:{MINUTE_FORMAT}}"
    return f"#{incident.number}", state, opened, notice.headline, notice.cause


def _list(context: Context, arguments: IncidentsArguments) -> Answer:
    unknown = list(_bring_up_to_date(context))
    found = list_incidents(context.engine, also_closed=arguments.all)
    shown = [(one, _notice(context, one)) for one in found]
    return Answer(
        heads=("incident", "state", "since", "what", "why"),
        rows=[incident_line(*each) for each in shown],
        data=[_fields(*each) for each in shown],
        warnings=tuple(unknown),
    )


def _bring_up_to_date(context: Context) -> Iterator[str]:
    """Do what a sender does before it sends, unless one is at work.

    Yields:
        Why it is not known which have ended, if it is not.
    """
    lease = Lease(context.engine, GROUPING)
    if not lease.take():
        return
    try:
        recovery = Recovery(lease, context.settings())
        group_alerts(lease, recovery.mended)
        delete_old_alerts(lease)
        recovery.close_recovered()
        end_mutes(lease)
        if recovery.unknown:
            yield f"some may have ended since: {recovery.unknown}"
    except ShardlineError as error:
        yield f"some may have ended since: {error}"
    finally:
        lease.release()


def _notice(context: Context, incident: Incident) -> Notice:
    extent = incident_extent(context.engine, incident.number, SHARDS_NAMED)
    return incident_notice(incident, extent, len(context.settings().catalog.shards))


def _fields(incident: Incident, notice: Notice) -> dict[str, object]:
    return {
        "number": incident.number,
        "state": incident_state(incident),
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
        "headline": notice.headline,
        "cause": notice.cause,
        "facts": list(notice.facts),
        "step": incident.step,
        "shown_on": sorted(incident.receipts),
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


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


INCIDENTS_LIST = Look(
    name="incidents list",
    summary="List the incidents that are open: state, since when, what, why.",
    capability=Capability.LOOK,
    arguments=IncidentsArguments,
    example="all",
    aliases=("incidents",),
    run=_list,
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
    example="17 until 09:00",
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
