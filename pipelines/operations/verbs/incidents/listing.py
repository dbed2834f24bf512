"""`incidents list`: what failed for one reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import Field

from pipelines.alerts import (
    MINUTE_FORMAT,
    SHARDS_NAMED,
    Incident,
    Lease,
    Notice,
    Recovery,
    delete_old_alerts,
    end_mutes,
    group_alerts,
    handling_facts,
    incident_extent,
    incident_notice,
    list_incidents,
)
from pipelines.errors import ShardlineError
from pipelines.operations.access.roles import Capability
from pipelines.operations.arguments import Arguments
from pipelines.operations.verb import Answer, Context, Look

GROUPING = 60.0
"""Seconds that another sender waits if this dies while it groups failures."""


class IncidentsArguments(Arguments):
    """Which incidents."""

    all: bool = Field(default=False, description="Those that have ended, too.")


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
    shown = [(one, notice_of(context, one)) for one in found]
    return Answer(
        heads=("incident", "state", "since", "what", "why"),
        rows=[incident_line(*each) for each in shown],
        data=[incident_fields(*each) for each in shown],
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


def notice_of(context: Context, incident: Incident) -> Notice:
    """What its message says of an incident."""
    extent = incident_extent(context.engine, incident.number, SHARDS_NAMED)
    return incident_notice(incident, extent, len(context.settings().catalog.shards))


def incident_fields(incident: Incident, notice: Notice) -> dict[str, object]:
    """An incident for programs."""
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


INCIDENTS_LIST = Look(
    name="incidents list",
    summary="List the incidents that are open: state, since when, what, why.",
    capability=Capability.LOOK,
    arguments=IncidentsArguments,
    example="all",
    aliases=("incidents",),
    is_slow=True,  # it asks what is mended
    run=_list,
)
