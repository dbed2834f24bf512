"""What can be done about an incident by the buttons of its message."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.alerts import Action, Incident
from pipelines.bot import texts
from pipelines.operations import (
    INCIDENTS_ACKNOWLEDGE,
    INCIDENTS_MUTE,
    INCIDENTS_RERUN,
    INCIDENTS_SHOW,
    INCIDENTS_UNMUTE,
    MORNING,
)


def incident_actions(incident: Incident) -> tuple[Action, ...]:
    """The buttons of an incident as it is: none if it is over.

    They are the same for all who see them, whatever each of them may wish: that is
    looked up when one is pressed.
    """
    return () if incident.closed else tuple(_actions(incident))


def _actions(incident: Incident) -> Iterator[Action]:
    number = incident.number
    yield Action(texts.WHAT_FAILED, f"{INCIDENTS_SHOW.name} {number}")
    yield Action(texts.RERUN, f"{INCIDENTS_RERUN.name} {number}")
    if not incident.acknowledged:
        yield Action(texts.ACKNOWLEDGE, f"{INCIDENTS_ACKNOWLEDGE.name} {number}")
    if incident.muted:
        yield Action(texts.UNMUTE, f"{INCIDENTS_UNMUTE.name} {number}")
    elif incident.may_be_muted:
        yield Action(texts.MUTE, f"{INCIDENTS_MUTE.name} {number} {MORNING}")
